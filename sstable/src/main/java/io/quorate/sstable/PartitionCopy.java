package io.quorate.sstable;

import java.io.IOException;
import java.util.List;
import java.util.function.LongFunction;

/**
 * Merges whole sources into a new SSTable: a memtable when it is flushed, SSTables when they are
 * compacted. Runs on a background thread.
 */
final class PartitionCopy {
  private final PartitionMerger merger = new PartitionMerger();
  private final ByteWriter key = new ByteWriter(128);
  private final ByteWriter head = new ByteWriter(128);

  /**
   * Copies everything.
   *
   * @param nowSeconds what expires up to then becomes a tombstone
   * @param purge what may be left out of the partitions of a token
   */
  void copy(
      List<EntryCursor> sources, SSTableWriter out, long nowSeconds, LongFunction<Purge> purge)
      throws IOException {
    PartitionWalk walk = new PartitionWalk(sources);
    walk.seek(RowKeys.LOWEST);
    while (walk.next()) {
      merger.begin(nowSeconds, purge.apply(walk.token()));
      walk.load(merger);
      key.clear();
      key.put(walk.partition.bytes, 0, walk.partition.length);
      copyPartition(out);
    }
  }

  private void copyPartition(SSTableWriter out) throws IOException {
    int partitionLength = key.length;
    PartitionHead kept = merger.keptHead();
    if (!kept.isEmpty()) {
      head.clear();
      kept.write(head);
      out.add(key.bytes, 0, partitionLength, head.bytes, 0, head.length);
    }
    merger.seekAtOrAfter(RowKeys.LOWEST);
    while (merger.next(RowKeys.HIGHEST)) {
      key.length = partitionLength;
      key.put(merger.keyBytes, merger.keyOffset, merger.keyLength);
      RowMerger row = merger.row();
      out.add(key.bytes, 0, key.length, row.bytes, row.offset, row.length);
    }
  }
}
