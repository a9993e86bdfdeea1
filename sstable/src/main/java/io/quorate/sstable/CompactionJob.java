package io.quorate.sstable;

import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Work on some SSTables of one table, in steps. Steps come one at a time on a background thread;
 * not thread-safe.
 */
abstract class CompactionJob {
  /** A step ends once it has read so much, or has handled as many entries as it may. */
  private static final int STEP_BYTES = 256 << 10;

  final Table table;
  final List<SSTable> inputs;
  private final StorageTask task;
  private final BooleanSupplier pause = this::isStepDone;
  private long unpaidBytes;
  private int entriesLeft;

  CompactionJob(Table table, List<SSTable> inputs, StorageTask task) {
    this.table = table;
    this.inputs = inputs;
    this.task = task;
  }

  /**
   * Begins.
   *
   * @param leastTimestampMicros of what stands in memtables
   * @param current all SSTables of the table, which are kept open until the job has ended
   */
  void begin(long leastTimestampMicros, List<SSTable> current) {
    // Only what purges needs to know.
  }

  /** Goes on until {@code pause} says so; returns whether the work is complete. */
  abstract boolean step(BooleanSupplier pause) throws IOException;

  /** Makes what the steps have brought about take effect, all or nothing. */
  abstract void complete() throws IOException;

  /** What the administrator should know of how it went; null when that is nothing. */
  @Nullable String finding() {
    return null;
  }

  /** Undoes what the steps have brought about, and closes. */
  abstract void abandon() throws IOException;

  /** What the new tables take on disk, at most about; 0 when there are none. */
  abstract long spaceBytes();

  /** Bytes of the tables that replaced the inputs. */
  abstract long writtenBytes();

  final boolean step(int mostEntries) throws IOException {
    entriesLeft = mostEntries;
    return step(pause);
  }

  /** Counts bytes that were read of an input. */
  final void read(int bytes) {
    unpaidBytes += bytes;
    task.advance(bytes);
  }

  private boolean isStepDone() {
    return --entriesLeft <= 0 || unpaidBytes >= STEP_BYTES || task.isCancelled();
  }

  /** Bytes that were read since the last call. */
  final long takeUnpaidBytes() {
    long bytes = unpaidBytes;
    unpaidBytes = 0;
    return bytes;
  }

  final boolean isCancelled() {
    return task.isCancelled();
  }
}
