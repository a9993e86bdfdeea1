package io.quorate.sstable;

import java.util.List;
import java.util.Map;

/** What to compact, and when. Pure: tables in, jobs out. */
sealed interface CompactionStrategy permits SizeTiered, Leveled, TimeWindow, Unified {

  /** What is due, the most urgent first. No two plans share a table, and none is busy. */
  List<CompactionPlan> due(List<CompactionCandidate> tables);

  /** How to bring all tables that are not busy into the fewest, as an administrator may ask. */
  List<CompactionPlan> all(List<CompactionCandidate> tables);

  /** The class without its package. */
  static String nameOf(Map<String, String> options) {
    String name = options.get("class");
    if (name == null) {
      throw new IllegalArgumentException("Missing sub-option 'class' for the 'compaction' option.");
    }
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** Reads the CQL option {@code compaction}; see {@link CompactionSettings}. */
  static CompactionStrategy of(Map<String, String> options) {
    String strategy = nameOf(options);
    String name = options.getOrDefault("class", "");
    OptionReader in = new OptionReader(strategy, options);
    in.text("class", name);
    in.flag("enabled", true);
    in.flag("log_all", false);
    TombstoneRule.read(strategy, in);
    in.notYet("only_purge_repaired_tombstones");
    CompactionStrategy read =
        switch (strategy) {
          case "SizeTieredCompactionStrategy" -> SizeTiered.read(in);
          case "LeveledCompactionStrategy" -> Leveled.read(in);
          case "TimeWindowCompactionStrategy" -> TimeWindow.read(in);
          case "UnifiedCompactionStrategy" -> Unified.read(in);
          default ->
              throw new IllegalArgumentException(
                  "Unable to find compaction strategy class '" + name + "'");
        };
    in.end();
    return read;
  }
}
