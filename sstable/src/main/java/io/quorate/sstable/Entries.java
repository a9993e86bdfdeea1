package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.Arrays;

/**
 * The entries of one memtable, keys and values, as bytes in a {@link Slab}. An entry is known by
 * its address and never moves; {@link EntryTree} knows their order.
 *
 * <pre>
 * Entry := keyLength i32 | valueLength i32 | key | place, at least 8 bytes
 *   place := the value
 *          | valueAddress i32 | valueCapacity i32     if the sign bit of keyLength is set
 * </pre>
 *
 * <p>A value stands right behind its key until it outgrows its place; from then on it stands
 * elsewhere, with room to grow. Owned by its memtable; not thread-safe until frozen.
 */
final class Entries {
  /** No entry: too near to the end of the last chunk for one. */
  static final int NONE = -1;

  private static final int VALUE_LENGTH = 4;
  private static final int KEY = 8;
  private static final int MOVED = 1 << 31;
  private static final int LEAST_PLACE = 8;
  private static final int CACHE_LINE_BYTES = 64;

  private final Slab slab = new Slab();

  /** Adds an entry whose key is new. */
  int add(byte[] key, int keyLength, byte[] value, int offset, int valueLength) {
    int entry = slab.allocate(KEY + keyLength + Math.max(LEAST_PLACE, valueLength));
    byte[] chunk = slab.chunk(entry);
    int at = Slab.offset(entry);
    ByteWriter.setInt(chunk, at, keyLength);
    ByteWriter.setInt(chunk, at + VALUE_LENGTH, valueLength);
    System.arraycopy(key, 0, chunk, at + KEY, keyLength);
    System.arraycopy(value, offset, chunk, at + KEY + keyLength, valueLength);
    return entry;
  }

  byte[] keyBytes(int entry) {
    return slab.chunk(entry);
  }

  static int keyOffset(int entry) {
    return Slab.offset(entry) + KEY;
  }

  int keyLength(int entry) {
    return header(entry) & ~MOVED;
  }

  boolean hasKey(int entry, byte[] key, int length) {
    byte[] chunk = slab.chunk(entry);
    int at = Slab.offset(entry);
    return (ByteReader.intAt(chunk, at) & ~MOVED) == length
        && Arrays.equals(chunk, at + KEY, at + KEY + length, key, 0, length);
  }

  private int header(int entry) {
    return ByteReader.intAt(slab.chunk(entry), Slab.offset(entry));
  }

  int valueLength(int entry) {
    return ByteReader.intAt(slab.chunk(entry), Slab.offset(entry) + VALUE_LENGTH);
  }

  /** How long the value may grow where it is. */
  int valueCapacity(int entry) {
    int header = header(entry);
    if (header < 0) {
      return ByteReader.intAt(slab.chunk(entry), placeOffset(entry) + 4);
    }
    // What was allocated for the value as long as it is now. It may have been longer once.
    int fixed = KEY + header;
    return Slab.rounded(fixed + Math.max(LEAST_PLACE, valueLength(entry))) - fixed;
  }

  private int placeOffset(int entry) {
    return keyOffset(entry) + keyLength(entry);
  }

  byte[] valueBytes(int entry) {
    byte[] chunk = slab.chunk(entry);
    return header(entry) < 0 ? slab.chunk(ByteReader.intAt(chunk, placeOffset(entry))) : chunk;
  }

  int valueOffset(int entry) {
    int place = placeOffset(entry);
    return header(entry) < 0 ? Slab.offset(ByteReader.intAt(slab.chunk(entry), place)) : place;
  }

  /** Sets a value; one that outgrows its place gets another of at least {@code capacity} bytes. */
  void setValue(int entry, byte[] value, int offset, int length, int capacity) {
    if (length > valueCapacity(entry)) {
      move(entry, Math.max(length, capacity));
    }
    System.arraycopy(value, offset, valueBytes(entry), valueOffset(entry), length);
    ByteWriter.setInt(slab.chunk(entry), Slab.offset(entry) + VALUE_LENGTH, length);
  }

  /** Appends to a value that has room. */
  void appendValue(int entry, byte[] more, int offset, int length) {
    int before = valueLength(entry);
    Invariant.check(length <= valueCapacity(entry) - before, "a value has room", before, length);
    System.arraycopy(more, offset, valueBytes(entry), valueOffset(entry) + before, length);
    ByteWriter.setInt(slab.chunk(entry), Slab.offset(entry) + VALUE_LENGTH, before + length);
  }

  /** Gives a value another place, which takes it as it is. */
  void move(int entry, int capacity) {
    int address = slab.allocate(capacity);
    System.arraycopy(
        valueBytes(entry),
        valueOffset(entry),
        slab.chunk(address),
        Slab.offset(address),
        valueLength(entry));
    byte[] chunk = slab.chunk(entry);
    int place = placeOffset(entry);
    ByteWriter.setInt(chunk, Slab.offset(entry), keyLength(entry) | MOVED);
    ByteWriter.setInt(chunk, place, address);
    ByteWriter.setInt(chunk, place + 4, capacity);
  }

  /** Shows an entry in a cursor's fields. */
  void show(int entry, EntryCursor cursor) {
    byte[] chunk = slab.chunk(entry);
    int at = Slab.offset(entry);
    int header = ByteReader.intAt(chunk, at);
    int keyLength = header & ~MOVED;
    int place = at + KEY + keyLength;
    cursor.keyBytes = chunk;
    cursor.keyOffset = at + KEY;
    cursor.keyLength = keyLength;
    cursor.valueLength = ByteReader.intAt(chunk, at + VALUE_LENGTH);
    if (header < 0) {
      int address = ByteReader.intAt(chunk, place);
      cursor.valueBytes = slab.chunk(address);
      cursor.valueOffset = Slab.offset(address);
    } else {
      cursor.valueBytes = chunk;
      cursor.valueOffset = place;
    }
  }

  /** Looks at the lines of a short entry, so that they are near when it is read. */
  int fetch(int entry) {
    byte[] chunk = slab.chunk(entry);
    int at = Slab.offset(entry);
    int last = chunk.length - 1;
    return chunk[at]
        + chunk[Math.min(at + CACHE_LINE_BYTES, last)]
        + chunk[Math.min(at + 2 * CACHE_LINE_BYTES, last)];
  }

  long memoryBytes() {
    return slab.memoryBytes();
  }
}
