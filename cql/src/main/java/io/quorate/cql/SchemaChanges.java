package io.quorate.cql;

import io.quorate.coordinator.Coordinator;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.CommitLogSync;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.cql.parser.QualifiedName;
import io.quorate.cql.parser.Statement;
import io.quorate.cql.system.SystemTables;
import io.quorate.environment.Clock;
import io.quorate.environment.Randomness;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ErrorDetails;
import io.quorate.protocol.Response;
import io.quorate.protocol.SchemaChange;
import io.quorate.protocol.SchemaChange.Change;
import io.quorate.protocol.SchemaChange.Target;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.InvalidTypeException;
import io.quorate.protocol.types.TypeParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Statements that change the schema, as changes of the cluster's metadata. A change that meets
 * another on its way is computed anew from what the other left. Stateless, safe for concurrent use.
 */
final class SchemaChanges {
  private static final int MAX_ATTEMPTS = 8;

  private final Coordinator coordinator;
  private final SystemTables system;
  private final Randomness random;
  private final Clock clock;

  SchemaChanges(Coordinator coordinator, SystemTables system, Randomness random, Clock clock) {
    this.coordinator = coordinator;
    this.system = system;
    this.random = random;
    this.clock = clock;
  }

  /** A change of the metadata with what the clients are told of it. */
  private record Planned(MetadataChange change, SchemaChange told) {}

  void run(
      Statement.SchemaStatement statement,
      Schema schema,
      long deadlineNanos,
      Consumer<Response> answer) {
    attempt(statement, schema, deadlineNanos, answer, 1);
  }

  private void attempt(
      Statement.SchemaStatement statement,
      Schema schema,
      long deadlineNanos,
      Consumer<Response> answer,
      int attempt) {
    Planned planned = plan(statement, schema);
    if (planned == null) {
      answer.accept(Response.VoidResult.INSTANCE);
      return;
    }
    coordinator.change(
        planned.change(),
        deadlineNanos,
        new Coordinator.Answer<ChangeOutcome>() {
          @Override
          public void succeeded(ChangeOutcome outcome) {
            switch (outcome) {
              case ChangeOutcome.Applied applied ->
                  answer.accept(new Response.SchemaChanged(planned.told()));
              case ChangeOutcome.Unchanged unchanged -> answer.accept(Response.VoidResult.INSTANCE);
              case ChangeOutcome.AlreadyExists exists ->
                  answer.accept(
                      new Response.Failure(
                          ErrorCode.ALREADY_EXISTS,
                          exists.message(),
                          new ErrorDetails.AlreadyExists(exists.keyspace(), exists.table())));
              case ChangeOutcome.Invalid invalid ->
                  answer.accept(new Response.Failure(ErrorCode.INVALID, invalid.message()));
              case ChangeOutcome.Conflict conflict -> again();
            }
          }

          private void again() {
            if (attempt == MAX_ATTEMPTS) {
              answer.accept(
                  new Response.Failure(
                      ErrorCode.SERVER_ERROR,
                      "The schema kept changing while this change was made; nothing was done"));
              return;
            }
            try {
              Schema newer = new Schema(coordinator.metadata(), system, schema.currentKeyspace());
              SchemaChanges.this.attempt(statement, newer, deadlineNanos, answer, attempt + 1);
            } catch (RequestException e) {
              answer.accept(e.response());
            }
          }

          @Override
          public void failed(RequestFailure failure) {
            answer.accept(Failures.response(failure));
          }
        });
  }

  /** The change; null where there is nothing to do. */
  private @Nullable Planned plan(Statement.SchemaStatement statement, Schema schema) {
    return switch (statement) {
      case Statement.CreateKeyspace create -> createKeyspace(create, schema);
      case Statement.AlterKeyspace alter -> alterKeyspace(alter, schema);
      case Statement.DropKeyspace drop -> {
        notSystem(drop.name());
        yield new Planned(
            new MetadataChange.DropKeyspace(drop.name(), drop.ifExists()),
            new SchemaChange(Change.DROPPED, Target.KEYSPACE, drop.name(), ""));
      }
      case Statement.CreateTable create -> createTable(create, schema);
      case Statement.AlterTable alter -> alterTable(alter, schema);
      case Statement.DropTable drop -> {
        String keyspace = keyspace(drop.table(), schema);
        yield new Planned(
            new MetadataChange.DropTable(keyspace, drop.table().name(), drop.ifExists()),
            new SchemaChange(Change.DROPPED, Target.TABLE, keyspace, drop.table().name()));
      }
      case Statement.CreateType create -> createType(create, schema);
      case Statement.AlterType alter -> alterType(alter, schema);
      case Statement.DropType drop -> {
        String keyspace = keyspace(drop.type(), schema);
        yield new Planned(
            new MetadataChange.DropType(keyspace, drop.type().name(), drop.ifExists()),
            new SchemaChange(Change.DROPPED, Target.TYPE, keyspace, drop.type().name()));
      }
    };
  }

