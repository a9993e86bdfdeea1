package io.quorate.sstable;

/**
 * What is known of an SSTable without reading its data.
 *
 * <pre>
 * Statistics := entryCount i64 | partitionCount i64 | tombstoneCount i64 | dataBytes i64
 *             | minTimestampMicros i64 | maxTimestampMicros i64 | minToken i64 | maxToken i64
 *             | hasHeads u8
 * </pre>
 *
 * @param tombstoneCount deletions of any kind, not counting expiring cells
 * @param dataBytes keys and values before compression
 * @param hasHeads whether some partition has a deletion or range tombstones
 */
record SSTableStatistics(
    long entryCount,
    long partitionCount,
    long tombstoneCount,
    long dataBytes,
    long minTimestampMicros,
    long maxTimestampMicros,
    long minToken,
    long maxToken,
    boolean hasHeads) {

  void write(ByteWriter out) {
    out.putLong(entryCount);
    out.putLong(partitionCount);
    out.putLong(tombstoneCount);
    out.putLong(dataBytes);
    out.putLong(minTimestampMicros);
    out.putLong(maxTimestampMicros);
    out.putLong(minToken);
    out.putLong(maxToken);
    out.putByte(hasHeads ? 1 : 0);
  }

  static SSTableStatistics read(byte[] content) {
    ByteReader in = new ByteReader();
    in.over(content, 0, content.length);
    return new SSTableStatistics(
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readByte() == 1);
  }
}
