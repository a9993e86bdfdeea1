package io.quorate.sstable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Picks what to compact: SSTables of similar size, so that each byte is rewritten about once for
 * every fourfold growth (the size-tiered strategy of Bigtable and Cassandra). Pure.
 */
final class SizeTiered {
  private static final double LOWEST_RATIO = 0.5;
  private static final double HIGHEST_RATIO = 1.5;

  /** Below this size tables count as of one size: they cost little to merge. */
  private static final long SMALL_BYTES = 4 << 20;

  private SizeTiered() {}

  /** The tables to merge, the smallest that qualify; empty when there is nothing to do. */
  static List<SSTable> pick(List<SSTable> tables, TableSettings settings) {
    List<SSTable> best = List.of();
    double bestAverage = Double.MAX_VALUE;
    for (List<SSTable> tier : tiers(tables)) {
      double average = tier.stream().mapToLong(SSTable::fileBytes).average().orElse(0);
      if (tier.size() >= settings.minCompactionTables() && average < bestAverage) {
        best = tier.subList(0, Math.min(tier.size(), settings.maxCompactionTables()));
        bestAverage = average;
      }
    }
    return List.copyOf(best);
  }

  /** How many compactions stand out. */
  static int pending(List<SSTable> tables, TableSettings settings) {
    return (int)
        tiers(tables).stream()
            .filter(tier -> tier.size() >= settings.minCompactionTables())
            .count();
  }

  private static List<List<SSTable>> tiers(List<SSTable> tables) {
    List<SSTable> sorted = new ArrayList<>(tables);
    sorted.sort(Comparator.comparingLong(SSTable::fileBytes).thenComparingLong(SSTable::number));
    List<List<SSTable>> tiers = new ArrayList<>();
    List<SSTable> tier = new ArrayList<>();
    double average = 0;
    for (SSTable table : sorted) {
      long bytes = table.fileBytes();
      boolean similar =
          bytes < SMALL_BYTES
              || (bytes >= average * LOWEST_RATIO && bytes <= average * HIGHEST_RATIO);
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
