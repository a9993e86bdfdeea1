package io.quorate.sstable;

import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Merges whole sources into new SSTables: a memtable when it is flushed, SSTables when they are
 * compacted. It can stop between any two rows and go on later. Runs on one background thread at a
 * time.
 *
 * <p>Most partitions of most compactions stand in one source only, and most rows neither delete nor
 * expire. Such a row is copied as it stands.
 */
final class PartitionCopy {
  private final PartitionWalk walk;
  private final SSTableSeries out;
  private final long nowSeconds;
  private final LongFunction<Purge> purge;
  private final LongPredicate keeps;
  private final PartitionMerger merger = new PartitionMerger();
  private final ByteWriter key = new ByteWriter(128);
  private final ByteWriter head = new ByteWriter(128);
  private final RowMerger row = new RowMerger();

  /** What may be left out of the partition; null until something in it asks. */
  private @Nullable Purge purgeHere;

  private boolean begun;
  private boolean merging;

  /** Whether the rows of the partition are copied from its only source. */
  private boolean copying;

  private int partitionLength;

  /**
   * @param nowSeconds what expires up to then becomes a tombstone
   * @param purge what may be left out of the partitions of a token
   * @param keeps which tokens are copied at all
   */
  PartitionCopy(
      List<EntryCursor> sources,
      SSTableSeries out,
      long nowSeconds,
      LongFunction<Purge> purge,
      LongPredicate keeps) {
    this.walk = new PartitionWalk(sources);
    this.out = out;
    this.nowSeconds = nowSeconds;
    this.purge = purge;
    this.keeps = keeps;
  }

  /** Writes a frozen memtable as it is, at once. */
  static List<SSTable> copyAll(Memtable source, SSTableSeries out) throws IOException {
    try {
      if (source.hasHeads()) {
        LongFunction<Purge> none = token -> Purge.NONE;
        new PartitionCopy(
                List.of(source.scanCursor()), out, RowMerger.NEVER_SECONDS, none, token -> true)
            .copy(() -> false);
      } else {
        copyEntries(source.scanCursor(), out);
      }
      return out.finish();
    } catch (IOException e) {
      try {
        out.abandon();
      } catch (IOException alsoFailed) {
        e.addSuppressed(alsoFailed);
      }
      throw e;
    }
  }

  /** Where no partition has deletions nothing acts on a row, whatever it says itself. */
  private static void copyEntries(EntryCursor source, SSTableSeries out) throws IOException {
    for (boolean on = source.seekAtOrAfter(RowKeys.LOWEST, 0); on; on = source.next()) {
      out.beginPartition(StoreKey.token(source.keyBytes, source.keyOffset));
      add(source, source.valueBytes, source.valueOffset, source.valueLength, out);
    }
  }

  /**
   * Copies on.
   *
   * @param pause asked after each row whether it is enough for now
   * @return whether everything is copied
   */
  boolean copy(BooleanSupplier pause) throws IOException {
    if (!begun) {
      begun = true;
      walk.seek(RowKeys.LOWEST);
    }
    while (true) {
      if (copying && !copyRows(pause)) {
        return false;
      }
      if (merging && !copyMerged(pause)) {
        return false;
      }
      if (!walk.next()) {
        return true;
      }
      if (keeps.test(walk.token())) {
        beginPartition();
      }
      // Each call comes at least to the next row or partition.
      if (pause.getAsBoolean()) {
        return false;
      }
    }
  }

  private void beginPartition() throws IOException {
    out.beginPartition(walk.token());
    purgeHere = null;
    copying = walk.hasOnlySourceOfRows();
    if (copying) {
      return;
    }
    merging = true;
    merger.begin(nowSeconds, purgeHere());
    walk.load(merger);
    key.clear();
    key.put(walk.partition.bytes, 0, walk.partition.length);
    partitionLength = key.length;
    PartitionHead kept = merger.keptHead();
    if (!kept.isEmpty()) {
      head.clear();
      kept.write(head);
      out.add(key.bytes, 0, partitionLength, false, head.bytes, 0, head.length);
    }
    merger.seekAtOrAfter(RowKeys.LOWEST);
  }

  private Purge purgeHere() {
    Purge here = purgeHere;
    if (here == null) {
      here = purge.apply(walk.token());
      purgeHere = here;
    }
    return here;
  }

  private boolean copyRows(BooleanSupplier pause) throws IOException {
    EntryCursor source = walk.onlySource();
    do {
      if (isPlain(source)) {
        add(source, source.valueBytes, source.valueOffset, source.valueLength, out);
      } else {
        row.begin();
        row.add(source.valueBytes, source.valueOffset, source.valueLength);
        if (row.merge(Deletion.NONE, nowSeconds, purgeHere())) {
          add(source, row.bytes, row.offset, row.length, out);
        }
      }
      if (!walk.nextOfOnlySource()) {
        copying = false;
        return true;
      }
    } while (!pause.getAsBoolean());
    return false;
  }

  private static void add(
      EntryCursor source, byte[] value, int offset, int length, SSTableSeries out)
      throws IOException {
    out.add(
        source.keyBytes,
        source.keyOffset,
        source.keyLength,
        source.hasPartitionersToken,
        value,
        offset,
        length);
  }

  /** Whether nothing in the row deletes or expires, so that it stays as it is. */
  private static boolean isPlain(EntryCursor source) {
    return (source.valueBytes[source.valueOffset] & ~RowReader.LIVENESS) == 0;
  }

  private boolean copyMerged(BooleanSupplier pause) throws IOException {
    while (merger.next(RowKeys.HIGHEST)) {
      key.length = partitionLength;
      key.put(merger.keyBytes, merger.keyOffset, merger.keyLength);
      RowMerger merged = merger.row();
      out.add(key.bytes, 0, key.length, false, merged.bytes, merged.offset, merged.length);
      if (pause.getAsBoolean()) {
        return false;
      }
    }
    merging = false;
    return true;
  }
}
