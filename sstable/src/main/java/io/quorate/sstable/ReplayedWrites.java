package io.quorate.sstable;

import io.quorate.environment.Background;
import io.quorate.environment.Shards;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * Brings the updates that logs hold into SSTables, by way of memtables of its own. Each shard's
 * tokens have their own, so that all cores are used:
 *
 * <pre>
 * stretch n + 1   read, checked, cut into updates by shard    on the calling thread
 * stretch n       shard 0's updates -> memtables              meanwhile, each on a thread
 *                 shard 1's updates -> memtables
 * now and then    shard 0's memtables -> SSTables             each on a thread
 *                 shard 1's memtables -> SSTables
 * </pre>
 *
 * <p>How many shards wrote the log does not matter. Used at start, by one thread.
 */
final class ReplayedWrites {

  /** Writes a frozen memtable to disk and lists what was written in its table. */
  interface Flush {
    void run(Table table, Memtable memtable) throws IOException;
  }

  /** Which updates are applied. */
  interface Choice {
    boolean isWanted(long segmentId, Mutation mutation);
  }

  private final Background background;
  private final long memoryBytes;
  private final Map<UUID, Table> tables;
  private final Choice choice;
  private final Flush flush;
  private final List<OfShard> shards = new ArrayList<>();

  /** Whether the log may have more. */
  private boolean more;

  private long appliedRecords;
  private long skippedRecords;
  private long unwantedRecords;

  /**
   * @param memoryBytes when the memtables take up half of it they are flushed
   * @param tables those that there are
   */
  ReplayedWrites(
      Background background,
      int shardCount,
      long memoryBytes,
      Map<UUID, Table> tables,
      Choice choice,
      Flush flush) {
    this.background = background;
    this.memoryBytes = memoryBytes;
    this.tables = tables;
    this.choice = choice;
    this.flush = flush;
    for (int i = 0; i < shardCount; i++) {
      shards.add(new OfShard());
    }
  }

  /** Updates of tables that there are, and that were not truncated since. */
  long appliedRecords() {
    return appliedRecords;
  }

  /** Updates of tables that were dropped or truncated. */
  long skippedRecords() {
    return skippedRecords;
  }

  long unwantedRecords() {
    return unwantedRecords;
  }

  /** Replays a log, which has begun, to its end. */
  void replay(CommitLogReplay log) throws IOException {
    do {
      List<Background.Part> parts = new ArrayList<>();
      parts.add(() ->
          more =
              log.replayNext((generation, mutation) -> add(log.segmentId(), generation, mutation)));
      for (OfShard shard : shards) {
        List<Mutation> updates = shard.takeRead();
        parts.add(() -> shard.apply(updates));
      }
      background.inParallel(parts);
      // All at once: a shard that flushed alone would keep the others waiting.
      if (shards.stream().mapToLong(OfShard::usedBytes).sum() > memoryBytes / 2) {
        flush();
      }
    } while (more || shards.stream().anyMatch(OfShard::hasRead));
  }

  private void add(long segmentId, int generation, Mutation mutation) {
    if (!choice.isWanted(segmentId, mutation)) {
      unwantedRecords++;
      return;
    }
    Table table = tables.get(mutation.tableId());
    if (table == null || generation < table.generation()) {
      skippedRecords++;
      return;
    }
    appliedRecords++;
    shards.get(Shards.ownerIndex(mutation.token(), shards.size())).read.add(mutation);
  }

  /** Brings what is still in memory to disk. */
  void flush() throws IOException {
    List<Background.Part> parts = new ArrayList<>();
    for (OfShard shard : shards) {
      parts.add(shard::flush);
    }
    background.inParallel(parts);
  }

  /** What belongs to one shard's tokens. */
  private final class OfShard {
    private final Map<UUID, Memtable> memtables = new LinkedHashMap<>();

    /** Filled by the part that reads. */
    private List<Mutation> read = new ArrayList<>();

    boolean hasRead() {
      return !read.isEmpty();
    }

    List<Mutation> takeRead() {
      List<Mutation> taken = read;
      read = new ArrayList<>(taken.size());
      return taken;
    }

    void apply(List<Mutation> updates) {
      for (Mutation update : updates) {
        memtables.computeIfAbsent(update.tableId(), id -> new Memtable()).put(update);
      }
    }

    long usedBytes() {
      return memtables.values().stream()
          .mapToLong(memtable -> memtable.memoryBytes() - EngineShard.FLOOR_BYTES)
          .sum();
    }

    void flush() throws IOException {
      for (Map.Entry<UUID, Memtable> entry : memtables.entrySet()) {
        Table table = Objects.requireNonNull(tables.get(entry.getKey()), "a table that is known");
        entry.getValue().freeze();
        flush.run(table, entry.getValue());
      }
      memtables.clear();
    }
  }
}
