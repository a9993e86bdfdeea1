package io.quorate.sstable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Picks what to compact: SSTables of similar size, so that each byte is rewritten about once for
 * every fourfold growth (the size-tiered strategy of Bigtable and Cassandra).
 *
 * @param bucketLow a table belongs to a tier when it has at least this share of its mean size
 * @param bucketHigh and at most this one
 * @param smallBytes below this size tables count as of one size: they cost little to merge
 */
record SizeTiered(
    int minThreshold, int maxThreshold, double bucketLow, double bucketHigh, long smallBytes)
    implements CompactionStrategy {
  private static final Comparator<CompactionCandidate> BY_SIZE =
      Comparator.comparingLong(CompactionCandidate::bytes)
          .thenComparingLong(CompactionCandidate::number);

  static SizeTiered read(OptionReader in) {
    int minThreshold = in.whole("min_threshold", 4, 2, 1_000);
    double bucketLow = in.real("bucket_low", 0.5, 0, 1);
    double bucketHigh = in.real("bucket_high", 1.5, 1, 1_000);
    return new SizeTiered(
        minThreshold,
        in.whole("max_threshold", Math.max(32, minThreshold), minThreshold, 10_000),
        bucketLow,
        bucketHigh,
        in.wholeLong("min_sstable_size", 4 << 20, 0, Long.MAX_VALUE));
  }

  @Override
  public List<CompactionPlan> due(List<CompactionCandidate> tables) {
    List<CompactionPlan> plans = new ArrayList<>();
    for (List<CompactionCandidate> tier : tiers(tables)) {
      if (tier.size() >= minThreshold) {
        plans.add(CompactionPlan.intoOne(tier.subList(0, Math.min(tier.size(), maxThreshold))));
      }
    }
    // The smallest tables are merged soonest for what it costs.
    return plans;
  }

  @Override
  public List<CompactionPlan> all(List<CompactionCandidate> tables) {
    List<CompactionCandidate> free = tables.stream().filter(table -> !table.busy()).toList();
    return free.isEmpty() ? List.of() : List.of(CompactionPlan.intoOne(free));
  }

  /** The tables that are not busy in tiers of similar size, ascending. */
  private List<List<CompactionCandidate>> tiers(List<CompactionCandidate> tables) {
    List<List<CompactionCandidate>> tiers = new ArrayList<>();
    List<CompactionCandidate> tier = new ArrayList<>();
    double average = 0;
    for (CompactionCandidate table :
        tables.stream().filter(t -> !t.busy()).sorted(BY_SIZE).toList()) {
      long bytes = table.bytes();
      boolean similar =
          bytes < smallBytes || (bytes >= average * bucketLow && bytes <= average * bucketHigh);
      if (!tier.isEmpty() && !similar) {
        tiers.add(tier);
        tier = new ArrayList<>();
        average = 0;
      }
      average = (average * tier.size() + bytes) / (tier.size() + 1);
      tier.add(table);
    }
    if (!tier.isEmpty()) {
      tiers.add(tier);
    }
    return tiers;
  }
}
