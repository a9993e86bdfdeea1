package io.quorate.cql.system;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.ColumnMetadata.Kind;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.JavaValues;
import io.quorate.protocol.types.TypeParser;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A table whose rows are made when they are asked for. Immutable, safe for concurrent use. */
public final class VirtualTable {
  private final TableMetadata metadata;
  private final Supplier<List<Row>> rows;

  /** A row's values, in the order of the table's columns. */
  public static final class Row {
    private final TableMetadata table;
    private final byte[] @Nullable [] values;

    private Row(TableMetadata table) {
      this.table = table;
      this.values = new byte[table.columns().size()][];
    }

    /** The value of the column at this position; null for none. */
    public byte @Nullable [] value(int position) {
      return values[position];
    }

    /** Sets a column; null leaves it null. */
    Row set(String column, @Nullable Object value) {
      if (value != null) {
        for (int i = 0; i < values.length; i++) {
          ColumnMetadata found = table.columns().get(i);
          if (found.name().equals(column)) {
            values[i] = JavaValues.encode(found.type(), value);
            return this;
          }
        }
        throw new IllegalArgumentException("no column " + column + " in " + table);
      }
      return this;
    }
  }

  /** Takes the rows of a table one by one: {@code begin} starts the next. */
  static final class Rows {
    private final TableMetadata table;
    private final List<Row> rows = new ArrayList<>();

    private Rows(TableMetadata table) {
      this.table = table;
    }

    Row begin() {
      Row row = new Row(table);
      rows.add(row);
      return row;
    }
  }

  private VirtualTable(TableMetadata metadata, Supplier<List<Row>> rows) {
    this.metadata = metadata;
    this.rows = rows;
  }

  /**
   * A table.
   *
   * @param columns name, type and, for key columns, PK or CK, separated by commas at the top level:
   *     {@code "key text PK, tokens set<text>"}
   * @param fill called for each query
   */
  static VirtualTable of(String keyspace, String name, String columns, Consumer<Rows> fill) {
    TableMetadata metadata = metadata(keyspace, name, columns);
    return new VirtualTable(
        metadata,
        () -> {
          Rows rows = new Rows(metadata);
          fill.accept(rows);
          return rows.rows;
        });
  }

  private static TableMetadata metadata(String keyspace, String name, String columns) {
    List<ColumnMetadata> all = new ArrayList<>();
    int partitionKeys = 0;
    int clusterings = 0;
    for (String definition : topLevelParts(columns)) {
      int blank = definition.indexOf(' ');
      String columnName = definition.substring(0, blank);
      boolean isPartitionKey = definition.endsWith(" PK");
      boolean isClustering = definition.endsWith(" CK");
      int end = definition.length() - (isPartitionKey || isClustering ? 3 : 0);
      CqlType type =
          TypeParser.parse(definition.substring(blank + 1, end), TypeParser.UserTypes.NONE);
      Kind kind =
          isPartitionKey ? Kind.PARTITION_KEY : isClustering ? Kind.CLUSTERING : Kind.REGULAR;
      int position = isPartitionKey ? partitionKeys++ : isClustering ? clusterings++ : -1;
      all.add(new ColumnMetadata(columnName, type, kind, position, false, all.size()));
    }
    UUID id = UUID.nameUUIDFromBytes((keyspace + "." + name).getBytes(StandardCharsets.UTF_8));
    return new TableMetadata(id, keyspace, name, all, List.of(), all.size(), TableOptions.DEFAULT);
  }

  private static List<String> topLevelParts(String text) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int from = 0;
    for (int i = 0; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '<' -> depth++;
        case '>' -> depth--;
        case ',' -> {
          if (depth == 0) {
            parts.add(text.substring(from, i).trim());
            from = i + 1;
          }
        }
        default -> {}
      }
    }
    parts.add(text.substring(from).trim());
    return parts;
  }

  public TableMetadata metadata() {
    return metadata;
  }

  /** The rows as they are now. */
  public List<Row> rows() {
    return rows.get();
  }
}
