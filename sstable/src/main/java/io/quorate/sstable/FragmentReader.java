package io.quorate.sstable;

import java.util.Arrays;

/**
 * Reads a fragment: what is known, from one or several sources, of one partition. {@link #reset}
 * takes in the head, {@link #next} moves over the entries. Nothing is allocated; byte strings are
 * given as offset and length into {@link #bytes()}. Reused, not thread-safe.
 *
 * <pre>
 * Fragment := flags u8
 *           | [timestampMicros i64 | localSeconds u32]     if PARTITION_DELETION
 *           | entries to the end
 *   flags: 1 PARTITION_DELETION, 2 HAS_RANGES (some entry is a range tombstone)
 *   the empty fragment is the one byte 0
 * Entry := kind u8 (1 row, 2 range tombstone)
 *   row   := keyLength uvarint | rowKey | bodyLength uvarint | body       (see RowReader)
 *   range := startLength uvarint | start | endLength uvarint | end
 *          | timestampMicros i64 | localSeconds u32        deletes rows with start <= rowKey < end
 * </pre>
 *
 * <p>Entries are sorted: rows strictly by key, range tombstones by start, a range before a row with
 * that key. A <em>canonical</em> fragment, which is what {@link FragmentMerger} makes, moreover has
 * disjoint ranges, adjacent equal ones joined, and nothing that its own deletions cover, so that
 * equal knowledge is equal bytes. Range tombstones do not cover the static row.
 */
public final class FragmentReader extends ByteReader {
  static final int PARTITION_DELETION = 1;
  static final int HAS_RANGES = 2;
  static final int ROW = 1;
  static final int RANGE = 2;

  /** What {@link #next} stands on. */
  public enum Entry {
    ROW,
    RANGE_TOMBSTONE,
    END
  }

  private int flags;
  private Deletion partitionDeletion = Deletion.NONE;
  private int keyOffset;
  private int keyLength;
  private int bodyOffset;
  private int bodyLength;
  private long timestampMicros;
  private long localSeconds;

  public FragmentReader reset(byte[] fragment) {
    return reset(fragment, 0, fragment.length);
  }

  public FragmentReader reset(byte[] source, int offset, int length) {
    over(source, offset, length);
    flags = readByte();
    if (flags > (PARTITION_DELETION | HAS_RANGES)) {
      throw new MalformedException("fragment flags " + flags + " at " + offset);
    }
    partitionDeletion = (flags & PARTITION_DELETION) != 0 ? readDeletion() : Deletion.NONE;
    return this;
  }

  /** Moves to the next entry. */
  public Entry next() {
    if (position >= end) {
      return Entry.END;
    }
    int kind = readByte();
    keyLength = readLength();
    keyOffset = position;
    position += keyLength;
    bodyLength = readLength();
    bodyOffset = position;
    position += bodyLength;
    if (kind == ROW) {
      return Entry.ROW;
    }
    if (kind != RANGE) {
      throw new MalformedException("entry of kind " + kind + " before " + position);
    }
    timestampMicros = readLong();
    if (timestampMicros == RowReader.NO_TIMESTAMP) {
      throw new MalformedException("timestamp out of range before " + position);
    }
    localSeconds = readUnsignedInt();
    return Entry.RANGE_TOMBSTONE;
  }

  private Deletion readDeletion() {
    long timestamp = readLong();
    if (timestamp == RowReader.NO_TIMESTAMP) {
      throw new MalformedException("timestamp out of range before " + position);
    }
    return new Deletion(timestamp, readUnsignedInt());
  }

  /** The array that offsets point into. */
  public byte[] bytes() {
    return bytes;
  }

  /** {@link Deletion#NONE} when the partition is not deleted. */
  public Deletion partitionDeletion() {
    return partitionDeletion;
  }

  boolean hasRanges() {
    return (flags & HAS_RANGES) != 0;
  }

  /** Where the row's key, or the range's start, begins. */
  public int keyOffset() {
    return keyOffset;
  }

  public int keyLength() {
    return keyLength;
  }

  public boolean isStaticRow() {
    return RowKeys.isStatic(bytes, keyOffset, keyLength);
  }

  public int bodyOffset() {
    return bodyOffset;
  }

  public int bodyLength() {
    return bodyLength;
  }

  /** Where the range's end begins. */
  public int rangeEndOffset() {
    return bodyOffset;
  }

  public int rangeEndLength() {
    return bodyLength;
  }

  /** Of the range tombstone. */
  public long timestampMicros() {
    return timestampMicros;
  }

  /** Of the range tombstone. */
  public long localSeconds() {
    return localSeconds;
  }

  /** Lets {@code row} read the current row's body. */
  public RowReader row(RowReader row) {
    return row.reset(bytes, bodyOffset, bodyLength);
  }

  RangeTombstone rangeTombstone() {
    return new RangeTombstone(
        Arrays.copyOfRange(bytes, keyOffset, keyOffset + keyLength),
        Arrays.copyOfRange(bytes, bodyOffset, bodyOffset + bodyLength),
        new Deletion(timestampMicros, localSeconds));
  }
}
