package io.quorate.sstable;

/**
 * How the engine keeps one table.
 *
 * @param bloomFalsePositiveChance how often an SSTable without a partition is looked into, 0 to 1
 * @param compressed whether blocks are compressed with LZ4
 * @param blockBytes target size of a data block before compression
 * @param gcGraceSeconds how long a tombstone is kept, so that it reaches every replica
 * @param durableWrites whether writes go to the commit log; without, what was not flushed is lost
 *     in a crash
 * @param minCompactionTables how many SSTables of similar size are merged, at least
 * @param maxCompactionTables and at most
 */
public record TableSettings(
    double bloomFalsePositiveChance,
    boolean compressed,
    int blockBytes,
    long gcGraceSeconds,
    boolean durableWrites,
    int minCompactionTables,
    int maxCompactionTables) {

  public static final TableSettings DEFAULT =
      new TableSettings(0.01, true, 4 << 10, 864_000, true, 4, 32);

  public TableSettings {
    require(bloomFalsePositiveChance > 0 && bloomFalsePositiveChance <= 1, "bloom filter chance");
    require(blockBytes >= 256 && blockBytes <= 1 << 24, "block size");
    require(gcGraceSeconds >= 0, "gc grace");
    require(
        minCompactionTables >= 2 && maxCompactionTables >= minCompactionTables,
        "number of tables to compact");
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException(what + " is out of range");
    }
  }

  public TableSettings withDurableWrites(boolean durable) {
    return new TableSettings(
        bloomFalsePositiveChance,
        compressed,
        blockBytes,
        gcGraceSeconds,
        durable,
        minCompactionTables,
        maxCompactionTables);
  }

  public TableSettings withGcGraceSeconds(long seconds) {
    return new TableSettings(
        bloomFalsePositiveChance,
        compressed,
        blockBytes,
        seconds,
        durableWrites,
        minCompactionTables,
        maxCompactionTables);
  }
}
