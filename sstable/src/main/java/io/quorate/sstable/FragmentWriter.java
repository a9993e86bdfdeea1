package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes a fragment, alone or as a mutation, entry by entry in key order:
 *
 * <pre>
 * writer.begin(tableId, token, key);            // or begin() for a fragment alone
 * writer.beginRow(rowKey);
 * writer.rowLiveness(timestamp);
 * writer.cell(columnId, null, timestamp, value);
 * writer.endRow();
 * Mutation mutation = Mutation.of(writer.finish());
 * </pre>
 *
 * <p>The order of rows, ranges and cells is checked; a break is a bug of the caller. A cell that
 * the row's own deletion covers is left out, and so is a row in which nothing remains. Grows to the
 * largest fragment it has written, and is reused; not thread-safe.
 */
public final class FragmentWriter {
  private final ByteWriter out = new ByteWriter(512);
  private final RowWriter row = new RowWriter(out);
  private int fragmentStart = -1;
  private int entryStart;
  private int bodyStart = -1;
  private int lastKeyOffset;
  private int lastKeyLength;
  private boolean lastWasRow;
  private boolean first;

  /** Begins a fragment. */
  public FragmentWriter begin() {
    out.clear();
    return beginFragment();
  }

  /** Begins a mutation. */
  public FragmentWriter begin(UUID tableId, long token, byte[] key) {
    out.clear();
    Mutation.writeHead(out, tableId, token, key);
    return beginFragment();
  }

  private FragmentWriter beginFragment() {
    fragmentStart = out.length;
    out.putByte(0);
    bodyStart = -1;
    lastKeyLength = 0;
    lastKeyOffset = 0;
    lastWasRow = false;
    first = true;
    return this;
  }

  /** Deletes the partition up to a timestamp. Comes first. */
  public FragmentWriter partitionDeletion(long timestampMicros, long localSeconds) {
    Invariant.check(out.length == fragmentStart + 1, "a partition's deletion comes first");
    Invariant.check(timestampMicros != RowReader.NO_TIMESTAMP, "a timestamp in range");
    out.bytes[fragmentStart] |= FragmentReader.PARTITION_DELETION;
    out.putLong(timestampMicros);
    out.putUnsignedInt(localSeconds);
    return this;
  }

  /** Deletes the rows with {@code start <= key < end} up to a timestamp. */
  public FragmentWriter rangeTombstone(
      byte[] start, byte[] end, long timestampMicros, long localSeconds) {
    Invariant.check(bodyStart < 0, "the row before has ended");
    Invariant.check(Arrays.compareUnsigned(start, end) < 0, "a range is not empty");
    Invariant.check(timestampMicros != RowReader.NO_TIMESTAMP, "a timestamp in range");
    int order = first ? 1 : RowKeys.compare(start, out.bytes, lastKeyOffset, lastKeyLength);
    Invariant.check(order > 0 || (order == 0 && !lastWasRow), "ranges are written in key order");
    out.bytes[fragmentStart] |= FragmentReader.HAS_RANGES;
    out.putByte(FragmentReader.RANGE);
    putKey(start, 0, start.length);
    out.putLengthPrefixed(end, 0, end.length);
    out.putLong(timestampMicros);
    out.putUnsignedInt(localSeconds);
    lastWasRow = false;
    return this;
  }

  FragmentWriter rangeTombstone(RangeTombstone range) {
    return rangeTombstone(
        range.start(),
        range.end(),
        range.deletion().timestampMicros(),
        range.deletion().localSeconds());
  }

  public FragmentWriter beginRow(byte[] rowKey) {
    return beginRow(rowKey, 0, rowKey.length);
  }

  public FragmentWriter beginRow(byte[] keyBytes, int offset, int length) {
    putRowKey(keyBytes, offset, length);
    out.putByte(0);
    bodyStart = out.length;
    row.begin();
    return this;
  }

  /** The row exists by itself, without any cell. */
  public FragmentWriter rowLiveness(long timestampMicros) {
    row().liveness(timestampMicros, 0, 0);
    return this;
  }

  /** The row exists by itself until it expires. */
  public FragmentWriter rowLiveness(long timestampMicros, int ttlSeconds, long expiresAtSeconds) {
    row().liveness(timestampMicros, ttlSeconds, expiresAtSeconds);
    return this;
  }

