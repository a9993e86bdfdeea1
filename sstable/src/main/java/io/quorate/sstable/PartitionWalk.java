package io.quorate.sstable;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Walks several sources partition by partition, in order, for scans of ranges, flushes and
 * compaction. At each partition {@link #load} hands the sources that have it to a {@link
 * PartitionMerger}. Not thread-safe.
 */
final class PartitionWalk {
  private static final byte[] BEYOND_PARTITION = {(byte) 0xFF};

  private final EntryCursor[] sources;
  private final PartitionRows[] rows;

  /** Whether a source stands on an entry, not below the current partition. */
  private final boolean[] standing;

  /** Whether a source has the current partition. */
  private final boolean[] taking;

  /** Whether a source may have moved since its token was looked at. */
  private final boolean[] moved;

  /** Tokens of the entries that sources stand on: most comparisons end there. */
  private final long[] tokens;

  /** Whether its rows were handed out, and may have been walked. */
  private boolean loaded;

  private int onlySource;

  /** The current partition's part of the {@link StoreKey}. */
  final ByteWriter partition = new ByteWriter(64);

  private final ByteWriter beyond = new ByteWriter(64);

  PartitionWalk(List<EntryCursor> cursors) {
    sources = cursors.toArray(EntryCursor[]::new);
    rows = new PartitionRows[sources.length];
    for (int i = 0; i < sources.length; i++) {
      rows[i] = new PartitionRows(sources[i]);
    }
    standing = new boolean[sources.length];
    taking = new boolean[sources.length];
    moved = new boolean[sources.length];
    tokens = new long[sources.length];
  }

  /** Stands before the first partition not below a key. */
  void seek(byte[] key) throws IOException {
    for (int i = 0; i < sources.length; i++) {
      standing[i] = sources[i].seekAtOrAfter(key, key.length);
      taking[i] = false;
      moved[i] = true;
    }
  }

  /** Moves to the next partition that any source has; false at the end. */
  boolean next() throws IOException {
    leave();
    int least = -1;
    for (int i = 0; i < sources.length; i++) {
      if (!standing[i]) {
        continue;
      }
      if (moved[i]) {
        tokens[i] = StoreKey.token(sources[i].keyBytes, sources[i].keyOffset);
        moved[i] = false;
      }
      if (least < 0 || compare(i, least) < 0) {
        least = i;
      }
    }
    if (least < 0) {
      return false;
    }
    EntryCursor first = sources[least];
    partition.clear();
    partition.put(
        first.keyBytes, first.keyOffset, StoreKey.partitionLength(first.keyBytes, first.keyOffset));
    for (int i = 0; i < sources.length; i++) {
      taking[i] = standing[i] && tokens[i] == tokens[least] && inPartition(sources[i]);
      moved[i] = taking[i];
    }
    loaded = false;
    return true;
  }

  private int compare(int left, int right) {
    return tokens[left] == tokens[right]
        ? compareKeys(sources[left], sources[right])
        : Long.compare(tokens[left], tokens[right]);
  }

  long token() {
    return StoreKey.token(partition.bytes, 0);
  }

  byte[] key() {
    return Arrays.copyOfRange(partition.bytes, 10, partition.length);
  }

  /** Adds what the sources have of the partition to a merger that has begun. */
  void load(PartitionMerger merger) throws IOException {
    loaded = true;
    for (int i = 0; i < sources.length; i++) {
      if (!taking[i]) {
        continue;
      }
      EntryCursor source = sources[i];
      if (source.keyLength == partition.length) {
        PartitionHead head =
            PartitionHead.read(source.valueBytes, source.valueOffset, source.valueLength);
        merger.addDeletion(head.deletion());
        merger.addRanges(head.ranges());
        standing[i] = source.next();
        taking[i] = standing[i] && inPartition(source);
      }
      if (taking[i]) {
        rows[i].reset(partition.bytes, 0, partition.length).standsOnFirstRow();
        merger.addRows(rows[i]);
      }
    }
    merger.mergeDeletions();
  }

  /**
   * The source of the partition when there is only one and nothing deletes more than a row there.
   * It stands on the first row; {@link #nextOfOnlySource} moves it.
   */
  @Nullable EntryCursor onlySourceOfRows() {
    int only = -1;
    for (int i = 0; i < sources.length; i++) {
      if (taking[i]) {
        if (only >= 0) {
          return null;
        }
        only = i;
      }
    }
    onlySource = only;
    EntryCursor source = sources[only];
    return source.keyLength == partition.length ? null : source;
  }

  /** Moves to the next row of the partition; false behind the last. */
  boolean nextOfOnlySource() throws IOException {
    standing[onlySource] = sources[onlySource].next();
    taking[onlySource] = standing[onlySource] && inPartition(sources[onlySource]);
    return taking[onlySource];
  }

  /** Moves the sources that took part behind the partition, wherever reading it left them. */
  private void leave() throws IOException {
    for (int i = 0; i < sources.length; i++) {
      if (!taking[i]) {
        continue;
      }
      taking[i] = false;
      standing[i] = !loaded || rows[i].onEntry();
      if (standing[i] && inPartition(sources[i])) {
        beyond.clear();
        beyond.put(partition.bytes, 0, partition.length);
        beyond.put(BEYOND_PARTITION);
        standing[i] = sources[i].seekAtOrAfter(beyond.bytes, beyond.length);
      }
    }
  }

  private boolean inPartition(EntryCursor source) {
    return StoreKey.hasPrefix(
        source.keyBytes, source.keyOffset, source.keyLength, partition.bytes, partition.length);
  }

  private static int compareKeys(EntryCursor left, EntryCursor right) {
    return Arrays.compareUnsigned(
        left.keyBytes,
        left.keyOffset,
        left.keyOffset + left.keyLength,
        right.keyBytes,
        right.keyOffset,
        right.keyOffset + right.keyLength);
  }
}
