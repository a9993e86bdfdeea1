package io.quorate.sstable;

/**
 * How the engine keeps one table.
 *
 * @param bloomFalsePositiveChance how often an SSTable without a partition is looked into, 0 to 1
 * @param blockBytes target size of a data block before compression
 * @param gcGraceSeconds how long a tombstone is kept, so that it reaches every replica
 * @param durability whether writes go to the commit log, and when one counts as durable
 */
public record TableSettings(
    double bloomFalsePositiveChance,
    Compression compression,
    int blockBytes,
    long gcGraceSeconds,
    Durability durability,
    CompactionSettings compaction) {

  public static final TableSettings DEFAULT =
      new TableSettings(
          0.01,
          Compression.LZ4,
          4 << 10,
          864_000,
          Durability.OF_THE_NODE,
          CompactionSettings.DEFAULT);

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

  public TableSettings withDurability(Durability next) {
    return new TableSettings(
        bloomFalsePositiveChance, compression, blockBytes, gcGraceSeconds, next, compaction);
  }

  public TableSettings withGcGraceSeconds(long seconds) {
    return new TableSettings(
        bloomFalsePositiveChance, compression, blockBytes, seconds, durability, compaction);
  }

  public TableSettings withCompaction(CompactionSettings next) {
    return new TableSettings(
        bloomFalsePositiveChance, compression, blockBytes, gcGraceSeconds, durability, next);
  }
}
