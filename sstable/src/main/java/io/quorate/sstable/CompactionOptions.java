package io.quorate.sstable;

/**
 * What compaction may use of a node.
 *
 * @param threads how many compactions run at once
 * @param bytesPerSecond how much all of them read, at most; 0 is without limit
 * @param maxSpaceShare what share of the free disk they may fill, all together, above 0 to 1
 * @param stepEntries after how many entries a compaction gives way to what else there is to do
 */
public record CompactionOptions(
    int threads, long bytesPerSecond, double maxSpaceShare, int stepEntries) {
  public static final CompactionOptions DEFAULT =
      new CompactionOptions(1, 64L << 20, 0.8, 16 << 10);

  public CompactionOptions {
    if (threads < 1
        || bytesPerSecond < 0
        || !(maxSpaceShare > 0 && maxSpaceShare <= 1)
        || stepEntries < 1) {
      throw new IllegalArgumentException("options of compaction are out of range");
    }
  }

  public CompactionOptions withBytesPerSecond(long bytes) {
    return new CompactionOptions(threads, bytes, maxSpaceShare, stepEntries);
  }
}