  private void notSystem(String keyspace) {
    if (system.isSystem(keyspace)) {
      throw RequestException.invalid(keyspace + " keyspace is not user-modifiable.");
    }
  }

  private String keyspace(QualifiedName name, Schema schema) {
    String keyspace = schema.keyspaceOf(name);
    notSystem(keyspace);
    return keyspace;
  }

  // ---- keyspaces

  private Planned createKeyspace(Statement.CreateKeyspace create, Schema schema) {
    notSystem(create.name());
    checkName("Keyspace", create.name());
    KeyspaceOptions options = KeyspaceOptions.of(create.properties(), schema.metadata());
    if (options.replication() == null) {
      throw RequestException.config("Missing mandatory option 'replication'");
    }
    return new Planned(
        new MetadataChange.CreateKeyspace(
            new KeyspaceMetadata(
                create.name(),
                options.replication(),
                options.durableWrites() == null || options.durableWrites(),
                Objects.requireNonNullElse(options.commitLogSync(), CommitLogSync.DEFAULT)),
            create.ifNotExists()),
        new SchemaChange(Change.CREATED, Target.KEYSPACE, create.name(), ""));
  }

  private @Nullable Planned alterKeyspace(Statement.AlterKeyspace alter, Schema schema) {
    notSystem(alter.name());
    KeyspaceMetadata old = schema.metadata().keyspace(alter.name());
    if (old == null) {
      if (alter.ifExists()) {
        return null;
      }
      throw RequestException.invalid("Keyspace '" + alter.name() + "' doesn't exist");
    }
    KeyspaceOptions options = KeyspaceOptions.of(alter.properties(), schema.metadata());
    Replication replication = options.replication();
    return new Planned(
        new MetadataChange.AlterKeyspace(
            alter.name(),
            replication == null ? old.replication() : replication,
            options.durableWrites() == null ? old.durableWrites() : options.durableWrites(),
            Objects.requireNonNullElse(options.commitLogSync(), old.commitLogSync())),
        new SchemaChange(Change.UPDATED, Target.KEYSPACE, alter.name(), ""));
  }

  private static void checkName(String what, String name) {
    if (!name.matches("\\w{1,48}")) {
      throw RequestException.invalid(
          what
              + " name must not be empty, more than 48 characters long, or contain"
              + " non-alphanumeric-underscore characters (got \""
              + name
              + "\")");
    }
  }

  // ---- tables

  private Planned createTable(Statement.CreateTable create, Schema schema) {
    String keyspace = keyspace(create.table(), schema);
    checkName("Table", create.table().name());
    if (schema.metadata().keyspace(keyspace) == null) {
      throw RequestException.invalid("Keyspace '" + keyspace + "' doesn't exist");
    }
    if (create.compactStorage()) {
      throw RequestException.invalid(
          "Compact tables are not allowed in Cassandra starting with 4.0 version.");
    }
    TableOptions options = TableProperties.apply(create.properties(), TableOptions.DEFAULT);
    List<ColumnMetadata> columns = TableColumns.of(create, keyspace, schema.userTypes(keyspace));
    TableMetadata table =
        new TableMetadata(
            random.nextUuid(),
            keyspace,
            create.table().name(),
            columns,
            List.of(),
            columns.size(),
            options);
    return new Planned(
        new MetadataChange.CreateTable(table, create.ifNotExists()),
        new SchemaChange(Change.CREATED, Target.TABLE, keyspace, table.name()));
  }

