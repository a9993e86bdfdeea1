package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.CommitLogSync;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.cql.parser.QualifiedName;
import io.quorate.cql.parser.Statement.Describe;
import io.quorate.cql.system.VirtualTable;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.Response;
import io.quorate.protocol.ResultMetadata;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.Identifiers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@code DESCRIBE}, answered by the server as cqlsh asks it. Stateless. */
final class Descriptions {
  private Descriptions() {}

  private static final ResultMetadata NAMES = columns("keyspace_name", "type", "name");
  private static final ResultMetadata STATEMENTS =
      columns("keyspace_name", "type", "name", "create_statement");
  private static final ResultMetadata CLUSTER = columns("cluster", "partitioner", "snitch");

  /** One described thing. */
  private record Entry(String keyspace, String type, String name, String statement) {}

  private static ResultMetadata columns(String... names) {
    return new ResultMetadata(
        Stream.of(names)
            .map(name -> new ColumnSpec("system", "describe", name, Scalar.TEXT))
            .toList());
  }

  static Response.Rows describe(Describe describe, Schema schema, ExecutionContext context) {
    return switch (describe.subject()) {
      case CLUSTER ->
          rows(
              CLUSTER,
              List.of(
                  List.of(
                      schema.system().clusterName(),
                      "Murmur3Partitioner",
                      "DynamicEndpointSnitch")));
      case SCHEMA -> statements(schema.metadata().keyspaces().stream().flatMap(Descriptions::all));
      case FULL_SCHEMA ->
          statements(
              Stream.concat(
                  schema.metadata().keyspaces().stream().flatMap(Descriptions::all),
                  schema.system().tables().stream().map(table -> entry(table.metadata()))));
      case KEYSPACES -> names(keyspaceNames(schema));
      case TABLES -> names(tables(schema));
      case TYPES ->
          names(
              schema.metadata().keyspaces().stream()
                  .flatMap(keyspace -> keyspace.types().values().stream())
                  .map(Descriptions::entry));
      case FUNCTIONS, AGGREGATES -> names(Stream.empty());
      case KEYSPACE -> statements(all(keyspace(describe.name(), schema)));
      case ONLY_KEYSPACE -> statements(Stream.of(entry(keyspace(describe.name(), schema))));
      case TABLE -> statements(Stream.of(entry(table(required(describe), schema))));
      case TYPE -> statements(Stream.of(entry(type(required(describe), schema))));
      case INDEX, MATERIALIZED_VIEW, FUNCTION, AGGREGATE ->
          throw RequestException.invalid(
              "'"
                  + required(describe).name()
                  + "' not found in keyspace '"
                  + schema.keyspaceOf(required(describe))
                  + "'");
      case ANY -> any(required(describe), schema);
    };
  }

  private static QualifiedName required(Describe describe) {
    return Objects.requireNonNull(describe.name());
  }

  private static Response.Rows rows(ResultMetadata metadata, List<List<String>> values) {
    ResultRows rows = new ResultRows();
    for (List<String> row : values) {
      List<byte @Nullable []> bytes = new ArrayList<>();
      row.forEach(text -> bytes.add(text.getBytes(StandardCharsets.UTF_8)));
      rows.add(bytes);
    }
    return rows.toResponse(metadata, true, false, null);
  }

  private static Response.Rows names(Stream<Entry> entries) {
    return rows(
        NAMES,
        entries
            .map(entry ->
                List.of(
                    Identifiers.quoteIfNeeded(entry.keyspace()),
                    entry.type(),
                    Identifiers.quoteIfNeeded(entry.name())))
            .toList());
  }

  private static Response.Rows statements(Stream<Entry> entries) {
    return rows(
        STATEMENTS,
        entries
            .map(entry ->
                List.of(
                    Identifiers.quoteIfNeeded(entry.keyspace()),
                    entry.type(),
                    Identifiers.quoteIfNeeded(entry.name()),
                    entry.statement()))
            .toList());
  }

  private static Stream<Entry> keyspaceNames(Schema schema) {
    return Stream.concat(
            schema.metadata().keyspaces().stream().map(KeyspaceMetadata::name),
            schema.system().keyspaces().stream())
        .sorted()
        .map(name -> new Entry(name, "keyspace", name, ""));
  }

  private static Stream<Entry> tables(Schema schema) {
    Stream<TableMetadata> ofUsers =
        schema.metadata().keyspaces().stream()
            .flatMap(keyspace -> keyspace.tables().values().stream());
    return Stream.concat(ofUsers, schema.system().tables().stream().map(VirtualTable::metadata))
        .map(table -> new Entry(table.keyspace(), "table", table.name(), ""));
  }

