package io.quorate.sstable;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of an SSTable without reading its data, and what reads skip it by.
 *
 * <pre>
 * Statistics := entryCount i64 | partitionCount i64 | tombstoneCount i64 | dataBytes i64
 *             | minTimestampMicros i64 | maxTimestampMicros i64
 *             | minLocalSeconds i64 | maxLocalSeconds i64
 *             | minToken i64 | maxToken i64
 *             | contents u8 | columnCount uvarint | columnId uvarint * columnCount
 *             | minRowLength uvarint | minRow | maxRowLength uvarint | maxRow
 *             | compression u8 (0 none, 1 LZ4, 2 Zstandard) | blockBytes u32 | filterChance f64
 *             | drop times, see {@link DropTimes}
 *   contents: 1 heads, 2 static rows, 4 row deletions, 8 columns of many cells
 * </pre>
 *
 * <p>The settings are there from version 2 of the file on; the drop times may be missing in it.
 *
 * @param tombstoneCount deletions of any kind, not counting expiring cells
 * @param dataBytes keys and values before compression
 * @param minLocalSeconds when the first tombstone was made or the first value expires; {@link
 *     Long#MAX_VALUE} when everything in it is a value that stays
 * @param maxLocalSeconds when the last was made or expires; {@link Long#MAX_VALUE} when something
 *     in it is a value that stays
 * @param hasHeads whether some partition has a deletion or range tombstones
 * @param hasStatics whether some partition has a static row
 * @param hasRowDeletions whether some row has a deletion of its own
 * @param hasComplexColumns whether some cell has a path, or a column is deleted as a whole
 * @param columnIds of all cells, ascending
 * @param minRow no regular row has a lower key; {@link RowKeys#HIGHEST} when there is none
 * @param maxRow no regular row has a greater key; {@link RowKeys#LOWEST} when there is none
 * @param written the settings with which the file was written; null when that is not known
 * @param dropTimes when what is in it can go; null when that is not known
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SSTableStatistics(
    long entryCount,
    long partitionCount,
    long tombstoneCount,
    long dataBytes,
    long minTimestampMicros,
    long maxTimestampMicros,
    long minLocalSeconds,
    long maxLocalSeconds,
    long minToken,
    long maxToken,
    boolean hasHeads,
    boolean hasStatics,
    boolean hasRowDeletions,
    boolean hasComplexColumns,
    int[] columnIds,
    byte[] minRow,
    byte[] maxRow,
    @Nullable Written written,
    @Nullable DropTimes dropTimes) {
  private static final int HEADS = 1;
  private static final int STATICS = 2;
  private static final int ROW_DELETIONS = 4;
  private static final int COMPLEX_COLUMNS = 8;

  /** The settings of the table that show in the file. */
  record Written(Compression compression, int blockBytes, double filterChance) {
    private static Written read(ByteReader in) {
      Compression compression = Compression.ofCode(in.readByte());
      if (compression == null) {
        throw new MalformedException("it names a compression that there is not");
      }
      return new Written(compression, in.readInt(), Double.longBitsToDouble(in.readLong()));
    }

    static Written as(TableSettings settings) {
      return new Written(
          settings.compression(), settings.blockBytes(), settings.bloomFalsePositiveChance());
    }
  }

  /** Whether a row that lies in some slice, or a static row that is wanted, may be in here. */
  boolean mayHaveRows(List<Slice> slices, boolean includeStatic) {
    if (includeStatic && hasStatics) {
      return true;
    }
    for (int i = 0; i < slices.size(); i++) {
      Slice slice = slices.get(i);
      if (Arrays.compareUnsigned(slice.start(), maxRow) <= 0
          && Arrays.compareUnsigned(minRow, slice.end()) < 0) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether a row's body outdoes, column by column, whatever a row in here may say: each column is
   * set or deleted later than anything in here was written. Then reading on changes nothing.
   */
  boolean isOutdoneBy(RowReader row) {
    if (hasRowDeletions
        || hasComplexColumns
        || !row.hasLiveness()
        || row.livenessTimestampMicros() <= maxTimestampMicros) {
      return false;
    }
    int found = 0;
    while (found < columnIds.length && row.nextCell()) {
      if (row.columnId() == columnIds[found]) {
        if (row.timestampMicros() <= maxTimestampMicros) {
          return false;
        }
        found++;
      }
    }
    return found == columnIds.length;
  }

  /** Whether something in here may be older than something there, and stand in its partitions. */
  boolean mayBeOlderThan(SSTableStatistics other) {
    return minToken <= other.maxToken
        && maxToken >= other.minToken
        && minTimestampMicros <= other.maxTimestampMicros;
  }

  void write(ByteWriter out) {
    out.putLong(entryCount);
    out.putLong(partitionCount);
    out.putLong(tombstoneCount);
    out.putLong(dataBytes);
    out.putLong(minTimestampMicros);
    out.putLong(maxTimestampMicros);
    out.putLong(minLocalSeconds);
    out.putLong(maxLocalSeconds);
    out.putLong(minToken);
    out.putLong(maxToken);
    out.putByte(
        (hasHeads ? HEADS : 0)
            | (hasStatics ? STATICS : 0)
            | (hasRowDeletions ? ROW_DELETIONS : 0)
            | (hasComplexColumns ? COMPLEX_COLUMNS : 0));
    out.putUvarint(columnIds.length);
    for (int columnId : columnIds) {
      out.putUvarint(columnId);
    }
    out.putLengthPrefixed(minRow, 0, minRow.length);
    out.putLengthPrefixed(maxRow, 0, maxRow.length);
    if (written != null) {
      out.putByte(written.compression.code);
      out.putInt(written.blockBytes);
      out.putLong(Double.doubleToLongBits(written.filterChance));
      if (dropTimes != null) {
        dropTimes.write(out);
      }
    }
  }

  static SSTableStatistics read(byte[] content) {
    ByteReader in = new ByteReader();
    in.over(content, 0, content.length);
    long entryCount = in.readLong();
    long partitionCount = in.readLong();
    long tombstoneCount = in.readLong();
    long dataBytes = in.readLong();
    long minTimestampMicros = in.readLong();
    long maxTimestampMicros = in.readLong();
    long minLocalSeconds = in.readLong();
    long maxLocalSeconds = in.readLong();
    long minToken = in.readLong();
    long maxToken = in.readLong();
    int contents = in.readByte();
    int[] columnIds = new int[in.readLength()];
    for (int i = 0; i < columnIds.length; i++) {
      columnIds[i] = in.readUvarint();
    }
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
        (contents & HEADS) != 0,
        (contents & STATICS) != 0,
        (contents & ROW_DELETIONS) != 0,
        (contents & COMPLEX_COLUMNS) != 0,
        columnIds,
        bytes(in),
        bytes(in),
        in.hasRemaining() ? Written.read(in) : null,
        in.hasRemaining() ? DropTimes.read(in) : null);
  }

  private static byte[] bytes(ByteReader in) {
    return in.readBytes(in.readLength());
  }
}
