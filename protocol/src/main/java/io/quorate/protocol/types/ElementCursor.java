package io.quorate.protocol.types;

/**
 * Walks over the elements of a collection, or the fields of a tuple, without copying them.
 *
 * <pre>
 * collection: i32 count | count times (a map: twice count): i32 length | bytes
 * tuple:      until the end:                                i32 length | bytes
 * </pre>
 *
 * <p>A negative length is null. Owned by its user; not thread-safe.
 */
public final class ElementCursor {
  private final byte[] bytes;
  private final int end;
  private final int remainingAtStart;
  private int remaining;
  private int next;
  private int offset;
  private int length;

  private ElementCursor(byte[] bytes, int start, int end, int remaining) {
    this.bytes = bytes;
    this.next = start;
    this.end = end;
    this.remaining = remaining;
    this.remainingAtStart = remaining;
  }

  /**
   * Over a collection's elements, or a map's keys and values in turn.
   *
   * @param perEntry 1, or 2 for a map
   */
  public static ElementCursor ofCollection(byte[] bytes, int offset, int length, int perEntry) {
    if (length < 4) {
      throw new InvalidValueException("Not enough bytes to read the size of a collection");
    }
    int count = BigEndian.readInt(bytes, offset);
    if (count < 0 || (long) count * perEntry * 4 > length - 4) {
      throw new InvalidValueException("Not enough bytes to read a collection of " + count);
    }
    return new ElementCursor(bytes, offset + 4, offset + length, count * perEntry);
  }

  /** Over a tuple's fields; there may be fewer of them than the type has. */
  public static ElementCursor ofTuple(byte[] bytes, int offset, int length) {
    return new ElementCursor(bytes, offset, offset + length, -1);
  }

  /** How many elements there were at the start: for a collection only. */
  public int count() {
    return remainingAtStart;
  }

  /** Moves to the next element; false at the end. */
  public boolean next() {
    if (remaining == 0 || (remaining < 0 && next == end)) {
      return false;
    }
    if (end - next < 4) {
      throw new InvalidValueException("Not enough bytes to read the size of an element");
    }
    length = BigEndian.readInt(bytes, next);
    offset = next + 4;
    if (length > end - offset) {
      throw new InvalidValueException("Not enough bytes to read an element");
    }
    next = offset + Math.max(0, length);
    if (remaining > 0) {
      remaining--;
    }
    return true;
  }

  public byte[] bytes() {
    return bytes;
  }

  public int offset() {
    return offset;
  }

  /** The element's length in bytes, negative for null. */
  public int length() {
    return length;
  }

  public boolean isNull() {
    return length < 0;
  }

  /** Whether nothing follows the last element. */
  public boolean isAtEnd() {
    return next == end;
  }
}
