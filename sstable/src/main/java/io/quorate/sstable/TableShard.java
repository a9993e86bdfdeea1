package io.quorate.sstable;

import java.util.ArrayList;
import java.util.List;

/** One table's memtables on one shard. Owned by the shard's thread. */
final class TableShard {
  final Table table;
  Memtable active = new Memtable();

  /** When the active memtable took its first update, by the monotonic clock. */
  long activeSinceNanos;

  /** Being flushed, oldest first. */
  final List<Memtable> frozen = new ArrayList<>();

  /** Flushed, and perhaps in the commit log still: a crash would bring it back. */
  private final List<Logged> logged = new ArrayList<>();

  /** The table's generation when the memtables began; see {@link Table#generation}. */
  int generation;

  /** Updates that were planned under an earlier epoch are refused; see {@link Truncations}. */
  long truncatedAt;

  /** What a memtable held that was flushed. */
  private static final class Logged {
    final long minTimestampMicros;

    /** It stands in no later segment; not known until the log has written all of it. */
    long lastSegmentId = Long.MAX_VALUE;

    Logged(long minTimestampMicros) {
      this.minTimestampMicros = minTimestampMicros;
    }
  }

  TableShard(Table table, long truncatedAt) {
    this.table = table;
    this.truncatedAt = truncatedAt;
    this.generation = table.generation();
  }

  long memoryBytes() {
    long bytes = active.memoryBytes();
    for (Memtable memtable : frozen) {
      bytes += memtable.memoryBytes();
    }
    return bytes;
  }

  /** The first segment of the commit log that holds updates of these memtables. */
  long firstSegmentId() {
    long first = active.firstSegmentId();
    for (Memtable memtable : frozen) {
      first = Math.min(first, memtable.firstSegmentId());
    }
    return first;
  }

  /** A memtable was flushed; the log forgets what it held later, segment by segment. */
  void flushed(Memtable memtable, LogAppender log) {
    if (memtable.firstSegmentId() != Long.MAX_VALUE) {
      Logged flushed = new Logged(memtable.minTimestampMicros());
      logged.add(flushed);
      log.drain(() -> flushed.lastSegmentId = log.currentSegmentId());
    }
  }

  /** A replay brought updates to SSTables, and they stand in the log's segments up to one. */
  void flushedByReplay(long minTimestampMicros, long lastSegmentId) {
    Logged flushed = new Logged(minTimestampMicros);
    flushed.lastSegmentId = lastSegmentId;
    logged.add(flushed);
  }

  /** Everything before was truncated: replay passes it over. */
  void forgetLogged() {
    logged.clear();
  }

  /** The least timestamp in the memtables, and in what a replay of the log would bring back. */
  long minTimestampMicros(long oldestSegmentId) {
    logged.removeIf(flushed -> flushed.lastSegmentId < oldestSegmentId);
    long least = active.minTimestampMicros();
    for (Logged flushed : logged) {
      least = Math.min(least, flushed.minTimestampMicros);
    }
    for (Memtable memtable : frozen) {
      least = Math.min(least, memtable.minTimestampMicros());
    }
    return least;
  }
}
