package io.quorate.sstable;

/**
 * An SSTable as a {@link CompactionStrategy} sees it.
 *
 * @param level see {@link Leveled}; 0 where nothing says otherwise
 * @param partitions how many it has
 * @param busy it is being compacted already
 */
record CompactionCandidate(
    long number,
    long bytes,
    long minToken,
    long maxToken,
    long maxTimestampMicros,
    long partitions,
    int level,
    boolean busy) {

  boolean overlaps(long fromToken, long toToken) {
    return minToken <= toToken && maxToken >= fromToken;
  }

  CompactionCandidate asBusy() {
    return new CompactionCandidate(
        number, bytes, minToken, maxToken, maxTimestampMicros, partitions, level, true);
  }
}
