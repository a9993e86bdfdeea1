package io.quorate.sstable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

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
    CompactionSettings.readExpiredCheckSeconds(in);
    in.notYet("unsafe_aggressive_sstable_expiration");
    return new TimeWindow(unitSeconds * size * 1_000_000, SizeTiered.read(in));
  }

  @Override
  public List<CompactionPlan> due(List<CompactionCandidate> tables) {
    List<CompactionPlan> plans = new ArrayList<>();
    TreeMap<Long, List<CompactionCandidate>> windows = windows(tables);
    windows.forEach((window, inWindow) -> {
      if (window.equals(windows.lastKey())) {
        plans.addAll(tiers.due(inWindow));
      } else {
        List<CompactionCandidate> free = inWindow.stream().filter(table -> !table.busy()).toList();
        if (free.size() > 1) {
          plans.add(
              CompactionPlan.intoOne(free.subList(0, Math.min(free.size(), tiers.maxThreshold()))));
        }
      }
    });
    return plans.reversed();
  }

  @Override
  public List<CompactionPlan> all(List<CompactionCandidate> tables) {
    return windows(tables).values().stream()
        .flatMap(inWindow -> tiers.all(inWindow).stream())
        .toList();
  }

  private TreeMap<Long, List<CompactionCandidate>> windows(List<CompactionCandidate> tables) {
    TreeMap<Long, List<CompactionCandidate>> windows = new TreeMap<>();
    for (CompactionCandidate table : tables) {
      windows
          .computeIfAbsent(
              Math.floorDiv(table.maxTimestampMicros(), windowMicros), w -> new ArrayList<>())
          .add(table);
    }
    return windows;
  }
}
