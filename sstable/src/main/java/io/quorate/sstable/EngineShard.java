package io.quorate.sstable;

import io.quorate.environment.Clock;
import io.quorate.environment.Environment;
import io.quorate.environment.Invariant;
import io.quorate.environment.Shard;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The part of the engine that one shard owns: its memtables, their memory, and its side of the
 * commit log. Every method runs on the shard's thread unless it says otherwise.
 */
final class EngineShard {
  private static final long RETRY_NANOS = 500_000_000L;

  /** How long the answer to a write is held back, at most, when memory is nearly used up. */
  private static final long LONGEST_DELAY_NANOS = 1_000_000_000L;

  /** How often, within the greatest age of a memtable, ages are looked at. */
  private static final int LOOKS_AT_AGE = 8;

  /** What an empty memtable takes up, which no flush gives back. */
  static final long FLOOR_BYTES = new Memtable().memoryBytes();

  private final Shard shard;
  private final StorageEngine engine;
  private final Executor pool;
  private final LogAppender log;
  private final Runnable releaseSegments;
  private final SyncMode syncMode;
  private final ReadEffort readEffort;
  private final long memoryLimitBytes;
  private final long memtableMaxAgeNanos;
  private final Clock clock;
  private boolean agingPlanned;
  private final Map<UUID, TableShard> tables = new LinkedHashMap<>();

  /** The one that was asked for last, which most requests ask for again. */
  private @Nullable TableShard lastAsked;

  /** Scratch space of reads that end on the shard. */
  private final PartitionMerger merger = new PartitionMerger();

  private final FragmentAssembler assembler = new FragmentAssembler();
  private long activeBytes;
  private long frozenBytes;

  EngineShard(
      Environment environment, Shard shard, StorageEngine engine, CommitLog log, EngineOptions o) {
    int shards = environment.shards().count();
    this.shard = shard;
    this.engine = engine;
    this.pool = environment.background().pool();
    this.log = log.appender(shard.index());
    this.releaseSegments = log::release;
    this.syncMode = o.syncMode();
    this.readEffort = o.readEffort();
    this.memoryLimitBytes = o.memtableBytes() / shards;
    this.memtableMaxAgeNanos = TimeUnit.MILLISECONDS.toNanos(o.memtableMaxAgeMillis());
    this.clock = environment.clock();
  }

  Shard shard() {
    return shard;
  }

  Executor pool() {
    return pool;
  }

  LogAppender log() {
    return log;
  }

  PartitionMerger merger() {
    return merger;
  }

  ReadEffort readEffort() {
    return readEffort;
  }

  FragmentAssembler assembler() {
    return assembler;
  }

  void addTable(Table table) {
    TableShard added = new TableShard(table, engine.truncatedAt(table.id()));
    TableShard before = tables.putIfAbsent(table.id(), added);
    if (before == null) {
      activeBytes += added.active.memoryBytes();
    }
  }

  void removeTable(UUID tableId) {
    TableShard removed = tables.remove(tableId);
    lastAsked = null;
    if (removed != null) {
      activeBytes -= removed.active.memoryBytes();
      removed.frozen.forEach(memtable -> frozenBytes -= memtable.memoryBytes());
      removed.frozen.clear();
      releaseLog();
    }
  }

  /** Takes over what a replay brought into memory. At the start, before any task of the shard. */
  void adopt(UUID tableId, Memtable replayed) {
    TableShard table = known(tableId);
    activeBytes += replayed.memoryBytes() - table.active.memoryBytes();
    table.active = replayed;
    table.activeSinceNanos = clock.nanos();
    log.need(Math.min(replayed.firstSegmentId(), log.neededSegmentId()));
  }

  /** What a replay brought to SSTables stands in the log's segments up to one. At the start. */
  void flushedByReplay(UUID tableId, long minTimestampMicros, long lastSegmentId) {
    known(tableId).flushedByReplay(minTimestampMicros, lastSegmentId);
  }

  /** All shards have what a replay brought into memory: it grows old, and may be much. */
  void begin() {
    flushAged();
    flushWhatIsDue();
  }

  private TableShard known(UUID tableId) {
    return Objects.requireNonNull(tables.get(tableId), "a table that was replayed is there");
  }

