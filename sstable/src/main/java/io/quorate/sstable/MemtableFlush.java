package io.quorate.sstable;

import io.quorate.environment.Environment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes frozen memtables to SSTables, one after the other, on a thread of its own. Truncation ends
 * on that thread, too: a memtable of the generation before it is dropped, one of the generation
 * behind it waits until the table is empty. Safe for concurrent use.
 */
final class MemtableFlush {
  private final StorageEngine engine;
  private final StorageEvents events;
  private final Executor thread;

  /** Those of a generation whose truncation is not complete. Flush thread only. */
  private final List<Runnable> postponed = new ArrayList<>();

  private volatile @Nullable String failure;

  MemtableFlush(Environment environment, StorageEngine engine, StorageEvents events) {
    this.engine = engine;
    this.events = events;
    this.thread = environment.background().serial("flush");
  }

  /** Why the last flush failed, or null. */
  @Nullable String failure() {
    return failure;
  }

  /** Flushes; {@code done} is told on the flush thread, null or why it failed. */
  void begin(Table table, Memtable frozen, int generation, Consumer<@Nullable IOException> done) {
    thread.execute(() -> run(table, frozen, generation, done));
  }

  /** Runs a task on the flush thread behind what was begun. */
  void afterwards(Runnable task) {
    thread.execute(task);
  }

  private void run(
      Table table, Memtable frozen, int generation, Consumer<@Nullable IOException> done) {
    if (generation > table.generation()) {
      postponed.add(() -> run(table, frozen, generation, done));
      return;
    }
    try {
      if (generation == table.generation()) {
        List<SSTable> flushed = write(table, frozen);
        if (!table.replace(generation, List.of(), flushed)) {
          engine.discard(flushed);
        }
      }
      failure = null;
      done.accept(null);
      engine.consider(table);
    } catch (IOException e) {
      failure = String.valueOf(e.getMessage());
      events.backgroundWorkFailed("flushing " + table.directory(), e);
      done.accept(e);
    }
  }

  /** Writes a memtable to SSTables that no manifest lists yet. */
  List<SSTable> write(Table table, Memtable frozen) throws IOException {
    return PartitionCopy.copyAll(frozen, engine.newTables(table, 0, List.of(), Long.MAX_VALUE));
  }

  /** Removes a table's SSTables, once every shard has dropped its memtables, and notes it. */
  void endTruncation(Table table, long epoch, Consumer<@Nullable IOException> done) {
    thread.execute(() -> {
      try {
        engine.retire(table.truncate());
        engine.noteTruncation(table, epoch);
        done.accept(null);
      } catch (IOException e) {
        done.accept(e);
      }
      List<Runnable> waiting = List.copyOf(postponed);
      postponed.clear();
      waiting.forEach(Runnable::run);
    });
  }
}
