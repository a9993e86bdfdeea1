package io.quorate.sstable;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Levels of tables that do not overlap, each a multiple of the one above. */
record Leveled(long tableBytes, int fanout) implements CompactionStrategy {
  /** So many flushed tables are worth a compaction. */
  private static final int FLUSHED_TABLES = 4;

  private static final int MOST_FLUSHED_TABLES = 32;

  static Leveled read(OptionReader in) {
    if (!in.flag("single_sstable_uplevel", true)) {
      throw new IllegalArgumentException(
          "single_sstable_uplevel cannot be switched off: an SSTable that overlaps nothing on the"
              + " next level is moved there as it is");
    }
    return new Leveled(
        in.wholeLong("sstable_size_in_mb", 160, 1, 1 << 20) << 20,
        in.whole("fanout_size", 10, 2, 1_000));
  }

  @Override
  public List<CompactionPlan> due(List<CompactionCandidate> tables) {
    List<CompactionPlan> plans = new ArrayList<>();
    List<CompactionCandidate> left = new ArrayList<>(tables);
    for (CompactionPlan plan = next(left); plan != null; plan = next(left)) {
      plans.add(plan);
      left.replaceAll(table -> plans.getLast().inputs().contains(table) ? table.asBusy() : table);
    }
    return plans;
  }

  /** The first level that holds too much, from the top: what waits there slows reads most. */
  private @Nullable CompactionPlan next(List<CompactionCandidate> tables) {
    CompactionPlan plan = fromTop(tables);
    int deepest = tables.stream().mapToInt(CompactionCandidate::level).max().orElse(0);
    for (int level = 1; level <= deepest && plan == null; level++) {
      plan = from(level, tables);
    }
    return plan;
  }

  /** Flushed tables overlap: together they go down, with whatever lies below them. */
  private @Nullable CompactionPlan fromTop(List<CompactionCandidate> tables) {
    List<CompactionCandidate> flushed = at(0, tables);
    if (flushed.size() < FLUSHED_TABLES || flushed.stream().anyMatch(CompactionCandidate::busy)) {
      return null;
    }
    List<CompactionCandidate> inputs =
        new ArrayList<>(flushed.subList(0, Math.min(flushed.size(), MOST_FLUSHED_TABLES)));
    if (bytes(inputs) < tableBytes) {
      // Less than one table: it would rewrite much below for little.
      return new CompactionPlan(inputs, 0, List.of(), Long.MAX_VALUE, true);
    }
    return withBelow(inputs, 1, tables);
  }

  private @Nullable CompactionPlan from(int level, List<CompactionCandidate> tables) {
    List<CompactionCandidate> here = at(level, tables);
    long busyBytes = bytes(here.stream().filter(CompactionCandidate::busy).toList());
    if (bytes(here) - busyBytes <= limitBytes(level)) {
      return null;
    }
    CompactionPlan best = null;
    double bestCost = Double.MAX_VALUE;
    for (CompactionCandidate table : here) {
      CompactionPlan plan = table.busy() ? null : withBelow(List.of(table), level + 1, tables);
      if (plan != null) {
        double cost = (double) plan.inputBytes() / table.bytes();
        if (cost < bestCost) {
          best = plan;
          bestCost = cost;
        }
      }
    }
    return best;
  }

  /** Merges tables into a level; null when a compaction that runs may write there too. */
  private @Nullable CompactionPlan withBelow(
      List<CompactionCandidate> from, int level, List<CompactionCandidate> tables) {
    long first = from.stream().mapToLong(CompactionCandidate::minToken).min().orElseThrow();
    long last = from.stream().mapToLong(CompactionCandidate::maxToken).max().orElseThrow();
    List<CompactionCandidate> inputs = new ArrayList<>(from);
    for (CompactionCandidate below : at(level, tables)) {
      if (below.overlaps(first, last)) {
        inputs.add(below);
      }
    }
    long lowest = inputs.stream().mapToLong(CompactionCandidate::minToken).min().orElseThrow();
    long highest = inputs.stream().mapToLong(CompactionCandidate::maxToken).max().orElseThrow();
    for (CompactionCandidate table : tables) {
      boolean writesThere = table.busy() && (table.level() == level || table.level() == level - 1);
      if (writesThere && table.overlaps(lowest, highest)) {
        return null;
      }
    }
    return new CompactionPlan(inputs, level, List.of(), tableBytes, false);
  }

  @Override
  public List<CompactionPlan> all(List<CompactionCandidate> tables) {
    List<CompactionCandidate> free = tables.stream().filter(table -> !table.busy()).toList();
    int level = 1;
    while (limitBytes(level) < bytes(free)) {
      level++;
    }
    return free.isEmpty()
        ? List.of()
        : List.of(new CompactionPlan(free, level, List.of(), tableBytes, false));
  }

  private static List<CompactionCandidate> at(int level, List<CompactionCandidate> tables) {
    return tables.stream().filter(table -> table.level() == level).toList();
  }

  private static long bytes(List<CompactionCandidate> tables) {
    return tables.stream().mapToLong(CompactionCandidate::bytes).sum();
  }

  private double limitBytes(int level) {
    return tableBytes * Math.pow(fanout, level);
  }
}
