package io.quorate.sstable;

import java.util.List;
import java.util.Map;
import java.util.Random;

/** Options of an engine and of its tables, at random: the answers must be the same under all. */
final class RandomOptions {
  private final Random random;
  private final boolean purging;

  /**
   * @param purging whether tombstones go as early as can be, rather than never
   */
  RandomOptions(Random random, boolean purging) {
    this.random = random;
    this.purging = purging;
  }

  /**
   * @param roomyCache with a cache that evicts nothing, which alone is the same in every run
   */
  EngineOptions engine(boolean roomyCache) {
    SyncMode mode = random.nextBoolean() ? SyncMode.GROUP : SyncMode.BATCH;
    return new EngineOptions(
        mode,
        100,
        (4 << 10) << random.nextInt(4),
        (16 << 10) << random.nextInt(5),
        (64 << 10) << random.nextInt(5),
        random.nextBoolean() ? 3_600_000 : 1 + random.nextInt(100),
        roomyCache ? 1L << 30 : (8 << 10) << random.nextInt(8),
        0,
        new ReadEffort(32 << random.nextInt(12), 2 << random.nextInt(8)));
  }

  CompactionOptions compactions() {
    return new CompactionOptions(
        1 + random.nextInt(3), (64L << 10) << random.nextInt(8), 0.8, 1 << random.nextInt(6));
  }

  TableSettings table() {
    return new TableSettings(
        random.nextBoolean() ? 0.01 : 1.0,
        List.of(Compression.NONE, Compression.LZ4, Compression.ZSTD).get(random.nextInt(3)),
        256 << random.nextInt(5),
        purging ? random.nextInt(4) : 1_000_000_000L,
        random.nextBoolean() ? Durability.GROUP : Durability.OF_THE_NODE,
        new CompactionSettings(compaction()));
  }

  private Map<String, String> compaction() {
    String least = Integer.toString(2 + random.nextInt(3));
    String interval = Integer.toString(1 + random.nextInt(3));
    String unchecked = Boolean.toString(random.nextBoolean());
    return switch (random.nextInt(4)) {
      case 0 ->
          Map.of(
              "class",
              "SizeTieredCompactionStrategy",
              "min_threshold",
              least,
              "tombstone_compaction_interval",
              interval,
              "unchecked_tombstone_compaction",
              unchecked);
      case 1 ->
          Map.of(
              "class",
              "TimeWindowCompactionStrategy",
              "compaction_window_unit",
              "MINUTES",
              "min_threshold",
              least,
              "expired_sstable_check_frequency_seconds",
              "1",
              "tombstone_threshold",
              "0.1",
              "tombstone_compaction_interval",
              interval);
      case 2 -> Map.of("class", "LeveledCompactionStrategy", "sstable_size_in_mb", "1");
      default ->
          Map.of(
              "class",
              "UnifiedCompactionStrategy",
              "scaling_parameters",
              List.of("T2", "L3", "N", "T4").get(random.nextInt(4)),
              "overlap_inclusion_method",
              List.of("NONE", "SINGLE", "TRANSITIVE").get(random.nextInt(3)),
              "target_sstable_size",
              "2KiB",
              "min_sstable_size",
              "512",
              "flush_size_override",
              "512",
              "expired_sstable_check_frequency_seconds",
              "1",
              "tombstone_compaction_interval",
              interval,
              "unchecked_tombstone_compaction",
              unchecked);
    };
  }
}