  private static KeyspaceMetadata keyspace(@Nullable QualifiedName name, Schema schema) {
    String wanted = name != null ? name.name() : schema.currentKeyspace();
    if (wanted == null) {
      throw RequestException.invalid("No keyspace specified and no current keyspace");
    }
    KeyspaceMetadata keyspace = schema.metadata().keyspace(wanted);
    if (keyspace == null) {
      throw RequestException.invalid("'" + wanted + "' not found in keyspaces");
    }
    return keyspace;
  }

  private static TableMetadata table(QualifiedName name, Schema schema) {
    String keyspace = schema.keyspaceOf(name);
    VirtualTable virtual = schema.system().table(keyspace, name.name());
    TableMetadata table =
        virtual != null ? virtual.metadata() : schema.metadata().table(keyspace, name.name());
    if (table == null) {
      throw RequestException.invalid(
          "Table '" + name.name() + "' not found in keyspace '" + keyspace + "'");
    }
    return table;
  }

  private static UserType type(QualifiedName name, Schema schema) {
    String keyspace = schema.keyspaceOf(name);
    KeyspaceMetadata found = schema.metadata().keyspace(keyspace);
    UserType type = found == null ? null : found.type(name.name());
    if (type == null) {
      throw RequestException.invalid(
          "User defined type '" + name.name() + "' not found in '" + keyspace + "'");
    }
    return type;
  }

  /** A name alone may be a keyspace's, or something in the current keyspace. */
  private static Response.Rows any(QualifiedName name, Schema schema) {
    if (name.keyspace() == null && schema.metadata().keyspace(name.name()) != null) {
      return statements(all(keyspace(name, schema)));
    }
    String keyspace = schema.keyspaceOf(name);
    KeyspaceMetadata found = schema.metadata().keyspace(keyspace);
    boolean isTable =
        schema.system().table(keyspace, name.name()) != null
            || (found != null && found.table(name.name()) != null);
    if (isTable) {
      return statements(Stream.of(entry(table(name, schema))));
    }
    if (found != null && found.type(name.name()) != null) {
      return statements(Stream.of(entry(type(name, schema))));
    }
    throw RequestException.invalid(
        "'" + name.name() + "' not found in keyspace '" + keyspace + "'");
  }

  // ---- texts

  private static Stream<Entry> all(KeyspaceMetadata keyspace) {
    return Stream.of(
            Stream.of(entry(keyspace)),
            inOrderOfUse(keyspace).stream().map(Descriptions::entry),
            keyspace.tables().values().stream().map(Descriptions::entry))
        .flatMap(entries -> entries);
  }

  /** Makes a keyspace and its types. */
  static Stream<String> createKeyspace(KeyspaceMetadata keyspace) {
    return Stream.concat(
            Stream.of(entry(keyspace)), inOrderOfUse(keyspace).stream().map(Descriptions::entry))
        .map(Entry::statement);
  }

  /** A type comes after the types that it uses. */
  private static List<UserType> inOrderOfUse(KeyspaceMetadata keyspace) {
    List<UserType> ordered = new ArrayList<>();
    List<UserType> waiting = new ArrayList<>(keyspace.types().values());
    while (!waiting.isEmpty()) {
      UserType next =
          waiting.stream()
              .filter(type ->
                  waiting.stream().noneMatch(other -> !other.equals(type) && type.mentions(other)))
              .findFirst()
              .orElse(waiting.get(0));
      ordered.add(next);
      waiting.remove(next);
    }
    return ordered;
  }

  private static Entry entry(KeyspaceMetadata keyspace) {
    String statement =
        "CREATE KEYSPACE "
            + Identifiers.quoteIfNeeded(keyspace.name())
            + " WITH replication = "
            + map(shortClass(keyspace.replication().asMap()))
            + "  AND durable_writes = "
            + keyspace.durableWrites()
            + commitLogSync(keyspace.commitLogSync())
            + ";";
    return new Entry(keyspace.name(), "keyspace", keyspace.name(), statement);
  }

  /** An extension: said only where it was said, so that other servers take the statement. */
  private static String commitLogSync(CommitLogSync sync) {
    return sync == CommitLogSync.DEFAULT ? "" : "  AND commitlog_sync = '" + sync.cqlName() + "'";
  }

