package io.quorate.sstable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What is being compacted of one table, and what waits. Either several compactions run that are
 * due, or one request of an administrator. Owned by the compaction thread.
 */
final class CompactionQueue {
  private static final long FIRST_RETRY_NANOS = 1_000_000_000L;
  private static final int MOST_DOUBLINGS = 9;

  /** How many SSTables go in one compaction that have expired as a whole. */
  private static final int MOST_EXPIRED = 32;

  private final Set<SSTable> busy = new HashSet<>();

  /** Whether it is time to look what has expired as a whole. */
  private boolean expiredDue = true;

  /** How often is looked what time alone has made due, and the number of the next such look. */
  private long lookNanos;

  private int nextLook;

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

  /** Sees to it that the next look comes within so long: gives its number, or 0 if it does. */
  int planLook(long nanos) {
    if (lookNanos == nanos) {
      return 0;
    }
    lookNanos = nanos;
    return ++nextLook;
  }

  /** Whether a look whose time has come is the one that was planned last. */
  boolean beginLook(int number) {
    if (closed || number != nextLook) {
      return false;
    }
    lookNanos = 0;
    expiredDue = true;
    return true;
  }

  boolean isClosed() {
    return closed;
  }

  /**
   * SSTables of which nothing is needed any more: all in them is tombstones or has expired, for
   * long enough, and nothing else here is so old that it might still have to be deleted. They are
   * looked for once a look and not more, for a memtable may keep them.
   */
  List<SSTable> expired(List<SSTable> tables, ToLongFunction<SSTable> purgeableBeforeSeconds) {
    if (!expiredDue) {
      return List.of();
    }
    List<SSTable> expired = new ArrayList<>();
    for (SSTable table : tables) {
      if (table.statistics().maxLocalSeconds() < purgeableBeforeSeconds.applyAsLong(table)
          && !busy.contains(table)) {
        expired.add(table);
      }
    }
    // Those that hide something in one that stays do not go, nor what they may hide themselves.
    while (expired.removeIf(table -> isKeptByAnother(table, tables, expired))) {}
    expired.sort(Comparator.comparingLong(table -> table.statistics().maxTimestampMicros()));
    expiredDue = expired.size() > MOST_EXPIRED;
    return List.copyOf(expired.subList(0, Math.min(expired.size(), MOST_EXPIRED)));
  }

  private static boolean isKeptByAnother(
      SSTable table, List<SSTable> tables, List<SSTable> expired) {
    return tables.stream()
        .anyMatch(other ->
            !expired.contains(other) && other.statistics().mayBeOlderThan(table.statistics()));
  }

  /**
   * The SSTables that are worth a compaction of their own, the one that it makes smallest first.
   */
  List<SSTable> worthAlone(
      List<SSTable> tables,
      TombstoneRule rule,
      ToLongFunction<SSTable> purgeableBeforeSeconds,
      long nowSeconds) {
    TreeMap<Double, SSTable> worth = new TreeMap<>(Comparator.reverseOrder());
    for (SSTable table : tables) {
      List<SSTableStatistics> others =
          tables.stream().filter(other -> other != table).map(SSTable::statistics).toList();
      double gain =
          busy.contains(table)
              ? 0
              : rule.gain(
                  table.statistics(),
                  others,
                  purgeableBeforeSeconds.applyAsLong(table),
                  nowSeconds);
      if (gain > 0) {
        worth.putIfAbsent(gain, table);
      }
    }
    return List.copyOf(worth.values());
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
