package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/**
 * A table under a strategy, without bytes: SSTables are sizes and token ranges, filled evenly. It
 * checks each plan, carries it out, and counts what that costs.
 */
final class SimulatedCompaction {
  private static final long PARTITION_BYTES = 1 << 10;

  final CompactionStrategy strategy;

  /** Size of all rows that can be written; beyond it a write replaces an older one. */
  private final double universeBytes;

  final List<CompactionCandidate> tables = new ArrayList<>();
  private final List<CompactionPlan> running = new ArrayList<>();
  private long nextNumber = 1;
  private long lastTimestamp;
  double flushedBytes;
  double compactedBytes;
  int compactions;
  int worstReadAmplification;
  double worstSpaceAmplification;

  SimulatedCompaction(CompactionStrategy strategy, double universeBytes) {
    this.strategy = strategy;
    this.universeBytes = universeBytes;
  }

  void flush(long bytes, long minToken, long maxToken) {
    flushedBytes += bytes;
    add((double) bytes, minToken, maxToken, ++lastTimestamp, 0);
  }

  void flushAt(long timestampMicros, long bytes) {
    add((double) bytes, Long.MIN_VALUE, Long.MAX_VALUE, timestampMicros, 0);
  }

  private void add(double bytes, long minToken, long maxToken, long timestamp, int level) {
    long partitions = Math.max(1, ((long) bytes) / PARTITION_BYTES);
    tables.add(
        new CompactionCandidate(
            nextNumber++,
            Math.max(1, (long) bytes),
            minToken,
            maxToken,
            timestamp,
            partitions,
            level,
            false));
  }

  /** Begins one of the plans that are due; false when none is. */
  boolean begin(Random random) {
    List<CompactionPlan> due = strategy.due(List.copyOf(tables));
    check(due);
    if (due.isEmpty()) {
      return false;
    }
    begin(due.get(random.nextInt(due.size())));
    return true;
  }

  void begin(CompactionPlan plan) {
    running.add(plan);
    tables.replaceAll(table -> plan.inputs().contains(table) ? table.asBusy() : table);
  }

  /** No table is in two plans, and what a plan speaks of is there and free. */
  private void check(List<CompactionPlan> plans) {
    TreeSet<Long> seen = new TreeSet<>();
    for (CompactionPlan plan : plans) {
      assertThat(plan.inputs()).isNotEmpty();
      for (CompactionCandidate input : plan.inputs()) {
        assertThat(tables).contains(input);
        assertThat(input.busy()).isFalse();
        assertThat(seen.add(input.number())).as("a table is in one plan only").isTrue();
      }
    }
  }

  boolean isRunning() {
    return !running.isEmpty();
  }

  void end(Random random) {
    CompactionPlan plan = running.remove(random.nextInt(running.size()));
    compactions++;
    TreeSet<Long> numbers = new TreeSet<>();
    plan.inputs().forEach(input -> numbers.add(input.number()));
    tables.removeIf(table -> numbers.contains(table.number()));
    long timestamp =
        plan.inputs().stream().mapToLong(CompactionCandidate::maxTimestampMicros).max().orElse(0);
    if (plan.isMove()) {
      CompactionCandidate moved = plan.inputs().getFirst();
      add((double) moved.bytes(), moved.minToken(), moved.maxToken(), timestamp, plan.level());
      return;
    }
    long first = plan.inputs().stream().mapToLong(CompactionCandidate::minToken).min().orElse(0);
    long last = plan.inputs().stream().mapToLong(CompactionCandidate::maxToken).max().orElse(0);
    List<Long> cuts = new ArrayList<>(plan.boundaries());
    cuts.add(last);
    long from = first;
    for (long cut : cuts) {
      long to = cut == last ? last : cut - 1;
      write(plan, from, to, timestamp);
      from = cut;
    }
  }

  private void write(CompactionPlan plan, long from, long to, long timestamp) {
    double merged = mergedBytes(plan.inputs(), from, to);
    if (merged < 1) {
      return;
    }
    compactedBytes += merged;
    long parts = (long) Math.ceil(merged / plan.outputBytes());
    double quarter = span(from, to) * 0x1.0p62 / parts;
    for (long part = 0; part < parts; part++) {
      long begin = from + 4 * (long) (part * quarter);
      long end = part == parts - 1 ? to : from + 4 * (long) ((part + 1) * quarter) - 1;
      add(merged / parts, begin, end, timestamp, plan.level());
    }
  }

  private static double span(long from, long to) {
    return ((double) to - (double) from) / 0x1.0p64;
  }

  /** What is left of tables in a stretch of tokens once later writes have replaced earlier ones. */
  private double mergedBytes(List<CompactionCandidate> inputs, long from, long to) {
    double universe = universeBytes * span(from, to);
    double missing = 1;
    for (CompactionCandidate input : inputs) {
      long begin = Math.max(from, input.minToken());
      long end = Math.min(to, input.maxToken());
      if (begin <= end) {
        double here = input.bytes() * span(begin, end) / span(input.minToken(), input.maxToken());
        missing *= 1 - Math.min(1, here / universe);
      }
    }
    return universe * (1 - missing);
  }

  /** Does what is due until nothing is; fails when that does not come to an end. */
  void settle(Random random) {
    int before = compactions;
    while (begin(random)) {
      end(random);
      assertThat(compactions - before).as("compaction comes to an end").isLessThan(5_000);
    }
    worstReadAmplification = Math.max(worstReadAmplification, readAmplification());
    worstSpaceAmplification = Math.max(worstSpaceAmplification, spaceAmplification());
  }

  double writeAmplification() {
    return (flushedBytes + compactedBytes) / flushedBytes;
  }

  double spaceAmplification() {
    double bytes = tables.stream().mapToLong(CompactionCandidate::bytes).sum();
    return bytes / mergedBytes(tables, Long.MIN_VALUE, Long.MAX_VALUE);
  }

  /** The most SSTables that have a token in their range. */
  int readAmplification() {
    return Overlap.find(tables).stream().mapToInt(o -> o.deepest().size()).max().orElse(0);
  }

  long largestBytes() {
    return tables.stream().mapToLong(CompactionCandidate::bytes).max().orElse(0);
  }
}
