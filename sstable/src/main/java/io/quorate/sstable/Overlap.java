package io.quorate.sstable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Tables whose token ranges hang together, in order of their first token.
 *
 * @param deepest the most of them that overlap at one token
 */
record Overlap(List<CompactionCandidate> tables, List<CompactionCandidate> deepest) {

  /** Groups tables so that no two groups overlap. */
  static List<Overlap> find(List<CompactionCandidate> tables) {
    List<CompactionCandidate> sorted = new ArrayList<>(tables);
    sorted.sort(
        Comparator.comparingLong(CompactionCandidate::minToken)
            .thenComparingLong(CompactionCandidate::number));
    List<Overlap> found = new ArrayList<>();
    List<CompactionCandidate> group = new ArrayList<>();
    long lastToken = Long.MIN_VALUE;
    for (CompactionCandidate table : sorted) {
      if (!group.isEmpty() && table.minToken() > lastToken) {
        found.add(new Overlap(group, deepest(group)));
        group = new ArrayList<>();
        lastToken = Long.MIN_VALUE;
      }
      group.add(table);
      lastToken = Math.max(lastToken, table.maxToken());
    }
    if (!group.isEmpty()) {
      found.add(new Overlap(group, deepest(group)));
    }
    return found;
  }

  /** Those that overlap one of {@link #deepest}, which are themselves among them. */
  List<CompactionCandidate> nextToDeepest() {
    // They have a token in common, so their ranges are one.
    long first = deepest.stream().mapToLong(CompactionCandidate::minToken).min().orElseThrow();
    long last = deepest.stream().mapToLong(CompactionCandidate::maxToken).max().orElseThrow();
    return tables.stream().filter(table -> table.overlaps(first, last)).toList();
  }

  /** The most that overlap do so where some table begins. */
  private static List<CompactionCandidate> deepest(List<CompactionCandidate> sorted) {
    List<CompactionCandidate> deepest = List.of();
    List<CompactionCandidate> open = new ArrayList<>();
    for (CompactionCandidate table : sorted) {
      open.removeIf(before -> before.maxToken() < table.minToken());
      open.add(table);
      if (open.size() > deepest.size()) {
        deepest = List.copyOf(open);
      }
    }
    return deepest;
  }
}
