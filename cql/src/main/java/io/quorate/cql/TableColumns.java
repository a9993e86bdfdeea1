package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.ColumnMetadata.Kind;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.cql.parser.Statement;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.TypeParser;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The columns that CREATE TABLE makes and ALTER TABLE changes. Stateless. */
final class TableColumns {
  private TableColumns() {}

  static List<ColumnMetadata> of(
      Statement.CreateTable create, String keyspace, TypeParser.UserTypes userTypes) {
    Map<String, CqlType> types = new LinkedHashMap<>();
    Map<String, Boolean> statics = new LinkedHashMap<>();
    String table = create.table().name();
    for (Statement.ColumnDefinition column : create.columns()) {
      CqlType type = SchemaChanges.parse(column.type(), userTypes);
      if (types.put(column.name(), type) != null) {
        throw RequestException.invalid(
            "Duplicate column '" + column.name() + "' declaration for table '" + table + "'");
      }
      if (type == Scalar.COUNTER) {
        throw RequestException.notYet("A table with counters");
      }
      statics.put(column.name(), column.isStatic());
    }
    if (create.partitionKey().isEmpty()) {
      throw RequestException.invalid(
          "No PRIMARY KEY specifed for table '"
              + keyspace
              + "."
              + table
              + "' (exactly one required)");
    }
    Map<String, Boolean> descending = clusteringOrder(create);
    List<ColumnMetadata> columns = new ArrayList<>();
    for (int i = 0; i < create.partitionKey().size(); i++) {
      String name = create.partitionKey().get(i);
      columns.add(key(name, Kind.PARTITION_KEY, i, false, types, statics, columns.size(), table));
    }
    for (int i = 0; i < create.clustering().size(); i++) {
      String name = create.clustering().get(i);
      boolean isDescending = descending.getOrDefault(name, false);
      columns.add(
          key(name, Kind.CLUSTERING, i, isDescending, types, statics, columns.size(), table));
    }
    boolean hasClustering = !create.clustering().isEmpty();
    types.forEach((name, type) -> {
      boolean isStatic = statics.getOrDefault(name, false);
      if (isStatic && !hasClustering) {
        throw RequestException.invalid(
            "Static columns are only useful (and thus allowed) if the table has at least one"
                + " clustering column");
      }
      columns.add(
          new ColumnMetadata(
              name, type, isStatic ? Kind.STATIC : Kind.REGULAR, -1, false, columns.size()));
    });
    return columns;
  }

  private static Map<String, Boolean> clusteringOrder(Statement.CreateTable create) {
    Map<String, Boolean> descending = new LinkedHashMap<>();
    for (Statement.Ordering ordering : create.clusteringOrder()) {
      if (!create.clustering().contains(ordering.column())) {
        throw RequestException.invalid(
            "Only clustering key columns can be defined in CLUSTERING ORDER directive: "
                + ordering.column()
                + " are not clustering columns");
      }
      descending.put(ordering.column(), ordering.descending());
    }
    if (!descending.isEmpty()) {
      List<String> ordered = List.copyOf(descending.keySet());
      for (int i = 0; i < create.clustering().size(); i++) {
        if (i >= ordered.size()) {
          throw RequestException.invalid(
              "Missing CLUSTERING ORDER for column " + create.clustering().get(i));
        }
        if (!ordered.get(i).equals(create.clustering().get(i))) {
          throw RequestException.invalid(
              "The order of columns in the CLUSTERING ORDER directive must match that of the"
                  + " clustering columns ("
                  + create.clustering().get(i)
                  + " must appear before "
                  + ordered.get(i)
                  + ")");
        }
      }
    }
    return descending;
  }

  private static ColumnMetadata key(
      String name,
      Kind kind,
      int position,
      boolean descending,
      Map<String, CqlType> types,
      Map<String, Boolean> statics,
      int id,
      String table) {
    CqlType type = types.remove(name);
    if (type == null) {
      throw RequestException.invalid(
          "Unknown column '" + name + "' referenced in PRIMARY KEY for table '" + table + "'");
    }
    if (type.isMultiCell()) {
      throw RequestException.invalid(
          "Invalid non-frozen "
              + (type.isCollection() ? "collection" : "user-defined")
              + " type \""
              + type
              + "\" for PRIMARY KEY column '"
              + name
              + "'");
    }
    if (type.mentions(Scalar.DURATION)) {
      throw RequestException.invalid(
          "duration type is not supported for PRIMARY KEY column '" + name + "'");
    }
    if (statics.getOrDefault(name, false)) {
      throw RequestException.invalid(
          "Static column '" + name + "' cannot be part of the PRIMARY KEY");
    }
    return new ColumnMetadata(name, type, kind, position, descending, id);
  }

  static TableMetadata added(
      TableMetadata before, Statement.AddColumns add, TypeParser.UserTypes userTypes) {
    TableMetadata after = before;
    for (Statement.ColumnDefinition column : add.columns()) {
      if (after.column(column.name()) != null) {
        if (add.ifNotExists()) {
          continue;
        }
        throw RequestException.invalid("Column with name '" + column.name() + "' already exists");
      }
      CqlType type = SchemaChanges.parse(column.type(), userTypes);
      if (type == Scalar.COUNTER) {
        throw RequestException.invalid(
            "Cannot have a counter column (\"" + column.name() + "\") in a non counter table");
      }
      if (column.isStatic() && before.clustering().isEmpty()) {
        throw RequestException.invalid(
            "Static columns are only useful (and thus allowed) if the table has at least one"
                + " clustering column");
      }
      after = after.withColumn(column.name(), type, column.isStatic() ? Kind.STATIC : Kind.REGULAR);
    }
    return after;
  }

  static TableMetadata dropped(TableMetadata before, Statement.DropColumns drop, long nowMicros) {
    TableMetadata after = before;
    for (String name : drop.columns()) {
      ColumnMetadata column = after.column(name);
      if (column == null) {
        if (drop.ifExists()) {
          continue;
        }
        throw RequestException.invalid(
            "Column "
                + name
                + " was not found in table '"
                + before.keyspace()
                + "."
                + before.name()
                + "'");
      }
      if (column.isPrimaryKey()) {
        throw RequestException.invalid("Cannot drop PRIMARY KEY column " + name);
      }
      after = after.withoutColumn(column, nowMicros);
    }
    return after;
  }

  static TableMetadata renamed(TableMetadata before, Statement.RenameColumns rename) {
    List<ColumnMetadata> columns = new ArrayList<>(before.columns());
    for (Statement.Renaming renaming : rename.renamings()) {
      ColumnMetadata column = before.column(renaming.from());
      if (column == null) {
        if (rename.ifExists()) {
          continue;
        }
        throw RequestException.invalid(
            "Column "
                + renaming.from()
                + " was not found in table '"
                + before.keyspace()
                + "."
                + before.name()
                + "'");
      }
      if (!column.isPrimaryKey()) {
        throw RequestException.invalid("Cannot rename non PRIMARY KEY column " + renaming.from());
      }
      if (before.column(renaming.to()) != null) {
        throw RequestException.invalid(
            "Cannot rename column "
                + renaming.from()
                + " to "
                + renaming.to()
                + ", another column with that name already exists");
      }
      columns.set(columns.indexOf(column), column.withName(renaming.to()));
    }
    return before.withColumns(columns);
  }
}