  public FragmentWriter rowDeletion(long timestampMicros, long localSeconds) {
    row().deletion(timestampMicros, localSeconds);
    return this;
  }

  /**
   * A cell's value.
   *
   * @param path key of a collection's element, null for a simple column
   */
  public FragmentWriter cell(
      int columnId, byte @Nullable [] path, long timestampMicros, byte[] value) {
    row().value(columnId, path, timestampMicros, 0, 0, value, 0, value.length);
    return this;
  }

  /**
   * A cell whose value stands in a larger array.
   *
   * @param ttlSeconds 0 for a value that does not expire
   */
  public FragmentWriter cell(
      int columnId,
      byte @Nullable [] path,
      long timestampMicros,
      int ttlSeconds,
      long expiresAtSeconds,
      byte[] bytes,
      int offset,
      int length) {
    row()
        .value(
            columnId, path, timestampMicros, ttlSeconds, expiresAtSeconds, bytes, offset, length);
    return this;
  }

  /** A cell's value until it expires. */
  public FragmentWriter expiringCell(
      int columnId,
      byte @Nullable [] path,
      long timestampMicros,
      int ttlSeconds,
      long expiresAtSeconds,
      byte[] value) {
    Invariant.check(ttlSeconds > 0, "a time to live in range", ttlSeconds, 0);
    row()
        .value(
            columnId, path, timestampMicros, ttlSeconds, expiresAtSeconds, value, 0, value.length);
    return this;
  }

  public FragmentWriter tombstone(
      int columnId, byte @Nullable [] path, long timestampMicros, long localSeconds) {
    row().tombstone(columnId, path, timestampMicros, localSeconds);
    return this;
  }

  /** Deletes every element of a collection up to a timestamp. Comes before its cells. */
  public FragmentWriter complexDeletion(int columnId, long timestampMicros, long localSeconds) {
    row().complexDeletion(columnId, timestampMicros, localSeconds);
    return this;
  }

  /** Copies the current cell of a reader. */
  FragmentWriter copyCell(RowReader cell) {
    row().copy(cell);
    return this;
  }

  public FragmentWriter endRow() {
    if (row().end()) {
      out.insertLengthBefore(bodyStart);
      lastWasRow = true;
      first = false;
    } else {
      out.length = entryStart;
    }
    bodyStart = -1;
    return this;
  }

  /** Copies a row whose body is already encoded. */
  public FragmentWriter row(
      byte[] keyBytes, int keyOffset, int keyLength, byte[] body, int bodyOffset, int bodyLength) {
    putRowKey(keyBytes, keyOffset, keyLength);
    out.putLengthPrefixed(body, bodyOffset, bodyLength);
    lastWasRow = true;
    first = false;
    return this;
  }

  private void putRowKey(byte[] keyBytes, int offset, int length) {
    Invariant.check(bodyStart < 0, "the row before has ended");
    Invariant.check(RowKeys.isValid(keyBytes, offset, length), "a row key in its form");
    int order =
        first
            ? 1
            : Arrays.compareUnsigned(
                keyBytes,
                offset,
                offset + length,
                out.bytes,
                lastKeyOffset,
                lastKeyOffset + lastKeyLength);
    Invariant.check(order > 0 || (order == 0 && !lastWasRow), "rows are written in key order");
    entryStart = out.length;
    out.putByte(FragmentReader.ROW);
    putKey(keyBytes, offset, length);
  }

  private void putKey(byte[] keyBytes, int offset, int length) {
    out.putUvarint(length);
    lastKeyOffset = out.length;
    lastKeyLength = length;
    out.put(keyBytes, offset, length);
    first = false;
  }

  private RowWriter row() {
    Invariant.check(bodyStart >= 0, "a row has begun");
    return row;
  }

  /** Bytes written so far. */
  public int sizeBytes() {
    return out.length;
  }

  /** Whether the fragment says nothing so far. */
  public boolean isEmpty() {
    return out.length == fragmentStart + 1;
  }

  /** Ends the fragment or mutation and returns a copy of its bytes. */
  public byte[] finish() {
    Invariant.check(fragmentStart >= 0 && bodyStart < 0, "every row has ended");
    return out.toBytes();
  }
}
