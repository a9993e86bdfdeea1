package io.quorate.sstable;

import java.util.List;

/**
 * Tables to merge, and how the result is cut into new ones.
 *
 * @param level what the new tables get
 * @param boundaries tokens that begin a new table, ascending
 * @param outputBytes a table that has grown to this size ends with its partition
 * @param divisible whether a part of the inputs may be merged instead, when space is short
 */
record CompactionPlan(
    List<CompactionCandidate> inputs,
    int level,
    List<Long> boundaries,
    long outputBytes,
    boolean divisible) {

  CompactionPlan {
    inputs = List.copyOf(inputs);
    boundaries = List.copyOf(boundaries);
  }

  /** A plan for one new table. */
  static CompactionPlan intoOne(List<CompactionCandidate> inputs) {
    return new CompactionPlan(inputs, 0, List.of(), Long.MAX_VALUE, true);
  }

  long inputBytes() {
    return inputs.stream().mapToLong(CompactionCandidate::bytes).sum();
  }

  /** Whether the only input can be moved to its new level as it is. */
  boolean isMove() {
    return inputs.size() == 1 && inputs.getFirst().level() != level;
  }
}