  private static Map<String, String> shortClass(Map<String, String> replication) {
    Map<String, String> shortened = new LinkedHashMap<>(replication);
    shortened.computeIfPresent("class", (key, name) -> name.substring(name.lastIndexOf('.') + 1));
    return shortened;
  }

  private static Entry entry(UserType type) {
    StringBuilder out = new StringBuilder("CREATE TYPE ");
    out.append(Identifiers.quoteIfNeeded(type.keyspace())).append('.');
    out.append(Identifiers.quoteIfNeeded(type.name())).append(" (\n");
    for (int i = 0; i < type.fieldNames().size(); i++) {
      out.append("    ").append(Identifiers.quoteIfNeeded(type.fieldNames().get(i))).append(' ');
      out.append(type.fieldTypes().get(i));
      out.append(i + 1 < type.fieldNames().size() ? ",\n" : "\n");
    }
    return new Entry(type.keyspace(), "type", type.name(), out.append(");").toString());
  }

  private static Entry entry(TableMetadata table) {
    return new Entry(table.keyspace(), "table", table.name(), createTable(table, table.columns()));
  }

  /** Makes a table with columns in a given order. */
  static String createTable(TableMetadata table, List<ColumnMetadata> columns) {
    StringBuilder out = new StringBuilder("CREATE TABLE ");
    out.append(Identifiers.quoteIfNeeded(table.keyspace())).append('.');
    out.append(Identifiers.quoteIfNeeded(table.name())).append(" (\n");
    boolean simpleKey = table.partitionKey().size() == 1 && table.clustering().isEmpty();
    for (ColumnMetadata column : columns) {
      out.append("    ").append(Identifiers.quoteIfNeeded(column.name())).append(' ');
      out.append(column.type());
      if (column.kind() == ColumnMetadata.Kind.STATIC) {
        out.append(" static");
      }
      if (simpleKey && column.isPrimaryKey()) {
        out.append(" PRIMARY KEY");
      }
      boolean isLast = column.equals(columns.getLast());
      out.append(isLast && simpleKey ? "\n" : ",\n");
    }
    if (!simpleKey) {
      out.append("    PRIMARY KEY (").append(key(table)).append(")\n");
    }
    out.append(") WITH ");
    if (!table.clustering().isEmpty()) {
      out.append(
          table.clustering().stream()
              .map(column ->
                  Identifiers.quoteIfNeeded(column.name())
                      + (column.descending() ? " DESC" : " ASC"))
              .collect(Collectors.joining(", ", "CLUSTERING ORDER BY (", ")\n    AND ")));
    }
    options(table.options(), out);
    return out.append(';').toString();
  }

  private static String key(TableMetadata table) {
    String partitionKey = names(table.partitionKey());
    String first = table.partitionKey().size() > 1 ? "(" + partitionKey + ")" : partitionKey;
    return table.clustering().isEmpty() ? first : first + ", " + names(table.clustering());
  }

  private static String names(List<ColumnMetadata> columns) {
    return columns.stream()
        .map(column -> Identifiers.quoteIfNeeded(column.name()))
        .collect(Collectors.joining(", "));
  }

  private static void options(TableOptions options, StringBuilder out) {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "additional_write_policy = " + quoted(options.additionalWritePolicy()),
                "bloom_filter_fp_chance = " + options.bloomFilterFpChance(),
                "caching = " + map(options.caching()),
                "cdc = " + options.cdc(),
                "comment = " + quoted(options.comment()),
                "compaction = " + map(options.compaction()),
                "compression = " + map(options.compression()),
                "crc_check_chance = " + options.crcCheckChance(),
                "default_time_to_live = " + options.defaultTimeToLiveSeconds(),
                "gc_grace_seconds = " + options.gcGraceSeconds(),
                "max_index_interval = " + options.maxIndexInterval(),
                "memtable_flush_period_in_ms = " + options.memtableFlushPeriodMillis(),
                "min_index_interval = " + options.minIndexInterval(),
                "read_repair = " + quoted(options.readRepair()),
                "speculative_retry = " + quoted(options.speculativeRetry())));
    if (!options.memtable().isEmpty()) {
      lines.add("memtable = " + quoted(options.memtable()));
    }
    out.append(String.join("\n    AND ", lines));
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private static String map(Map<String, String> map) {
    return map.entrySet().stream()
        .map(entry -> quoted(entry.getKey()) + ": " + quoted(entry.getValue()))
        .collect(Collectors.joining(", ", "{", "}"));
  }
}
