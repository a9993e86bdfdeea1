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
  public List<SSTable> pick(List<SSTable> tables) {
    List<SSTable> best = List.of();
    double bestAverage = Double.MAX_VALUE;
    for (List<SSTable> tier : tiers(tables)) {
      double average = tier.stream().mapToLong(SSTable::fileBytes).average().orElse(0);
      if (tier.size() >= minThreshold && average < bestAverage) {
        best = tier.subList(0, Math.min(tier.size(), maxThreshold));
        bestAverage = average;
      }
    }
    return List.copyOf(best);
  }

  @Override
  public int pending(List<SSTable> tables) {
    return (int) tiers(tables).stream().filter(tier -> tier.size() >= minThreshold).count();
  }

  private List<List<SSTable>> tiers(List<SSTable> tables) {
    List<SSTable> sorted = new ArrayList<>(tables);
    sorted.sort(Comparator.comparingLong(SSTable::fileBytes).thenComparingLong(SSTable::number));
    List<List<SSTable>> tiers = new ArrayList<>();
    List<SSTable> tier = new ArrayList<>();
    double average = 0;
    for (SSTable table : sorted) {
      long bytes = table.fileBytes();
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
