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
 * Brings the updates that logs hold into memtables of its own, and these to the shards or into
 * SSTables. Each shard's tokens have their own, so that all cores are used:
 *
 * <pre>
 * each stretch    shard 0's updates, out of the log -> memtables     each on a thread
 *                 shard 1's updates, out of the log -> memtables
 *                 the log's next segment is read, now and then
 * when they grow  shard 0's memtables -> SSTables                    each on a thread
 *                 shard 1's memtables -> SSTables
 * at the end      shard 0's memtables -> shard 0, or SSTables
 *                 shard 1's memtables -> shard 1, or SSTables
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
   * @param memoryBytes when a shard's memtables take up three quarters of its part, all are
   *     flushed; more, and writes would be answered late when they are handed over
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
      long most = shards.stream().mapToLong(OfShard::usedBytes).max().orElse(0);
      if (most * shards.size() > memoryBytes / 4 * 3) {
        flush();
      }
    }
  }

  /** Nothing is in memory. */
  boolean isEmpty() {
    return shards.stream().allMatch(shard -> shard.memtables.isEmpty());
  }

  /**
   * Whether a truncation was begun and did not come to its end. It will be done once more, and then
   * the generation of later updates does not tell on which side of it they were written.
   */
  boolean overtakeTruncation() {
    return shards.stream().anyMatch(shard -> shard.overtakesTruncation);
  }

  /** Hands what is in memory over to the shard that owns it. */
  void handOver(EngineShard shard) {
    shards.get(shard.shard().index()).handOver(shard);
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

    /** The least timestamp of each table's updates that were flushed. */
    private final Map<UUID, Long> flushed = new LinkedHashMap<>();

    private long lastFlushedSegmentId;
    private long segmentId;
    private boolean overtakesTruncation;
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
    public void replayed(long fromSegmentId, int generation, Mutation mutation) {
      segmentId = fromSegmentId;
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
      overtakesTruncation |= generation > table.generation();
      Memtable memtable = memtables.computeIfAbsent(tableId, id -> new Memtable());
      memtable.noteSegment(segmentId);
      memtable.put(mutation);
    }

    long usedBytes() {
      return memtables.values().stream()
          .mapToLong(memtable -> memtable.memoryBytes() - EngineShard.FLOOR_BYTES)
          .sum();
    }

    void flush() throws IOException {
      for (Map.Entry<UUID, Memtable> entry : memtables.entrySet()) {
        Table table = Objects.requireNonNull(tables.get(entry.getKey()), "a table that is known");
        Memtable memtable = entry.getValue();
        memtable.freeze();
        flush.run(table, memtable);
        flushed.merge(entry.getKey(), memtable.minTimestampMicros(), Math::min);
      }
      lastFlushedSegmentId = segmentId;
      memtables.clear();
    }

    void handOver(EngineShard shard) {
      flushed.forEach((id, least) -> shard.flushedByReplay(id, least, lastFlushedSegmentId));
      memtables.forEach(shard::adopt);
      memtables.clear();
    }
  }
}
