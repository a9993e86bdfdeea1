package io.quorate.sstable;

/**
 * How the engine keeps one table.
 *
 * @param bloomFalsePositiveChance how often an SSTable without a partition is looked into, 0 to 1
 * @param blockBytes target size of a data block before compression
 * @param gcGraceSeconds how long a tombstone is kept, so that it reaches every replica
 * @param durableWrites whether writes go to the commit log; without, what was not flushed is lost
 *     in a crash
 */
public record TableSettings(
    double bloomFalsePositiveChance,
    Compression compression,
    int blockBytes,
    long gcGraceSeconds,
    boolean durableWrites,
    CompactionSettings compaction) {

  public static final TableSettings DEFAULT =
      new TableSettings(0.01, Compression.LZ4, 4 << 10, 864_000, true, CompactionSettings.DEFAULT);

  public TableSettings {
    require(bloomFalsePositiveChance > 0 && bloomFalsePositiveChance <= 1, "bloom filter chance");
    require(blockBytes >= 256 && blockBytes <= 1 << 24, "block size");
    require(gcGraceSeconds >= 0, "gc grace");
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException(what + " is out of range");
    }
  }

  public TableSettings withDurableWrites(boolean durable) {
    return new TableSettings(
        bloomFalsePositiveChance, compression, blockBytes, gcGraceSeconds, durable, compaction);
  }

  public TableSettings withGcGraceSeconds(long seconds) {
    return new TableSettings(
        bloomFalsePositiveChance, compression, blockBytes, seconds, durableWrites, compaction);
  }

  public TableSettings withCompaction(CompactionSettings next) {
    return new TableSettings(
        bloomFalsePositiveChance, compression, blockBytes, gcGraceSeconds, durableWrites, next);
  }
}
