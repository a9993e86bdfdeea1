package io.quorate.sstable;

import io.quorate.environment.Environment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Merges SSTables in the background, one merge at a time. All blocks of the inputs are verified as
 * they are read, so that damage is found here and not copied on.
 *
 * <p>A tombstone is left out once it is older than the table's grace period and than everything
 * that may stand outside the merge under the same token: other SSTables, as far as their filters
 * tell, and the memtables, whose least timestamp each shard is asked for before a merge begins.
 */
final class Compaction {
  private final Environment environment;
  private final StorageEngine engine;
  private final StorageEvents events;
  private final Executor thread;

  Compaction(Environment environment, StorageEngine engine, StorageEvents events) {
    this.environment = environment;
    this.engine = engine;
    this.events = events;
    this.thread = environment.background().serial("compaction");
  }

  /** Looks, in the background, whether something is due, and does it. */
  void consider(Table table) {
    thread.execute(() -> {
      CompactionSettings settings = table.settings().compaction();
      if (!table.compacting && settings.enabled()) {
        List<SSTable> picked = settings.strategy().pick(table.version().tables());
        if (!picked.isEmpty()) {
          begin(table, picked, failure -> {});
        }
      }
    });
  }

  /** Merges all SSTables of a table into one. */
  void compactAll(Table table, Consumer<@Nullable IOException> done) {
    thread.execute(() -> {
      List<SSTable> all = table.version().tables();
      if (all.isEmpty()) {
        done.accept(null);
      } else if (table.compacting) {
        // The one that runs began before; behind it comes this one.
        table.waiting.add(() -> compactAll(table, done));
      } else {
        begin(table, all, done);
      }
    });
  }

  private void begin(Table table, List<SSTable> inputs, Consumer<@Nullable IOException> done) {
    table.compacting = true;
    int generation = table.generation();
    askShard(
        table,
        0,
        Long.MAX_VALUE,
        leastTimestamp ->
            thread.execute(() -> run(table, generation, inputs, leastTimestamp, done)));
  }

  private void askShard(Table table, int index, long leastSoFar, LongConsumer done) {
    if (index == environment.shards().count()) {
      done.accept(leastSoFar);
      return;
    }
    environment
        .shards()
        .get(index)
        .execute(() -> {
          TableShard memtables = engine.shard(index).table(table.id());
          long least = memtables == null ? Long.MAX_VALUE : memtables.minTimestampMicros();
          askShard(table, index + 1, Math.min(leastSoFar, least), done);
        });
  }

  private void run(
      Table table,
      int generation,
      List<SSTable> inputs,
      long leastTimestamp,
      Consumer<@Nullable IOException> done) {
    IOException failed = null;
    try {
      compact(table, generation, inputs, leastTimestamp);
    } catch (CorruptFileException e) {
      engine.quarantine(table, e);
      failed = e;
    } catch (IOException e) {
      events.backgroundWorkFailed("compacting " + table.directory(), e);
      failed = e;
    }
    table.compacting = false;
    done.accept(failed);
    List<Runnable> waiting = List.copyOf(table.waiting);
    table.waiting.clear();
    waiting.forEach(Runnable::run);
    if (failed == null) {
      consider(table);
    }
  }

  private void compact(Table table, int generation, List<SSTable> inputs, long leastTimestamp)
      throws IOException {
    List<SSTable> current = table.retainAll();
    try {
      if (!current.containsAll(inputs)) {
        // Truncated, dropped or put aside meanwhile.
        return;
      }
      List<SSTable> others = new ArrayList<>(current);
      others.removeAll(inputs);
      merge(table, generation, inputs, others, leastTimestamp);
    } finally {
      engine.release(current);
    }
  }

  private void merge(
      Table table, int generation, List<SSTable> inputs, List<SSTable> others, long leastTimestamp)
      throws IOException {
    long nowSeconds = environment.clock().wallSeconds();
    long before = Math.max(0, nowSeconds - table.settings().gcGraceSeconds());
    Version version = table.version();
    List<EntryCursor> sources = inputs.stream().map(SSTable::scanCursor).toList();
    SSTable merged =
        engine.write(
            table,
            writer ->
                new PartitionCopy()
                    .copy(
                        sources,
                        writer,
                        nowSeconds,
                        token -> purge(token, before, leastTimestamp, others, version)));
    List<SSTable> added = merged == null ? List.of() : List.of(merged);
    if (table.replace(generation, inputs, added)) {
      engine.retire(inputs);
    } else {
      added.forEach(SSTable::obsolete);
      engine.release(added);
    }
  }

  private static Purge purge(
      long token, long before, long leastTimestamp, List<SSTable> others, Version version) {
    long below = version.isDamagedAt(token) ? Long.MIN_VALUE : leastTimestamp;
    for (SSTable other : others) {
      if (other.mayContain(token)) {
        below = Math.min(below, other.statistics().minTimestampMicros());
      }
    }
    return new Purge(before, below);
  }
}
