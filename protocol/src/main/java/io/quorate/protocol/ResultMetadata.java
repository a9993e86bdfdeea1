package io.quorate.protocol;

import io.quorate.protocol.types.ByteSink;
import io.quorate.protocol.types.InvalidTypeException;
import io.quorate.protocol.types.TypeCode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the columns of a result, or the markers of a statement, are. Encoded once, when it is made:
 * a result copies the bytes. Immutable.
 *
 * <pre>
 * specs := [string keyspace | string table, if common to all]
 *          | for each column: [string keyspace | string table, if not] | string name | type
 * </pre>
 *
 * <p>Native protocol v5, section 4.2.5.2.
 */
public final class ResultMetadata {
  public static final ResultMetadata EMPTY = new ResultMetadata(List.of());

  static final int GLOBAL_TABLE = 0x01;
  static final int HAS_MORE_PAGES = 0x02;
  static final int NO_METADATA = 0x04;
  static final int METADATA_CHANGED = 0x08;

  private final List<ColumnSpec> columns;
  private final boolean isOneTable;
  private final byte[] encodedSpecs;
  private final Md5 id;

  public ResultMetadata(List<ColumnSpec> columns) {
    this(columns, null);
  }

  private ResultMetadata(List<ColumnSpec> columns, @Nullable Md5 id) {
    this.columns = List.copyOf(columns);
    this.isOneTable =
        !columns.isEmpty()
            && columns.stream()
                .allMatch(column ->
                    column.keyspace().equals(columns.get(0).keyspace())
                        && column.table().equals(columns.get(0).table()));
    ByteSink out = new ByteSink();
    if (isOneTable) {
      MessageWriter.string(columns.get(0).keyspace(), out);
      MessageWriter.string(columns.get(0).table(), out);
    }
    for (ColumnSpec column : columns) {
      if (!isOneTable) {
        MessageWriter.string(column.keyspace(), out);
        MessageWriter.string(column.table(), out);
      }
      MessageWriter.string(column.name(), out);
      TypeCode.encode(column.type(), out);
    }
    this.encodedSpecs = out.toByteArray();
    this.id = id != null ? id : Md5.of(encodedSpecs, 0, encodedSpecs.length);
  }

  public List<ColumnSpec> columns() {
    return columns;
  }

  /**
   * Changes whenever what a client must know to read the rows changes. Each server has its own way
   * to make it: what was read from a server keeps the server's.
   */
  public Md5 id() {
    return id;
  }

  int flags() {
    return isOneTable ? GLOBAL_TABLE : 0;
  }

  void writeSpecs(ByteSink out) {
    out.write(encodedSpecs);
  }

  static ResultMetadata readSpecs(MessageReader in, int count, int flags, @Nullable Md5 id) {
    boolean global = (flags & GLOBAL_TABLE) != 0;
    String keyspace = global ? in.string() : "";
    String table = global ? in.string() : "";
    List<ColumnSpec> columns = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String columnKeyspace = global ? keyspace : in.string();
      String columnTable = global ? table : in.string();
      String name = in.string();
      try {
        TypeCode.Reader types = new TypeCode.Reader(in.bytes(), in.position(), in.bytes().length);
        columns.add(new ColumnSpec(columnKeyspace, columnTable, name, types.read()));
        in.position(types.position());
      } catch (InvalidTypeException e) {
        throw new ProtocolException("Unreadable type of column " + name, e);
      }
    }
    return new ResultMetadata(columns, id);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ResultMetadata that && columns.equals(that.columns);
  }

  @Override
  public int hashCode() {
    return columns.hashCode();
  }

  @Override
  public String toString() {
    return columns.toString();
  }
}
