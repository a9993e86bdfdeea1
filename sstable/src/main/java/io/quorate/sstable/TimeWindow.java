package io.quorate.sstable;

import java.util.List;

/** Windows of time whose tables are merged among themselves only. */
record TimeWindow(long windowMicros, SizeTiered tiers) implements CompactionStrategy {

  static TimeWindow read(OptionReader in) {
    long unitSeconds =
        switch (in.choice("compaction_window_unit", "DAYS", "MINUTES", "HOURS", "DAYS")) {
          case "MINUTES" -> 60;
          case "HOURS" -> 3_600;
          default -> 86_400;
        };
    int size = in.whole("compaction_window_size", 1, 1, 1_000_000);
    in.choice("timestamp_resolution", "MICROSECONDS", "MICROSECONDS");
    in.wholeLong("expired_sstable_check_frequency_seconds", 600, 1, Long.MAX_VALUE);
    in.notYet("unsafe_aggressive_sstable_expiration");
    return new TimeWindow(unitSeconds * size * 1_000_000, SizeTiered.read(in));
  }

  @Override
  public List<SSTable> pick(List<SSTable> tables) {
    return tiers.pick(tables);
  }

  @Override
  public int pending(List<SSTable> tables) {
    return tiers.pending(tables);
  }
}
