package io.quorate.coordinator.metadata;

import io.quorate.protocol.types.CqlType;

/**
 * A column.
 *
 * @param position among the columns of its kind for key columns, from 0; -1 for others
 * @param descending for clustering columns, whether the greatest value comes first
 * @param id names the column in stored rows; unique in its table and never used again
 */
public record ColumnMetadata(
    String name, CqlType type, Kind kind, int position, boolean descending, int id) {

  /** The part that a column plays. Names as in {@code system_schema.columns}. */
  public enum Kind {
    PARTITION_KEY("partition_key"),
    CLUSTERING("clustering"),
    STATIC("static"),
    REGULAR("regular");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }

  public boolean isPrimaryKey() {
    return kind == Kind.PARTITION_KEY || kind == Kind.CLUSTERING;
  }

  public ColumnMetadata withName(String newName) {
    return new ColumnMetadata(newName, type, kind, position, descending, id);
  }

  public ColumnMetadata withType(CqlType newType) {
    return new ColumnMetadata(name, newType, kind, position, descending, id);
  }
}
