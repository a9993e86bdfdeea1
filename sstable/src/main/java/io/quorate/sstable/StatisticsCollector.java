package io.quorate.sstable;

import java.util.Arrays;
import java.util.BitSet;

/** Gathers the {@link SSTableStatistics} of an SSTable while it is written. Not thread-safe. */
final class StatisticsCollector {
  /** Bounds of rows longer than this are kept as less exact, shorter ones. */
  private static final int MAX_BOUND_BYTES = 256;

  private final RowReader row = new RowReader();
  private final DropTimesCollector dropTimes = new DropTimesCollector();
  private final BitSet columnIds = new BitSet();

  /** Of those below 64, in {@link #addPlainRow}: a bit each. */
  private long plainColumnIds;

  private final ByteWriter minRow = new ByteWriter(64);
  private final ByteWriter maxRow = new ByteWriter(64);
  private long entryCount;
  private long partitionCount;
  private long tombstoneCount;
  private long itemCount;
  private long dataBytes;
  private long minTimestampMicros = Long.MAX_VALUE;
  private long maxTimestampMicros = Long.MIN_VALUE;
  private long minLocalSeconds = Long.MAX_VALUE;
  private long maxLocalSeconds = Long.MIN_VALUE;
  private long minToken;
  private long maxToken;
  private boolean atFirstRow;
  private boolean hasHeads;
  private boolean hasStatics;
  private boolean hasRowDeletions;
  private boolean hasComplexColumns;

  boolean isEmpty() {
    return entryCount == 0;
  }

  /** Notes a row or a partition's head; entries come in order. */
  void add(KeyStep step, byte[] value, int valueOffset, int valueLength) {
    if (step.newPartition) {
      partitionCount++;
      atFirstRow = true;
      maxToken = StoreKey.token(step.key, 0);
      minToken = isEmpty() ? maxToken : minToken;
    }
    entryCount++;
    dataBytes += step.keyLength + valueLength;
    if (step.partitionLength == step.keyLength) {
      addHead(PartitionHead.read(value, valueOffset, valueLength));
      return;
    }
    if (!step.sameRow) { // otherwise it was noted with the partition before
      addRowKey(step.key, step.partitionLength, step.keyLength - step.partitionLength);
    }
    if (!addPlainRow(value, valueOffset, valueLength)) {
      addRow(value, valueOffset, valueLength);
    }
  }

  private void addHead(PartitionHead head) {
    hasHeads = true;
    if (!head.deletion().isNone()) {
      addTombstone(head.deletion().timestampMicros(), head.deletion().localSeconds());
    }
    for (RangeTombstone range : head.ranges()) {
      addTombstone(range.deletion().timestampMicros(), range.deletion().localSeconds());
    }
  }

  /** Rows of a partition ascend, so only its first can be the least of all. */
  private void addRowKey(byte[] key, int offset, int length) {
    if (RowKeys.isStatic(key, offset, length)) {
      hasStatics = true;
      return;
    }
    boolean first = maxRow.length == 0;
    if (first || (atFirstRow && compare(minRow, key, offset, length) > 0)) {
      minRow.clear();
      minRow.put(key, offset, length);
    }
    atFirstRow = false;
    if (first || compare(maxRow, key, offset, length) < 0) {
      maxRow.clear();
      maxRow.put(key, offset, length);
    }
  }

  private static int compare(ByteWriter bound, byte[] key, int offset, int length) {
    int limit = Math.min(bound.length, length);
    for (int i = 0; i < limit; i++) {
      // Row keys are mostly short: this is done before a call would have begun.
      if (bound.bytes[i] != key[offset + i]) {
        return Byte.compareUnsigned(bound.bytes[i], key[offset + i]);
      }
    }
    return bound.length - length;
  }

