package io.quorate.protocol.types;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/** A growing array of bytes. Owned by its user and reused between uses; not thread-safe. */
public final class ByteSink {
  private static final int MAX_LENGTH = Integer.MAX_VALUE - 16;
  private static final byte[] NOTHING = {};

  private byte[] array;
  private int length;

  public ByteSink() {
    this(64);
  }

  public ByteSink(int initialCapacity) {
    this.array = initialCapacity == 0 ? NOTHING : new byte[initialCapacity];
  }

  public int length() {
    return length;
  }

  /** The bytes so far, from 0 to {@link #length}; valid until the next write. */
  public byte[] array() {
    return array;
  }

  /** Forgets everything written after the first {@code newLength} bytes. */
  public void truncate(int newLength) {
    if (newLength < 0 || newLength > length) {
      throw new IllegalArgumentException(newLength + " of " + length);
    }
    length = newLength;
  }

  /** Makes room for so many more bytes, exactly when there are none yet. */
  public void reserve(int more) {
    array(more);
  }

  public void clear() {
    length = 0;
  }

  public byte[] toByteArray() {
    return Arrays.copyOf(array, length);
  }

  public void writeByte(int value) {
    array(1)[length++] = (byte) value;
  }

  public void writeShort(int value) {
    BigEndian.writeShort(array(2), length, value);
    length += 2;
  }

  public void writeInt(int value) {
    BigEndian.writeInt(array(4), length, value);
    length += 4;
  }

  public void writeLong(long value) {
    BigEndian.writeLong(array(8), length, value);
    length += 8;
  }

  public void writeUuid(UUID value) {
    writeLong(value.getMostSignificantBits());
    writeLong(value.getLeastSignificantBits());
  }

  public void write(byte[] source) {
    write(source, 0, source.length);
  }

  public void write(byte[] source, int offset, int count) {
    System.arraycopy(source, offset, array(count), length, count);
    length += count;
  }

  /** Writes an {@code int} length and the bytes, the way values stand on the wire. */
  public void writeValue(byte[] source, int offset, int count) {
    writeInt(count);
    write(source, offset, count);
  }

  public void writeUtf8(String text) {
    write(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Replaces an {@code int} written before. */
  public void overwriteInt(int at, int value) {
    BigEndian.writeInt(array, at, value);
  }

  /** Inverts every bit from {@code from} to the end. */
  public void invertFrom(int from) {
    for (int i = from; i < length; i++) {
      array[i] = (byte) ~array[i];
    }
  }

  private byte[] array(int more) {
    if (array.length - length < more) {
      if (more > MAX_LENGTH - length) {
        throw new OutOfMemoryError("more than " + MAX_LENGTH + " bytes");
      }
      long doubled = Math.min(MAX_LENGTH, Math.max(16L, 2L * array.length));
      array = Arrays.copyOf(array, (int) Math.max(doubled, (long) length + more));
    }
    return array;
  }
}
