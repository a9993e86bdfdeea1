package io.quorate.sstable;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

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

  /** Tokens of the entries that sources stand on, or the greatest: most comparisons end there. */
  private final long[] tokens;

  /** How many sources have it, as far as they have not been walked through it. */
  private int takerCount;

  /** Whether its rows were handed out, and may have been walked. */
  private boolean loaded;

  private int onlySource;

  private long token;

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
    tokens = new long[sources.length];
  }

  /** Stands before the first partition not below a key. */
  void seek(byte[] key) throws IOException {
    takerCount = 0;
    for (int i = 0; i < sources.length; i++) {
      taking[i] = false;
      stand(i, sources[i].seekAtOrAfter(key, key.length));
    }
  }

  private void stand(int source, boolean onEntry) {
    standing[source] = onEntry;
    tokens[source] =
        onEntry
            ? StoreKey.token(sources[source].keyBytes, sources[source].keyOffset)
            : Long.MAX_VALUE;
  }

  /** Moves to the next partition that any source has; false at the end. */
  boolean next() throws IOException {
    leave();
    // Which source is next cannot be foreseen, so this is done without branches on it.
    long lowest = Long.MAX_VALUE;
    for (int i = 0; i < tokens.length; i++) {
      lowest = Math.min(lowest, tokens[i]);
    }
    token = lowest;
    int least = -1;
    int atToken = 0;
    for (int i = 0; i < tokens.length; i++) {
      int isLowest = onesIfEqual(tokens[i], lowest);
      least = (i & isLowest) | (least & ~isLowest);
      atToken -= isLowest;
    }
    if (atToken > 1 || lowest == Long.MAX_VALUE) {
      least = leastAt(lowest);
      if (least < 0) {
        return false;
      }
    }
    EntryCursor first = sources[least];
    partition.clear();
    partition.put(
        first.keyBytes, first.keyOffset, StoreKey.partitionLength(first.keyBytes, first.keyOffset));
    taking[least] = true;
    takerCount = 1;
    for (int i = 0; atToken > 1 && i < sources.length; i++) {
      if (i != least && tokens[i] == lowest && standing[i] && inPartition(sources[i])) {
        taking[i] = true;
        takerCount++;
      }
    }
    onlySource = least;
    loaded = false;
    return true;
  }

  /** All bits set when two words are equal, otherwise none. */
  private static int onesIfEqual(long one, long other) {
    long differing = one ^ other;
    return (int) ~((differing | -differing) >> 63);
  }

  /** Of several sources at a token the one with the least key; -1 when all are at their end. */
  private int leastAt(long token) {
    int least = -1;
    for (int i = 0; i < sources.length; i++) {
      if (tokens[i] == token
          && standing[i]
          && (least < 0 || compareKeys(sources[i], sources[least]) < 0)) {
        least = i;
      }
    }
    return least;
  }

  long token() {
    return token;
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
        stand(i, source.next());
        taking[i] = standing[i] && inPartition(source);
        takerCount -= taking[i] ? 0 : 1;
      }
      if (taking[i]) {
        rows[i].reset(partition.bytes, 0, partition.length).standsOnFirstRow();
        merger.addRows(rows[i]);
      }
    }
    merger.mergeDeletions();
  }

  /** Whether one source alone has the partition, and nothing deletes more than a row there. */
  boolean hasOnlySourceOfRows() {
    return takerCount == 1 && onlySource().keyLength != partition.length;
  }

  /**
   * The source of such a partition. It stands on the first row; {@link #nextOfOnlySource} moves it.
   */
  EntryCursor onlySource() {
    return sources[onlySource];
  }

  /** Moves to the next row of the partition; false behind the last. */
  boolean nextOfOnlySource() throws IOException {
    stand(onlySource, sources[onlySource].next());
    boolean more =
        tokens[onlySource] == token && standing[onlySource] && inPartition(sources[onlySource]);
    taking[onlySource] = more;
    takerCount = more ? 1 : 0;
    return more;
  }

  /** Moves the sources that took part behind the partition, wherever reading it left them. */
  private void leave() throws IOException {
    for (int i = 0; takerCount > 0 && i < sources.length; i++) {
      if (!taking[i]) {
        continue;
      }
      taking[i] = false;
      takerCount--;
      boolean onEntry = !loaded || rows[i].onEntry();
      if (onEntry && inPartition(sources[i])) {
        beyond.clear();
        beyond.put(partition.bytes, 0, partition.length);
        beyond.put(BEYOND_PARTITION);
        onEntry = sources[i].seekAtOrAfter(beyond.bytes, beyond.length);
      }
      stand(i, onEntry);
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