  @Nullable TableShard table(UUID tableId) {
    TableShard last = lastAsked;
    if (last == null || !last.table.id().equals(tableId)) {
      last = tables.get(tableId);
      lastAsked = last;
    }
    return last;
  }

  List<TableShard> tables() {
    return new ArrayList<>(tables.values());
  }

  void apply(Mutation mutation, long epoch, Shard waiting, ApplyCallback callback) {
    Invariant.check(shard.isCurrent(), "a write runs on the shard that owns its token");
    TableShard table = table(mutation.tableId());
    if (table == null) {
      ApplyCallback.tell(waiting, callback, new ApplyOutcome.UnknownTable(mutation.tableId()));
      return;
    }
    if (epoch < table.truncatedAt) {
      ApplyCallback.tell(
          waiting, callback, new ApplyOutcome.Truncated(mutation.tableId(), table.truncatedAt));
      return;
    }
    long usedBytes = activeBytes + frozenBytes - FLOOR_BYTES * tables.size();
    if (usedBytes > memoryLimitBytes) {
      if (frozenBytes == 0) {
        flushLargest();
      }
      String failure = engine.flushFailure();
      ApplyCallback.tell(
          waiting,
          callback,
          new ApplyOutcome.Overloaded(
              "memtables wait to be flushed" + (failure == null ? "" : ": " + failure)));
      return;
    }
    Durability durability = table.table.settings().durability();
    boolean durable = durability != Durability.NONE;
    ApplyOutcome refused = durable ? log.append(table.generation, mutation) : null;
    if (refused != null) {
      ApplyCallback.tell(waiting, callback, refused);
      return;
    }
    if (table.active.isEmpty()) {
      table.activeSinceNanos = clock.nanos();
      planAging();
    }
    long before = table.active.memoryBytes();
    table.active.put(mutation);
    activeBytes += table.active.memoryBytes() - before;
    if (durable) {
      // Before the record is handed over: what is read now is at most where it will stand.
      long segmentId = log.currentSegmentId();
      table.active.noteSegment(segmentId);
      log.need(Math.min(segmentId, log.neededSegmentId()));
      log.whenDurable(durability.modeOr(syncMode), waiting, heldBack(waiting, callback, usedBytes));
    } else {
      ApplyCallback.tell(waiting, heldBack(waiting, callback, usedBytes), ApplyOutcome.APPLIED);
    }
    flushWhatIsDue();
  }

  /**
   * Whoever writes faster than memtables are flushed gets the answer later, a little at first and
   * then more and more: writers that wait for answers slow down to what the disk sustains, and no
   * write of theirs needs to be refused.
   */
  private ApplyCallback heldBack(Shard waiting, ApplyCallback callback, long usedBytes) {
    long delayNanos = delayNanos(usedBytes, memoryLimitBytes);
    return delayNanos == 0
        ? callback
        : outcome -> waiting.schedule(delayNanos, () -> callback.applied(outcome));
  }

  /** Grows with the square of what is used of the last quarter. */
  static long delayNanos(long usedBytes, long limitBytes) {
    double used = (usedBytes - 0.75 * limitBytes) / (0.25 * limitBytes);
    return used <= 0 ? 0 : (long) (LONGEST_DELAY_NANOS * Math.min(1, used * used));
  }

  private void planAging() {
    if (!agingPlanned) {
      agingPlanned = true;
      shard.schedule(
          memtableMaxAgeNanos / LOOKS_AT_AGE + 1,
          () -> {
            agingPlanned = false;
            flushAged();
          });
    }
  }

  private void flushAged() {
    long now = clock.nanos();
    for (TableShard table : tables.values()) {
      if (!table.active.isEmpty()) {
        if (now - table.activeSinceNanos >= memtableMaxAgeNanos) {
          freeze(table, failure -> {});
        } else {
          planAging();
        }
      }
    }
  }

  private void flushWhatIsDue() {
    if (activeBytes - FLOOR_BYTES * tables.size() > memoryLimitBytes / 2) {
      flushLargest();
    }
  }

  private void flushLargest() {
    TableShard largest = null;
    for (TableShard table : tables.values()) {
      if (!table.active.isEmpty()
          && (largest == null || table.active.memoryBytes() > largest.active.memoryBytes())) {
        largest = table;
      }
    }
    if (largest != null) {
      freeze(largest, failure -> {});
    }
  }

