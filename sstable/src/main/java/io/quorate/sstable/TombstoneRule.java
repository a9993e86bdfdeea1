package io.quorate.sstable;

import java.util.Comparator;
import java.util.List;

/**
 * When an SSTable is rewritten alone, for the tombstones and expired values that can go: with the
 * options, defaults and meaning of Cassandra.
 *
 * @param enabled with time windows only when one of the options is given: an old window goes as a
 *     whole
 * @param threshold the share of its contents that can go, above which it is worth it, 0 to 1
 * @param intervalSeconds not sooner after it was written: what can go is an estimate, and what
 *     stays after all would be rewritten again and again
 * @param unchecked also where other SSTables may hold something older that is still to be deleted
 */
record TombstoneRule(boolean enabled, double threshold, long intervalSeconds, boolean unchecked) {
  private static final List<String> NAMES =
      List.of(
          "tombstone_threshold", "tombstone_compaction_interval", "unchecked_tombstone_compaction");

  static TombstoneRule read(String strategy, OptionReader in) {
    return new TombstoneRule(
        !strategy.equals("TimeWindowCompactionStrategy") || NAMES.stream().anyMatch(in::isGiven),
        in.real(NAMES.get(0), 0.2, 0, 1),
        in.wholeLong(NAMES.get(1), 86_400, 1, Long.MAX_VALUE),
        in.flag(NAMES.get(2), false));
  }

  /**
   * The share of an SSTable that a compaction of its own is expected to bring; 0 when it is not
   * worth one.
   *
   * @param others what else the table has
   * @param purgeableBefore see {@link PurgeRule}
   */
  double gain(
      SSTableStatistics statistics,
      List<SSTableStatistics> others,
      long purgeableBefore,
      long nowSeconds) {
    DropTimes times = statistics.dropTimes();
    if (!enabled || times == null || nowSeconds - times.writtenSeconds() < intervalSeconds) {
      return 0;
    }
    double share = times.shareBefore(purgeableBefore);
    if (share > threshold && !unchecked) {
      share *= 1 - coveredShare(statistics, others);
    }
    return share > threshold ? share : 0;
  }

  /** The share of an SSTable's tokens of which another may hold something older. */
  private static double coveredShare(SSTableStatistics of, List<SSTableStatistics> others) {
    List<SSTableStatistics> older =
        others.stream()
            .filter(other -> other.mayBeOlderThan(of))
            .sorted(Comparator.comparingLong(SSTableStatistics::minToken))
            .toList();
    double from = (double) of.minToken();
    double covered = 0;
    for (SSTableStatistics other : older) {
      double first = Math.max(from, (double) other.minToken());
      double behind = Math.min(of.maxToken(), other.maxToken()) + 1.0;
      covered += Math.max(0, behind - first);
      from = Math.max(from, behind);
    }
    return covered / ((double) of.maxToken() - of.minToken() + 1);
  }
}
