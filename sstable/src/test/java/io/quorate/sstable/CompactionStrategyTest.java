package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * If this breaks, a node rewrites its data without end, merges what must stay apart, or lets so
 * many SSTables pile up that reads and the disk suffer.
 */
class CompactionStrategyTest {
  private static final long MIB = 1 << 20;

  private static CompactionStrategy strategy(String... options) {
    Map<String, String> map = new TreeMap<>();
    for (int i = 0; i < options.length; i += 2) {
      map.put(options[i], options[i + 1]);
    }
    return new CompactionSettings(map).strategy();
  }

  private static CompactionStrategy unified(String scaling) {
    return strategy(
        "class",
        "UnifiedCompactionStrategy",
        "scaling_parameters",
        scaling,
        "target_sstable_size",
        "64MiB",
        "min_sstable_size",
        "16MiB");
  }

  private static CompactionStrategy randomStrategy(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> strategy("class", "SizeTieredCompactionStrategy", "min_threshold", "3");
      case 1 ->
          strategy(
              "class",
              "LeveledCompactionStrategy",
              "sstable_size_in_mb",
              "8",
              "fanout_size",
              Integer.toString(2 + random.nextInt(9)));
      case 2 ->
          strategy(
              "class",
              "TimeWindowCompactionStrategy",
              "compaction_window_unit",
              "MINUTES",
              "compaction_window_size",
              "1");
      default -> unified(List.of("T4", "T2", "N", "L4", "L10", "T3, L4, N").get(random.nextInt(6)));
    };
  }

  @Test
  void eachStrategyComesToAnEndWhateverRunsAtOnce() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      SimulatedCompaction table =
          new SimulatedCompaction(randomStrategy(random), (64L << random.nextInt(8)) * MIB);
      for (int step = 0; step < 200; step++) {
        switch (random.nextInt(4)) {
          case 0 -> flushSomewhere(table, random);
          case 1 -> table.begin(random);
          case 2 -> {
            if (table.isRunning()) {
              table.end(random);
              checkLevels(table, seed);
            }
          }
          default -> checkPlans(table, seed);
        }
      }
      while (table.isRunning()) {
        table.end(random);
      }
      table.settle(random);
      checkLevels(table, seed);
      assertThat(table.strategy.due(table.tables)).isEmpty();
    }
  }

  private static void flushSomewhere(SimulatedCompaction table, Random random) {
    long bytes = 1 + (long) (Math.exp(random.nextDouble() * 4) * MIB);
    if (random.nextInt(4) > 0) {
      table.flush(bytes, Long.MIN_VALUE, Long.MAX_VALUE);
    } else {
      long one = random.nextLong();
      long other = random.nextLong();
      table.flush(bytes, Math.min(one, other), Math.max(one, other));
    }
  }

  private static void checkPlans(SimulatedCompaction table, int seed) {
    for (CompactionPlan plan : table.strategy.due(table.tables)) {
      if (table.strategy instanceof TimeWindow windows) {
        assertThat(
                plan.inputs().stream()
                    .map(in -> Math.floorDiv(in.maxTimestampMicros(), windows.windowMicros()))
                    .distinct())
            .as("seed %d: windows are not mixed", seed)
            .hasSize(1);
      }
      if (table.strategy instanceof Leveled) {
        assertThat(plan.inputs())
            .as("seed %d: into the level below", seed)
            .allMatch(input -> input.level() >= plan.level() - 1 && input.level() <= plan.level());
      } else {
        assertThat(plan.inputs())
            .as("seed %d: rewriting one table is idle", seed)
            .hasSizeGreaterThan(1);
      }
      if (table.strategy instanceof Unified) {
        assertThat(Overlap.find(plan.inputs())).as("seed %d: they hang together", seed).hasSize(1);
      }
    }
  }

  /** Leveled: a read looks into one table a level. */
  private static void checkLevels(SimulatedCompaction table, int seed) {
    if (table.strategy instanceof Leveled) {
      for (int level = 1; level < 10; level++) {
        int wanted = level;
        List<CompactionCandidate> here =
            table.tables.stream().filter(t -> t.level() == wanted).toList();
        assertThat(Overlap.find(here))
            .as("seed %d: level %d has no overlap", seed, level)
            .allMatch(overlap -> overlap.deepest().size() == 1);
      }
    }
  }

  @Test
  void tablesOfDifferentWindowsStayApart() {
    CompactionStrategy daily =
        strategy("class", "TimeWindowCompactionStrategy", "compaction_window_unit", "DAYS");
    SimulatedCompaction table = new SimulatedCompaction(daily, 1L << 50);
    Random random = new Random(1);
    for (long day = 0; day < 10; day++) {
      for (long hour = 0; hour < 24; hour++) {
        table.flushAt((day * 24 + hour) * 3_600_000_000L, 10 * MIB);
        table.settle(random);
      }
    }
    assertThat(table.tables.stream().filter(t -> t.bytes() >> 20 == 239 || t.bytes() == 240 * MIB))
        .as("a day that is past is one table")
        .hasSize(9);
    // A write that comes late is merged into its own day.
    table.flushAt(5, 10 * MIB);
    table.settle(random);
    assertThat(table.tables.stream().filter(t -> t.bytes() > 245 * MIB)).hasSize(1);
  }

  /** The default's price: figures that docs/compaction.md states. */
  @Test
  void theDefaultKeepsItsBounds() {
    SimulatedCompaction growing =
        new SimulatedCompaction(CompactionSettings.DEFAULT.strategy(), 1L << 60);
    load(growing, 4_000, 32 * MIB);
    assertThat(growing.writeAmplification()).isLessThan(6.5);
    assertThat(growing.worstReadAmplification).isLessThanOrEqualTo(18);
    assertThat(growing.largestBytes()).isLessThan(4L << 30);

    SimulatedCompaction overwritten =
        new SimulatedCompaction(CompactionSettings.DEFAULT.strategy(), 8L << 30);
    load(overwritten, 4_000, 32 * MIB);
    assertThat(overwritten.writeAmplification()).isLessThan(5.5);
    assertThat(overwritten.worstReadAmplification).isLessThanOrEqualTo(16);
    assertThat(overwritten.worstSpaceAmplification).isLessThan(3.6);
  }

  private static void load(SimulatedCompaction table, int flushes, long bytes) {
    Random random = new Random(7);
    for (int i = 0; i < flushes; i++) {
      table.flush(bytes, Long.MIN_VALUE, Long.MAX_VALUE);
      table.settle(random);
    }
  }

  /** More W: fewer writes, more tables to read. Otherwise the one number would tune nothing. */
  @Test
  void oneNumberTradesWritesForReads() {
    double lastWrites = Double.MAX_VALUE;
    for (String scaling : List.of("L10", "L4", "N", "T4", "T10")) {
      SimulatedCompaction table = new SimulatedCompaction(unified(scaling), 2L << 30);
      load(table, 1_000, 8 * MIB);
      assertThat(table.writeAmplification()).as(scaling).isLessThan(lastWrites);
      lastWrites = table.writeAmplification();
      if (scaling.startsWith("L")) {
        assertThat(table.worstReadAmplification).as(scaling).isLessThanOrEqualTo(6);
        assertThat(table.worstSpaceAmplification).as(scaling).isLessThan(2.1);
      }
    }
  }

  @Test
  void theCutsOfACoarseResultAreCutsOfAFineOne() {
    Unified unified = (Unified) unified("T4");
    List<Long> before = List.of();
    for (long bytes = MIB; bytes < 1L << 44; bytes *= 2) {
      CompactionCandidate table =
          new CompactionCandidate(1, bytes, Long.MIN_VALUE, Long.MAX_VALUE, 0, 1_000_000, 0, false);
      List<Long> cuts = unified.all(List.of(table)).getFirst().boundaries();
      assertThat(cuts).containsAll(before);
      before = cuts;
    }
    assertThat(before.size()).isGreaterThan(1_000);
  }

  @Test
  void partsAreCompactedSideBySide() {
    SimulatedCompaction table = new SimulatedCompaction(unified("T4"), 1L << 50);
    for (int i = 0; i < 4; i++) {
      for (long quarter = 0; quarter < 4; quarter++) {
        long first = Long.MIN_VALUE + quarter * (1L << 62);
        table.flush(64 * MIB, first, first + (1L << 62) - 1);
      }
    }
    Random random = new Random(3);
    int running = 0;
    while (table.begin(random)) {
      running++;
    }
    assertThat(running).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"SizeTiered", "Leveled", "TimeWindow", "Unified"})
  void allBringsEveryTokenIntoOneTable(String name) {
    SimulatedCompaction table =
        new SimulatedCompaction(strategy("class", name + "CompactionStrategy"), 1L << 50);
    Random random = new Random(5);
    for (int i = 0; i < 3; i++) {
      flushSomewhere(table, random);
    }
    List<CompactionPlan> all = table.strategy.all(table.tables);
    all.forEach(table::begin);
    while (table.isRunning()) {
      table.end(random);
    }
    assertThat(table.readAmplification()).isEqualTo(1);
  }

  /** Four tables in a row, each of which overlaps the next: two at most at one token. */
  @Test
  void whatIsMergedWithAnOverlapIsTheUsersChoice() {
    assertThat(merged("NONE")).containsExactly(1L, 2L);
    assertThat(merged("SINGLE")).containsExactly(1L, 2L, 3L);
    assertThat(merged("TRANSITIVE")).containsExactly(1L, 2L, 3L, 4L);
    assertThat(merged(null)).containsExactly(1L, 2L, 3L, 4L);
  }

  private static List<Long> merged(@Nullable String inclusion) {
    Map<String, String> options = new TreeMap<>();
    options.put("class", "UnifiedCompactionStrategy");
    options.put("scaling_parameters", "T2");
    if (inclusion != null) {
      options.put("overlap_inclusion_method", inclusion);
    }
    List<CompactionCandidate> tables = new ArrayList<>();
    long[][] ranges = {{0, 9}, {5, 19}, {15, 29}, {25, 39}};
    for (long[] range : ranges) {
      tables.add(
          new CompactionCandidate(tables.size() + 1, 100, range[0], range[1], 0, 5, 0, false));
    }
    return new CompactionSettings(options)
        .strategy().due(tables).getFirst().inputs().stream()
            .map(CompactionCandidate::number)
            .toList();
  }

  /** An option that would do nothing is not taken as if it did something. */
  @Test
  void whatHasNoMeaningHereIsRefusedByName() {
    Map<String, String> refused =
        Map.of(
            "single_sstable_uplevel", "Leveled",
            "only_purge_repaired_tombstones", "SizeTiered",
            "unsafe_aggressive_sstable_expiration", "TimeWindow",
            "expired_sstable_check_frequency_seconds", "SizeTiered",
            "overlap_inclusion_method", "Leveled",
            "tombstone_threshold", "Unified");
    refused.forEach((option, strategy) -> {
      boolean wasOn = option.equals("single_sstable_uplevel");
      assertThatThrownBy(() ->
              strategy("class", strategy + "CompactionStrategy", option, wasOn ? "false" : "true"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(option);
    });
  }
}