  /** Flushes the memtables that need segments of the log before this one. */
  void flushBefore(long segmentId) {
    for (TableShard table : tables.values()) {
      if (table.active.firstSegmentId() < segmentId) {
        freeze(table, failure -> {});
      }
    }
  }

  /**
   * Flushes a table's memtable.
   *
   * @param failed told on the flush thread, null or why it failed; then it is tried again by itself
   */
  void freeze(TableShard table, Consumer<@Nullable IOException> failed) {
    if (table.active.isEmpty()) {
      return;
    }
    Memtable frozen = table.active;
    frozen.freeze();
    table.frozen.add(frozen);
    table.active = new Memtable();
    activeBytes += table.active.memoryBytes() - frozen.memoryBytes();
    frozenBytes += frozen.memoryBytes();
    flush(table, frozen, table.generation, failed);
  }

  private void flush(
      TableShard table, Memtable frozen, int generation, Consumer<@Nullable IOException> failed) {
    engine.flush(
        table.table,
        frozen,
        generation,
        failure -> {
          failed.accept(failure);
          shard.execute(() -> {
            if (failure == null) {
              flushed(table, frozen);
            } else {
              shard.schedule(RETRY_NANOS, () -> retry(table, frozen, generation));
            }
          });
        });
  }

  private void retry(TableShard table, Memtable frozen, int generation) {
    if (table.frozen.contains(frozen)) {
      flush(table, frozen, generation, failure -> {});
    }
  }

  private void flushed(TableShard table, Memtable frozen) {
    if (table.frozen.remove(frozen)) {
      frozenBytes -= frozen.memoryBytes();
      table.flushed(frozen, log);
    }
    releaseLog();
  }

  /** The least timestamp of what this shard has of a table besides its SSTables. */
  long minTimestampMicros(UUID tableId) {
    TableShard table = tables.get(tableId);
    return table == null ? Long.MAX_VALUE : table.minTimestampMicros(log.oldestSegmentId());
  }

  private void releaseLog() {
    long first = Long.MAX_VALUE;
    for (TableShard table : tables.values()) {
      first = Math.min(first, table.firstSegmentId());
    }
    if (first != log.neededSegmentId()) {
      log.need(first);
      releaseSegments.run();
    }
  }

  /**
   * Forgets a table's memtables; later updates belong to its next generation, and those that were
   * planned before {@code epoch} are refused.
   */
  void discard(TableShard table, long epoch) {
    activeBytes -= table.active.memoryBytes();
    table.frozen.forEach(memtable -> frozenBytes -= memtable.memoryBytes());
    table.frozen.clear();
    table.forgetLogged();
    table.active = new Memtable();
    table.generation++;
    table.truncatedAt = epoch;
    activeBytes += table.active.memoryBytes();
    releaseLog();
  }

  void read(ReadCommand command, ReadCallback callback) {
    Invariant.check(shard.isCurrent(), "a read runs on the shard that owns its token");
    TableShard table = table(command.tableId());
    if (table == null) {
      callback.completed(unknown(command.tableId()));
      return;
    }
    new PartitionRead(this, table, command, callback).start();
  }

  void readRange(RangeCommand command, RangeCallback callback) {
    Invariant.check(shard.isCurrent(), "a read runs on the shard that owns its tokens");
    TableShard table = table(command.tableId());
    if (table == null) {
      callback.completed(unknown(command.tableId()));
      return;
    }
    new RangeRead(this, table, command, callback).start();
  }

  private static ReadFailure unknown(UUID tableId) {
    return new ReadFailure(ReadFailure.Reason.UNKNOWN_TABLE, "there is no table " + tableId);
  }

  /** Answers a read that the disk failed; a damaged file is put aside. */
  void readFailed(Table table, IOException failure, Consumer<ReadFailure> answer) {
    if (failure instanceof CorruptFileException corrupt) {
      engine.quarantine(table, corrupt);
      answer.accept(
          new ReadFailure(ReadFailure.Reason.DAMAGED, String.valueOf(failure.getMessage())));
    } else {
      answer.accept(new ReadFailure(ReadFailure.Reason.DISK, String.valueOf(failure.getMessage())));
    }
  }

  /** Gives references back. May be called on any background thread. */
  void release(List<SSTable> retained) {
    engine.release(retained);
  }
}
