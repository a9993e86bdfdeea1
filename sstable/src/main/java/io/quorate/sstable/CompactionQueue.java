package io.quorate.sstable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What is being compacted of one table, and what waits. Either several compactions run that are
 * due, or one request of an administrator. Owned by the compaction thread.
 */
final class CompactionQueue {
  private static final long FIRST_RETRY_NANOS = 1_000_000_000L;
  private static final int MOST_DOUBLINGS = 9;

  private final Set<SSTable> busy = new HashSet<>();

  /** SSTables in which everything has expired, and which a compaction could not empty. */
  private final Set<SSTable> kept = new HashSet<>();

  final ArrayDeque<MaintenanceRequest> waiting = new ArrayDeque<>();
  @Nullable MaintenanceRequest current;

  /** How many plans there were when the strategy was last asked. */
  int due;

  private int running;
  private int failures;
  private int pauses;
  private boolean closed;

  void began(List<SSTable> inputs) {
    busy.addAll(inputs);
    running++;
  }

  void ended(List<SSTable> inputs) {
    inputs.forEach(busy::remove);
    running--;
  }

  boolean isIdle() {
    return running == 0 && current == null;
  }

  /** Whether what is due may begin. */
  boolean isOpen() {
    return !closed && pauses == 0 && current == null && waiting.isEmpty();
  }

  void succeeded() {
    failures = 0;
  }

  /** How long to leave the table alone: twice as long after each failure. */
  long failedNanos() {
    failures = Math.min(failures + 1, MOST_DOUBLINGS + 1);
    return FIRST_RETRY_NANOS << (failures - 1);
  }

  void pause() {
    pauses++;
  }

  void resume() {
    pauses--;
  }

  /** Lets nothing begin any more: the table is being dropped. */
  void close() {
    closed = true;
  }

  boolean isClosed() {
    return closed;
  }

  /**
   * An SSTable of which nothing is needed any more: all in it is tombstones or has expired, for
   * long enough, and nothing else here is so old that it might still have to be deleted. Each is
   * told of once.
   */
  @Nullable SSTable expired(List<SSTable> tables, ToLongFunction<SSTable> purgeableBeforeSeconds) {
    kept.retainAll(tables);
    for (SSTable table : tables) {
      SSTableStatistics statistics = table.statistics();
      if (statistics.maxLocalSeconds() < purgeableBeforeSeconds.applyAsLong(table)
          && !busy.contains(table)
          && tables.stream().noneMatch(other -> other != table && mayBeOlder(other, statistics))
          && kept.add(table)) {
        return table;
      }
    }
    return null;
  }

  private static boolean mayBeOlder(SSTable other, SSTableStatistics than) {
    SSTableStatistics statistics = other.statistics();
    return statistics.minToken() <= than.maxToken()
        && statistics.maxToken() >= than.minToken()
        && statistics.minTimestampMicros() <= than.maxTimestampMicros();
  }

  /** A table's SSTables as strategies see them. */
  List<CompactionCandidate> candidates(List<SSTable> tables) {
    List<CompactionCandidate> candidates = new ArrayList<>(tables.size());
    for (SSTable table : tables) {
      SSTableStatistics statistics = table.statistics();
      candidates.add(
          new CompactionCandidate(
              table.number(),
              table.fileBytes(),
              statistics.minToken(),
              statistics.maxToken(),
              statistics.maxTimestampMicros(),
              statistics.partitionCount(),
              table.level(),
              busy.contains(table)));
    }
    return candidates;
  }
}
