package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Bytes that grow at the end. Reused, not thread-safe. */
final class ByteWriter {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** Up to so many bytes, see {@link #copy}. */
  static final int SHORT_COPY = 32;

  byte[] bytes;
  int length;

  ByteWriter(int initialCapacity) {
    bytes = new byte[initialCapacity];
  }

  void clear() {
    length = 0;
  }

  void putByte(int value) {
    reserve(1);
    bytes[length++] = (byte) value;
  }

  void putBytes(int first, int second, int third) {
    reserve(3);
    bytes[length] = (byte) first;
    bytes[length + 1] = (byte) second;
    bytes[length + 2] = (byte) third;
    length += 3;
  }

  void putShort(int value) {
    reserve(2);
    SHORT.set(bytes, length, (short) value);
    length += 2;
  }

  void putInt(int value) {
    reserve(4);
    INT.set(bytes, length, value);
    length += 4;
  }

  void putUnsignedInt(long value) {
    Invariant.check(value >>> 32 == 0, "a 32-bit number of seconds", value, 0xFFFF_FFFFL);
    putInt((int) value);
  }

  void putLong(long value) {
    reserve(8);
    LONG.set(bytes, length, value);
    length += 8;
  }

  void putUvarint(int value) {
    Invariant.check(value >= 0, "an unsigned number", value, 0);
    reserve(5);
    length = setUvarint(bytes, length, value);
  }

  /** Sets the bytes from an offset on, and returns where they end. */
  static int setUvarint(byte[] bytes, int offset, int value) {
    int at = offset;
    int rest = value;
    while (rest > 0x7F) {
      bytes[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[at++] = (byte) rest;
    return at;
  }

  void put(byte[] source) {
    put(source, 0, source.length);
  }

  void put(byte[] source, int offset, int count) {
    reserve(count);
    copy(source, offset, bytes, length, count);
    length += count;
  }

  /**
   * Copies bytes, and perhaps more than those: where there is room, few are copied as 16 or 32,
   * which is a call less. What stands behind them in the target is lost.
   */
  static void copy(byte[] source, int offset, byte[] target, int at, int count) {
    if (count > SHORT_COPY
        || offset > source.length - SHORT_COPY
        || at > target.length - SHORT_COPY) {
      System.arraycopy(source, offset, target, at, count);
      return;
    }
    long first = ByteReader.longAt(source, offset);
    long second = ByteReader.longAt(source, offset + 8);
    setLong(target, at, first);
    setLong(target, at + 8, second);
    if (count > 16) {
      long third = ByteReader.longAt(source, offset + 16);
      long fourth = ByteReader.longAt(source, offset + 24);
      setLong(target, at + 16, third);
      setLong(target, at + 24, fourth);
    }
  }

  void putLengthPrefixed(byte[] source, int offset, int count) {
    putUvarint(count);
    put(source, offset, count);
  }

  void setInt(int offset, int value) {
    setInt(bytes, offset, value);
  }

  static void setShort(byte[] bytes, int offset, int value) {
    SHORT.set(bytes, offset, (short) value);
  }

  static void setInt(byte[] bytes, int offset, int value) {
    INT.set(bytes, offset, value);
  }

  static void setLong(byte[] bytes, int offset, long value) {
    LONG.set(bytes, offset, value);
  }

  /**
   * Puts the length of what was written from {@code start} on in front of it. One byte must have
   * been left for it just below {@code start}; a longer length moves the content up, which for the
   * short contents that are usual costs less than knowing the length beforehand.
   */
  void insertLengthBefore(int start) {
    int contentLength = length - start;
    int lengthBytes = uvarintSize(contentLength);
    if (lengthBytes > 1) {
      reserve(lengthBytes - 1);
      System.arraycopy(bytes, start, bytes, start + lengthBytes - 1, contentLength);
    }
    length = start - 1;
    putUvarint(contentLength);
    length += contentLength;
  }

  static int uvarintSize(int value) {
    return Math.max(1, (38 - Integer.numberOfLeadingZeros(value)) / 7);
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, length);
  }

  void reserve(int count) {
    if (count > bytes.length - length) {
      long wanted = Math.max((long) length + count, Math.min(2L * bytes.length, 1 << 30));
      Invariant.check(wanted <= Integer.MAX_VALUE - 8, "bytes fit into an array", wanted, count);
      bytes = Arrays.copyOf(bytes, Math.max(16, (int) wanted));
    }
  }
}
