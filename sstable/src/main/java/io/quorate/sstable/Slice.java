package io.quorate.sstable;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** Row keys of a partition from {@code start}, inclusive, to {@code end}, exclusive. */
public record Slice(byte[] start, byte[] end) {

  /** Every regular row. */
  public static final Slice ALL = new Slice(RowKeys.LOWEST, RowKeys.HIGHEST);

  public Slice {
    if (Arrays.compareUnsigned(start, end) > 0) {
      throw new IllegalArgumentException("a slice ends before it starts");
    }
  }

  /** The slice of one row. */
  public static Slice ofRow(byte[] key) {
    return new Slice(key, RowKeys.after(key, 0, key.length));
  }

  /** Whether it holds exactly one row: there is no key between its bounds. */
  boolean isRow() {
    return end.length == start.length + 1
        && end[start.length] == 0
        && Arrays.equals(start, 0, start.length, end, 0, start.length);
  }

  public boolean contains(byte[] bytes, int offset, int length) {
    return RowKeys.compare(start, bytes, offset, length) <= 0
        && RowKeys.compare(end, bytes, offset, length) > 0;
  }

  /** Checks that slices are in order and do not overlap. */
  static List<Slice> checked(List<Slice> slices) {
    for (int i = 1; i < slices.size(); i++) {
      if (Arrays.compareUnsigned(slices.get(i - 1).end, slices.get(i).start) > 0) {
        throw new IllegalArgumentException("slices overlap or are out of order");
      }
    }
    return List.copyOf(slices);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Slice slice
        && Arrays.equals(start, slice.start)
        && Arrays.equals(end, slice.end);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(start) + Arrays.hashCode(end);
  }

  @Override
  public String toString() {
    HexFormat hex = HexFormat.of();
    return "[" + hex.formatHex(start) + ", " + hex.formatHex(end) + ")";
  }
}
