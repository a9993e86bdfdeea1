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

  /**
   * Tokens of the entries that sources stand on, or the greatest: most comparisons end there. As
   * many as there are leaves of the tree of {@link #lowestOf}.
   */
  private final long[] tokens;

  /**
   * At each node of a binary tree the source that has the lowest token below it. The root is at 1,
   * the children of a node at twice its place and one behind, the sources are the leaves.
   */
  private final int[] lowestOf;

  /** How many sources have the partition, as far as they have not been walked through it. */
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
    int leaves = 2 * Integer.highestOneBit(Math.max(1, sources.length - 1));
    tokens = new long[leaves];
    Arrays.fill(tokens, Long.MAX_VALUE);
    lowestOf = new int[2 * leaves];
    for (int i = 0; i < leaves; i++) {
      lowestOf[leaves + i] = i;
    }
    for (int node = leaves - 1; node > 0; node--) {
      lowestOf[node] = lowestOf[2 * node];
    }
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
    long at =
        onEntry
            ? StoreKey.token(sources[source].keyBytes, sources[source].keyOffset)
            : Long.MAX_VALUE;
    if (at != tokens[source]) {
      tokens[source] = at;
      for (int node = (tokens.length + source) >>> 1; node > 0; node >>>= 1) {
        lowestOf[node] = lower(lowestOf[2 * node], lowestOf[2 * node + 1]);
      }
    }
  }

  /** Which of two sources it is cannot be foreseen, so this is done without a branch. */
  private int lower(int left, int right) {
    long one = tokens[right];
    long other = tokens[left];
    int isRight = (int) (((one & ~other) | (~(one ^ other) & (one - other))) >> 63);
    return (right & isRight) | (left & ~isRight);
  }

  /** Whether another source stands at the token of the one with the lowest. */
  private boolean isShared(int least, long lowest) {
    for (int node = tokens.length + least; node > 1; node >>>= 1) {
      if (tokens[lowestOf[node ^ 1]] == lowest) {
        return true;
      }
    }
    return false;
  }

  /** Moves to the next partition that any source has; false at the end. */
  boolean next() throws IOException {
    leave();
    int least = lowestOf[1];
    token = tokens[least];
    boolean shared = isShared(least, token);
    if (shared || token == Long.MAX_VALUE) {
      least = leastAt(token);
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
    for (int i = 0; shared && i < sources.length; i++) {
      if (i != least && tokens[i] == token && standing[i] && inPartition(sources[i])) {
        taking[i] = true;
        takerCount++;
      }
    }
    onlySource = least;
    loaded = false;
    return true;
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
