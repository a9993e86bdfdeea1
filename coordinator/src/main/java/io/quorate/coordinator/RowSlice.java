package io.quorate.coordinator;

/**
 * Row keys from {@code start}, inclusive, to {@code end}, exclusive, as unsigned bytes. A prefix
 * with all rows below it is {@code [prefix, prefix + 0xFF)}.
 */
public record RowSlice(byte[] start, byte[] end) {
  /** Every regular row; the static row is not among them. */
  public static final RowSlice ALL = new RowSlice(new byte[] {0x40}, new byte[] {(byte) 0xFF});
}
