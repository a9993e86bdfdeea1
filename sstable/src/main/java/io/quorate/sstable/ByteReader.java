package io.quorate.sstable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A position in a stretch of a byte array. Every read is checked against the end of the stretch, so
 * that bytes which lie about a length fail with {@link MalformedException} and never reach beyond.
 * Reused, not thread-safe.
 */
class ByteReader {
  private static final byte[] NONE = {};
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  byte[] bytes = NONE;
  int position;
  int end;

  final void over(byte[] source, int offset, int length) {
    if ((offset | length) < 0 || length > source.length - offset) {
      throw new MalformedException(
          length + " bytes at " + offset + " reach beyond the array of " + source.length);
    }
    bytes = source;
    position = offset;
    end = offset + length;
  }

  final boolean hasRemaining() {
    return position < end;
  }

  final int readByte() {
    require(1);
    return bytes[position++] & 0xFF;
  }

  final int readUnsignedShort() {
    require(2);
    int value = (short) SHORT.get(bytes, position) & 0xFFFF;
    position += 2;
    return value;
  }

  final int readInt() {
    require(4);
    int value = (int) INT.get(bytes, position);
    position += 4;
    return value;
  }

  /** Seconds and the like: an unsigned 32-bit number. */
  final long readUnsignedInt() {
    return readInt() & 0xFFFF_FFFFL;
  }

  final long readLong() {
    require(8);
    long value = (long) LONG.get(bytes, position);
    position += 8;
    return value;
  }

  /** An unsigned LEB128 number below 2^31, in its shortest form. */
  final int readUvarint() {
    require(1);
    int first = bytes[position];
    if (first >= 0) {
      position++;
      return first;
    }
    return readLongUvarint();
  }

  private int readLongUvarint() {
    int start = position;
    long value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      require(1);
      int next = bytes[position++];
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        if (next == 0 || value > Integer.MAX_VALUE) {
          break;
        }
        return (int) value;
      }
    }
    throw new MalformedException("not a number in its shortest form at " + start);
  }

  /** A length that is followed by that many bytes. */
  final int readLength() {
    int length = readUvarint();
    require(length);
    return length;
  }

  final void skip(int length) {
    require(length);
    position += length;
  }

  final byte[] readBytes(int length) {
    require(length);
    byte[] copy = Arrays.copyOfRange(bytes, position, position + length);
    position += length;
    return copy;
  }

  private void require(int length) {
    if (length > end - position) {
      throw new MalformedException(
          "bytes end at " + end + " where " + length + " more are due at " + position);
    }
  }

  static long longAt(byte[] bytes, int offset) {
    return (long) LONG.get(bytes, offset);
  }

  static int intAt(byte[] bytes, int offset) {
    return (int) INT.get(bytes, offset);
  }

  static int unsignedShortAt(byte[] bytes, int offset) {
    return (short) SHORT.get(bytes, offset) & 0xFFFF;
  }
}
