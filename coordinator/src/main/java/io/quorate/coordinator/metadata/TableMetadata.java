package io.quorate.coordinator.metadata;

import io.quorate.coordinator.metadata.ColumnMetadata.Kind;
import io.quorate.protocol.types.CqlType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A table's schema. Immutable; equal when all that is stored of it is equal. */
public final class TableMetadata {
  private final UUID id;
  private final String keyspace;
  private final String name;
  private final List<ColumnMetadata> columns;
  private final List<DroppedColumn> dropped;
  private final int nextColumnId;
  private final TableOptions options;

  private final List<ColumnMetadata> partitionKey;
  private final List<ColumnMetadata> clustering;
  private final List<ColumnMetadata> statics;
  private final List<ColumnMetadata> regulars;
  private final Map<String, ColumnMetadata> byName = new HashMap<>();
  private final @Nullable ColumnMetadata[] byId;

  /**
   * A column that is gone: its cells written up to {@code droppedAtMicros} are not shown any more.
   */
  public record DroppedColumn(ColumnMetadata column, long droppedAtMicros) {}

  /**
   * @param columns in any order; {@link #columns} gives them in the order of {@code SELECT *}
   * @param nextColumnId greater than the id of every column that the table ever had
   */
  public TableMetadata(
      UUID id,
      String keyspace,
      String name,
      List<ColumnMetadata> columns,
      List<DroppedColumn> dropped,
      int nextColumnId,
      TableOptions options) {
    this.id = id;
    this.keyspace = keyspace;
    this.name = name;
    this.dropped = List.copyOf(dropped);
    this.nextColumnId = nextColumnId;
    this.options = options;
    this.partitionKey = ofKind(columns, Kind.PARTITION_KEY);
    this.clustering = ofKind(columns, Kind.CLUSTERING);
    this.statics = ofKind(columns, Kind.STATIC);
    this.regulars = ofKind(columns, Kind.REGULAR);
    List<ColumnMetadata> inOrder = new ArrayList<>(partitionKey);
    inOrder.addAll(clustering);
    inOrder.addAll(statics);
    inOrder.addAll(regulars);
    this.columns = List.copyOf(inOrder);
    this.byId = new ColumnMetadata[nextColumnId];
    for (ColumnMetadata column : inOrder) {
      if (byName.put(column.name(), column) != null) {
        throw new IllegalArgumentException("column " + column.name() + " is there twice");
      }
      byId[column.id()] = column;
    }
    if (partitionKey.isEmpty()) {
      throw new IllegalArgumentException("table " + name + " has no partition key");
    }
  }

  private static List<ColumnMetadata> ofKind(List<ColumnMetadata> columns, Kind kind) {
    Comparator<ColumnMetadata> order =
        kind == Kind.PARTITION_KEY || kind == Kind.CLUSTERING
            ? Comparator.comparingInt(ColumnMetadata::position)
            : Comparator.comparing(ColumnMetadata::name);
    return columns.stream().filter(column -> column.kind() == kind).sorted(order).toList();
  }

  public UUID id() {
    return id;
  }

  public String keyspace() {
    return keyspace;
  }

  public String name() {
    return name;
  }

  /** Partition key, clustering, then static and regular columns by name. */
  public List<ColumnMetadata> columns() {
    return columns;
  }

  public List<DroppedColumn> dropped() {
    return dropped;
  }

  public int nextColumnId() {
    return nextColumnId;
  }

  public TableOptions options() {
    return options;
  }

  public List<ColumnMetadata> partitionKey() {
    return partitionKey;
  }

  public List<ColumnMetadata> clustering() {
    return clustering;
  }

  public List<ColumnMetadata> statics() {
    return statics;
  }

  public List<ColumnMetadata> regulars() {
    return regulars;
  }

  public boolean hasStatics() {
    return !statics.isEmpty();
  }

  public @Nullable ColumnMetadata column(String columnName) {
    return byName.get(columnName);
  }

  /** The column that stored rows call {@code columnId}; null when it was dropped. */
  public @Nullable ColumnMetadata column(int columnId) {
    return columnId < byId.length ? byId[columnId] : null;
  }

  /** This table with a further static or regular column. */
  public TableMetadata withColumn(String columnName, CqlType type, Kind kind) {
    List<ColumnMetadata> extended = new ArrayList<>(columns);
    extended.add(new ColumnMetadata(columnName, type, kind, -1, false, nextColumnId));
    return new TableMetadata(id, keyspace, name, extended, dropped, nextColumnId + 1, options);
  }

  /** This table without a column; its cells are forgotten. */
  public TableMetadata withoutColumn(ColumnMetadata column, long nowMicros) {
    List<ColumnMetadata> kept = new ArrayList<>(columns);
    kept.remove(column);
    List<DroppedColumn> gone = new ArrayList<>(dropped);
    gone.removeIf(earlier -> earlier.column().name().equals(column.name()));
    gone.add(new DroppedColumn(column, nowMicros));
    return new TableMetadata(id, keyspace, name, kept, gone, nextColumnId, options);
  }

  public TableMetadata withOptions(TableOptions newOptions) {
    return withColumns(columns, newOptions);
  }

  public TableMetadata withColumns(List<ColumnMetadata> newColumns) {
    return withColumns(newColumns, options);
  }

  private TableMetadata withColumns(List<ColumnMetadata> newColumns, TableOptions newOptions) {
    return new TableMetadata(id, keyspace, name, newColumns, dropped, nextColumnId, newOptions);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    // Asked on the way of every prepared statement, nearly always of the same object.
    if (other == this) {
      return true;
    }
    return other instanceof TableMetadata that
        && id.equals(that.id)
        && keyspace.equals(that.keyspace)
        && name.equals(that.name)
        && columns.equals(that.columns)
        && dropped.equals(that.dropped)
        && nextColumnId == that.nextColumnId
        && options.equals(that.options);
  }

  @Override
  public int hashCode() {
    return Objects.hash(id, keyspace, name, columns);
  }

  @Override
  public String toString() {
    return keyspace + "." + name;
  }
}