  private @Nullable Planned alterTable(Statement.AlterTable alter, Schema schema) {
    String keyspace = keyspace(alter.table(), schema);
    TableMetadata before = schema.metadata().table(keyspace, alter.table().name());
    if (before == null) {
      if (alter.ifExists()) {
        return null;
      }
      throw RequestException.invalid(
          "Table '" + keyspace + "." + alter.table().name() + "' doesn't exist");
    }
    TableMetadata after =
        switch (alter.change()) {
          case Statement.AddColumns add ->
              TableColumns.added(before, add, schema.userTypes(keyspace));
          case Statement.DropColumns drop -> TableColumns.dropped(before, drop, clock.wallMicros());
          case Statement.RenameColumns rename -> TableColumns.renamed(before, rename);
          case Statement.AlterColumnType type ->
              throw RequestException.invalid("Altering column types is no longer supported");
          case Statement.SetOptions set ->
              before.withOptions(TableProperties.apply(set.properties(), before.options()));
        };
    return after.equals(before)
        ? null
        : new Planned(
            new MetadataChange.AlterTable(before, after),
            new SchemaChange(Change.UPDATED, Target.TABLE, keyspace, before.name()));
  }

  // ---- types

  private Planned createType(Statement.CreateType create, Schema schema) {
    String keyspace = keyspace(create.type(), schema);
    checkName("Type", create.type().name());
    List<String> names = new ArrayList<>();
    List<CqlType> types = new ArrayList<>();
    for (Statement.ColumnDefinition field : create.fields()) {
      if (names.contains(field.name())) {
        throw RequestException.invalid(
            "Duplicate field name '" + field.name() + "' in type '" + create.type().name() + "'");
      }
      names.add(field.name());
      types.add(fieldType(field, schema.userTypes(keyspace)));
    }
    return new Planned(
        new MetadataChange.CreateType(
            new UserType(keyspace, create.type().name(), names, types, false),
            create.ifNotExists()),
        new SchemaChange(Change.CREATED, Target.TYPE, keyspace, create.type().name()));
  }

  private static CqlType fieldType(
      Statement.ColumnDefinition field, TypeParser.UserTypes userTypes) {
    CqlType type = parse(field.type(), userTypes);
    if (type == Scalar.COUNTER) {
      throw RequestException.invalid("A user type cannot contain counters");
    }
    if (type instanceof UserType user && !user.isFrozen()) {
      throw RequestException.invalid("A user type cannot contain non-frozen UDTs");
    }
    return type;
  }

  static CqlType parse(String text, TypeParser.UserTypes userTypes) {
    try {
      return TypeParser.parse(text, userTypes);
    } catch (InvalidTypeException e) {
      throw RequestException.invalid(String.valueOf(e.getMessage()));
    }
  }

  private @Nullable Planned alterType(Statement.AlterType alter, Schema schema) {
    String keyspace = keyspace(alter.type(), schema);
    KeyspaceMetadata found = schema.metadata().keyspace(keyspace);
    UserType before = found == null ? null : found.type(alter.type().name());
    if (before == null) {
      if (alter.ifExists()) {
        return null;
      }
      throw RequestException.invalid(
          "Type '" + keyspace + "." + alter.type().name() + "' doesn't exist");
    }
    List<String> names = new ArrayList<>(before.fieldNames());
    List<CqlType> types = new ArrayList<>(before.fieldTypes());
    switch (alter.change()) {
      case Statement.AddField add -> {
        if (names.contains(add.field().name())) {
          if (add.ifNotExists()) {
            return null;
          }
          throw RequestException.invalid(
              "Cannot add field "
                  + add.field().name()
                  + " to type "
                  + before.name()
                  + ": a field with name "
                  + add.field().name()
                  + " already exists");
        }
        CqlType type = fieldType(add.field(), schema.userTypes(keyspace));
        if (type.mentions(before)) {
          throw RequestException.invalid(
              "Cannot add new field "
                  + add.field().name()
                  + " of type "
                  + type
                  + " to type "
                  + before.name()
                  + " as it would create a circular reference");
        }
        names.add(add.field().name());
        types.add(type);
      }
      case Statement.RenameFields rename -> {
        for (Statement.Renaming renaming : rename.renamings()) {
          int at = names.indexOf(renaming.from());
          if (at < 0) {
            throw RequestException.invalid(
                "Unkown field "
                    + renaming.from()
                    + " in user type "
                    + keyspace
                    + "."
                    + before.name());
          }
          names.set(at, renaming.to());
        }
      }
      case Statement.AlterFieldType field ->
          throw RequestException.invalid("Alter types is no longer supported");
    }
    return new Planned(
        new MetadataChange.AlterType(
            before, new UserType(keyspace, before.name(), names, types, before.isFrozen())),
        new SchemaChange(Change.UPDATED, Target.TYPE, keyspace, before.name()));
  }
}