  /**
   * Notes a row as most are: with liveness, with values of its timestamp, and nothing else. {@link
   * #addRow} would note the same.
   *
   * @return false when the row is another one, and nothing was noted
   */
  private boolean addPlainRow(byte[] body, int offset, int length) {
    int at = offset + 1 + Long.BYTES;
    int end = offset + length;
    if (at > end || body[offset] != RowReader.LIVENESS) {
      return false;
    }
    long columns = 0;
    int count = 0;
    while (at < end) {
      // The column's id in a byte, flags, the value's length in a byte or two.
      if (end - at < 3
          || body[at] < 0
          || body[at] >= Long.SIZE
          || body[at + 1] != RowReader.ROW_TIMESTAMP) {
        return false;
      }
      columns |= 1L << body[at];
      int valueLength = body[at + 2];
      at += 3;
      if (valueLength < 0) {
        if (at == end || body[at] <= 0) {
          return false;
        }
        valueLength = (valueLength & 0x7F) | body[at] << 7;
        at++;
      }
      at += valueLength;
      count++;
    }
    if (at > end) {
      return false;
    }
    plainColumnIds |= columns;
    addTimestamp(ByteReader.longAt(body, offset + 1));
    itemCount += count;
    addLocal(Long.MAX_VALUE);
    return true;
  }

  private void addRow(byte[] body, int offset, int length) {
    row.reset(body, offset, length);
    if (row.hasLiveness()) {
      addTimestamp(row.livenessTimestampMicros());
      addLocal(row.livenessExpires() ? row.livenessExpiresAtSeconds() : Long.MAX_VALUE);
    }
    if (row.hasDeletion()) {
      hasRowDeletions = true;
      addTombstone(row.deletionTimestampMicros(), row.deletionLocalSeconds());
    }
    while (row.nextCell()) {
      columnIds.set(row.columnId());
      hasComplexColumns |= row.hasPath() || row.isComplexDeletion();
      if (row.isTombstone() || row.isComplexDeletion()) {
        addTombstone(row.timestampMicros(), row.localSeconds());
      } else {
        addTimestamp(row.timestampMicros());
        addLocal(row.isExpiring() ? row.expiresAtSeconds() : Long.MAX_VALUE);
      }
    }
  }

  private void addTombstone(long timestampMicros, long localSeconds) {
    tombstoneCount++;
    addTimestamp(timestampMicros);
    addLocal(localSeconds);
  }

  private void addTimestamp(long timestampMicros) {
    itemCount++;
    minTimestampMicros = Math.min(minTimestampMicros, timestampMicros);
    maxTimestampMicros = Math.max(maxTimestampMicros, timestampMicros);
  }

  private void addLocal(long seconds) {
    minLocalSeconds = Math.min(minLocalSeconds, seconds);
    maxLocalSeconds = Math.max(maxLocalSeconds, seconds);
    if (seconds != Long.MAX_VALUE) {
      dropTimes.add(seconds);
    }
  }

  /**
   * @param settings with which the SSTable was written
   * @param nowSeconds the wall clock's time
   */
  SSTableStatistics statistics(TableSettings settings, long nowSeconds) {
    columnIds.or(BitSet.valueOf(new long[] {plainColumnIds}));
    return new SSTableStatistics(
        entryCount,
        partitionCount,
        tombstoneCount,
        dataBytes,
        minTimestampMicros,
        maxTimestampMicros,
        minLocalSeconds,
        maxLocalSeconds,
        minToken,
        maxToken,
        hasHeads,
        hasStatics,
        hasRowDeletions,
        hasComplexColumns,
        columnIds.stream().toArray(),
        lowerBound(),
        upperBound(),
        SSTableStatistics.Written.as(settings),
        dropTimes.dropTimes(nowSeconds, itemCount));
  }

  private byte[] lowerBound() {
    if (maxRow.length == 0) {
      return RowKeys.HIGHEST;
    }
    return Arrays.copyOf(minRow.bytes, Math.min(minRow.length, MAX_BOUND_BYTES));
  }

  private byte[] upperBound() {
    return maxRow.length > MAX_BOUND_BYTES ? RowKeys.HIGHEST : maxRow.toBytes();
  }
}
