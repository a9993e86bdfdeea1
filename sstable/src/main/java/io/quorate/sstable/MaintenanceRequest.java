package io.quorate.sstable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Something that an administrator wants done to a table: one or more jobs, which may run side by
 * side. Owned by the compaction thread.
 */
final class MaintenanceRequest {
  final Table table;
  final StorageTask task;
  private final Supplier<List<CompactionJob>> jobs;
  private final Consumer<@Nullable IOException> done;
  private final List<String> findings = new ArrayList<>();
  private int open;
  private boolean cancelled;
  private @Nullable IOException failure;

  /**
   * @param jobs asked for once nothing else is done to the table
   * @param done told when all is done, null or the first failure
   */
  MaintenanceRequest(
      Table table,
      StorageTask task,
      Supplier<List<CompactionJob>> jobs,
      Consumer<@Nullable IOException> done) {
    this.table = table;
    this.task = task;
    this.jobs = jobs;
    this.done = done;
  }

  List<CompactionJob> begin() {
    List<CompactionJob> begun = task.isCancelled() ? List.of() : jobs.get();
    cancelled = task.isCancelled();
    open = begun.size();
    task.begin(
        begun.stream().flatMap(job -> job.inputs.stream()).mapToLong(SSTable::fileBytes).sum());
    return begun;
  }

  /** Takes in how one job ended. */
  void ended(CompactionJob job, @Nullable IOException failed, boolean wasCancelled) {
    open--;
    cancelled |= wasCancelled;
    String found = job.finding();
    if (found != null) {
      findings.add(found);
    }
    if (failed != null) {
      findings.add(String.valueOf(failed.getMessage()));
      failure = failure == null ? failed : failure;
    }
  }

  boolean isOver() {
    return open == 0;
  }

  void end() {
    IOException failed = failure;
    String outcome = findings.isEmpty() ? null : String.join("; ", findings);
    if (failed != null) {
      task.end(StorageTask.State.FAILED, outcome);
      done.accept(failed);
    } else if (cancelled) {
      task.end(StorageTask.State.CANCELLED, outcome);
      done.accept(new IOException("it was cancelled"));
    } else {
      task.end(StorageTask.State.DONE, outcome);
      done.accept(null);
    }
  }
}
