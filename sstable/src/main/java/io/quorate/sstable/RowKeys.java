package io.quorate.sstable;

import java.util.Arrays;

/**
 * Row keys inside a partition: byte strings in unsigned lexicographic order. {@code 0x01} alone is
 * the static row; the key of a regular row begins with a byte in {@code 0x40..0xFE}. A bound is any
 * byte string; a range holds the keys from its start, inclusive, to its end, exclusive. To end a
 * range after all keys with a prefix, append {@code 0xFF} to the prefix.
 */
public final class RowKeys {
  static final byte[] STATIC = {1};

  /** Below every key. */
  public static final byte[] LOWEST = {};

  /** Above every key. */
  static final byte[] HIGHEST = {(byte) 0xFF};

  /** The smallest bound above the static row and not above any regular one. */
  static final byte[] REGULAR = {0x40};

  private RowKeys() {}

  /** A new copy of the static row's key. */
  public static byte[] staticRow() {
    return STATIC.clone();
  }

  /** A new copy of the bound above every key. */
  public static byte[] highest() {
    return HIGHEST.clone();
  }

  public static boolean isStatic(byte[] bytes, int offset, int length) {
    return length == 1 && bytes[offset] == 1;
  }

  static boolean isValid(byte[] bytes, int offset, int length) {
    if (length == 0) {
      return false;
    }
    int first = bytes[offset] & 0xFF;
    return first == 1 ? length == 1 : first >= 0x40 && first < 0xFF;
  }

  /** The smallest bound above a key. */
  static byte[] after(byte[] bytes, int offset, int length) {
    byte[] bound = new byte[length + 1];
    System.arraycopy(bytes, offset, bound, 0, length);
    return bound;
  }

  static int compare(byte[] left, byte[] bytes, int offset, int length) {
    return Arrays.compareUnsigned(left, 0, left.length, bytes, offset, offset + length);
  }
}
