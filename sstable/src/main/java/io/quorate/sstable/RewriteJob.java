package io.quorate.sstable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Replaces SSTables by new ones with the same rows, but for what may be left out. Each block is
 * verified as it is read, so that damage is found here and not copied on.
 */
final class RewriteJob extends CompactionJob {
  private final StorageEngine engine;
  private final int generation;
  private final SSTableSeries out;
  private final boolean purging;
  private final LongPredicate keeps;
  private LongFunction<Purge> purge = token -> Purge.NONE;
  private @Nullable PartitionCopy copy;
  private long writtenBytes;

  /**
   * @param plan its inputs are those of {@code inputs}
   * @param purging whether what has expired becomes a tombstone, and tombstones may go
   * @param keeps tokens whose rows are kept
   */
  RewriteJob(
      StorageEngine engine,
      Table table,
      List<SSTable> inputs,
      CompactionPlan plan,
      boolean purging,
      LongPredicate keeps,
      StorageTask task) {
    super(table, inputs, task);
    this.engine = engine;
    this.generation = table.generation();
    this.out = engine.newTables(table, plan.level(), plan.boundaries(), plan.outputBytes());
    this.purging = purging;
    this.keeps = keeps;
  }

  /**
   * A tombstone is left out once every replica has it, see {@link PurgeRule}, and it is older than
   * everything that may stand outside the job under the same token, see {@link Outside}.
   */
  @Override
  void begin(long leastTimestampMicros, List<SSTable> current) {
    if (purging) {
      List<SSTable> others = new ArrayList<>(current);
      others.removeAll(inputs);
      Version version = table.version();
      TableSettings settings = table.settings();
      long nowSeconds = engine.nowSeconds();
      PurgeRule rule = engine.purgeRule();
      Outside outside = engine.outside();
      long oldestSeconds =
          inputs.stream()
              .mapToLong(input -> input.statistics().minLocalSeconds())
              .min()
              .orElse(Long.MAX_VALUE);
      purge =
          token -> {
            long before = rule.purgeableBeforeSeconds(table.id(), settings, token, nowSeconds);
            if (before <= oldestSeconds) {
              // Nothing here is that old, so the filters of the others need not be asked.
              return Purge.NONE;
            }
            long below =
                version.isDamagedAt(token)
                    ? Long.MIN_VALUE
                    : outside.leastTimestampMicros(token, leastTimestampMicros, others);
            return new Purge(before, below);
          };
    }
  }

  @Override
  boolean step(BooleanSupplier pause) throws IOException {
    PartitionCopy begun = copy;
    if (begun == null) {
      List<EntryCursor> sources =
          inputs.stream().map(input -> input.scanCursor(this::read)).toList();
      begun =
          new PartitionCopy(
              sources, out, purging ? engine.nowSeconds() : RowMerger.NEVER_SECONDS, purge, keeps);
      copy = begun;
    }
    return begun.copy(pause);
  }

  @Override
  void complete() throws IOException {
    List<SSTable> added = out.finish();
    if (table.replace(generation, inputs, added)) {
      writtenBytes = added.stream().mapToLong(SSTable::fileBytes).sum();
      engine.retire(inputs);
    } else {
      // Truncated, dropped or put aside meanwhile.
      added.forEach(SSTable::obsolete);
      engine.release(added);
    }
  }

  @Override
  void abandon() throws IOException {
    out.abandon();
  }

  @Override
  long spaceBytes() {
    return inputs.stream().mapToLong(SSTable::fileBytes).sum();
  }

  @Override
  long writtenBytes() {
    return writtenBytes;
  }
}
