package io.quorate.protocol.types;

import java.util.Arrays;
import java.util.List;

/**
 * Clustering columns as the key of a row inside its partition.
 *
 * <pre>
 * static row             01
 * no clustering columns  40
 * others                 (40 | component)*    component: {@link ByteComparable}, all bits inverted
 *                                             if the column's order is descending
 * </pre>
 *
 * <p>Rows sort by unsigned byte order. The keys that begin with some leading components are those
 * from the {@linkplain #append prefix} up to, and without, the prefix followed by {@link
 * #AFTER_PREFIX}: the marker is smaller.
 */
public final class RowKey {
  private RowKey() {}

  /** Follows every key with a given prefix when put behind the prefix. */
  public static final int AFTER_PREFIX = 0xFF;

  private static final int MARKER = 0x40;

  private static final byte[] STATIC_ROW = {0x01};
  private static final byte[] ONLY_ROW = {MARKER};

  /** A clustering column: what it holds and which way it is sorted. */
  public record Column(CqlType type, boolean descending) {}

  /** The key of the static row. */
  public static byte[] staticRow() {
    return STATIC_ROW.clone();
  }

  /** The key of the one row of a partition in a table without clustering columns. */
  public static byte[] onlyRow() {
    return ONLY_ROW.clone();
  }

  public static boolean isStaticRow(byte[] bytes, int offset, int length) {
    return length == 1 && bytes[offset] == STATIC_ROW[0];
  }

  /** Appends one component. */
  public static void append(Column column, byte[] value, int offset, int length, ByteSink out) {
    out.writeByte(MARKER);
    int from = out.length();
    ByteComparable.encode(column.type(), value, offset, length, out);
    if (column.descending()) {
      out.invertFrom(from);
    }
  }

  /**
   * Appends to {@code out} the values of all components, back to back.
   *
   * @param ends filled with the offset in {@code out} behind each value
   * @throws InvalidValueException if the key does not fit the columns
   */
  public static void decode(
      List<Column> columns, byte[] key, int offset, int length, ByteSink out, int[] ends) {
    int at = offset;
    int end = offset + length;
    byte[] inverted = {};
    for (int i = 0; i < columns.size(); i++) {
      Column column = columns.get(i);
      if (at >= end || key[at] != MARKER) {
        throw new InvalidValueException("A row key without its component " + i);
      }
      at++;
      if (column.descending()) {
        if (inverted.length == 0) {
          inverted = invert(key, offset, end);
        }
        at = offset + ByteComparable.decode(column.type(), inverted, at - offset, out);
      } else {
        at = ByteComparable.decode(column.type(), key, at, out);
      }
      ends[i] = out.length();
    }
    if (at != end && !(columns.isEmpty() && length == 1)) {
      throw new InvalidValueException("A row key with more than " + columns.size() + " components");
    }
  }

  private static byte[] invert(byte[] key, int offset, int end) {
    byte[] inverted = Arrays.copyOfRange(key, offset, end);
    for (int i = 0; i < inverted.length; i++) {
      inverted[i] = (byte) ~inverted[i];
    }
    return inverted;
  }
}
