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
 * each stretch    shard 0's updates, out of the log -> memtables     each on a thread
 *                 shard 1's updates, out of the log -> memtables
 *                 the log's next segment is read, now and then
 * now and then    shard 0's memtables -> SSTables                    each on a thread
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

  /** Which updates are applied. Asked by several threads at once. */
  interface Choice {
    boolean isWanted(long segmentId, Mutation mutation);
  }

  private final Background background;
  private final long memoryBytes;
  private final Map<UUID, Table> tables;
  private final Choice choice;
  private final Flush flush;
  private final List<OfShard> shards = new ArrayList<>();

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
      shards.add(new OfShard(i));
    }
  }

  /** Updates of tables that there are, and that were not truncated since. */
  long appliedRecords() {
    return shards.stream().mapToLong(shard -> shard.applied).sum();
  }

  /** Updates of tables that were dropped or truncated. */
  long skippedRecords() {
    return shards.stream().mapToLong(shard -> shard.skipped).sum();
  }

  long unwantedRecords() {
    return shards.stream().mapToLong(shard -> shard.unwanted).sum();
  }

  /** Replays a log, which has begun, to its end. */
  void replay(CommitLogReplay log) throws IOException {
    while (log.next()) {
      List<Background.Part> parts = new ArrayList<>();
      for (OfShard shard : shards) {
        parts.add(() -> log.deliver(shard));
      }
      parts.add(log::readAhead);
      background.inParallel(parts);
      log.settle();
      // All at once: a shard that flushed alone would keep the others waiting.
      if (shards.stream().mapToLong(OfShard::usedBytes).sum() > memoryBytes / 2) {
        flush();
      }
    }
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
  private final class OfShard implements CommitLogReplay.Sink {
    private final int index;
    private final Map<UUID, Memtable> memtables = new LinkedHashMap<>();
    private long applied;
    private long skipped;
    private long unwanted;

    OfShard(int index) {
      this.index = index;
    }

    @Override
    public boolean isFor(long token) {
      return Shards.ownerIndex(token, shards.size()) == index;
    }

    @Override
    public void replayed(long segmentId, int generation, Mutation mutation) {
      if (!choice.isWanted(segmentId, mutation)) {
        unwanted++;
        return;
      }
      UUID tableId = mutation.tableId();
      Table table = tables.get(tableId);
      if (table == null || generation < table.generation()) {
        skipped++;
        return;
      }
      applied++;
      memtables.computeIfAbsent(tableId, id -> new Memtable()).put(mutation);
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
