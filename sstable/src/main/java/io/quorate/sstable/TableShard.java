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

  /** The table's generation when the memtables began; see {@link Table#generation}. */
  int generation;

  TableShard(Table table) {
    this.table = table;
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

  long minTimestampMicros() {
    long least = active.minTimestampMicros();
    for (Memtable memtable : frozen) {
      least = Math.min(least, memtable.minTimestampMicros());
    }
    return least;
  }
}
