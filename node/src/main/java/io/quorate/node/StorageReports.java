package io.quorate.node;

import io.quorate.sstable.StorageEvents;
import io.quorate.sstable.StorageTask;
import java.nio.file.Path;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the storage engine reports: into the log and counted, and its long work into {@link Tasks}.
 */
final class StorageReports implements StorageEvents {
  private final Tasks tasks;
  private final LongAdder corruptions = new LongAdder();
  private final LongAdder refusals = new LongAdder();
  private final LongAdder failedWork = new LongAdder();
  private final LongAdder failedArchivings = new LongAdder();
  private volatile boolean poisoned;

  StorageReports(Tasks tasks) {
    this.tasks = tasks;
  }

  /** Damage that was found since the start: SSTables, stretches and records of the log. */
  long corruptions() {
    return corruptions.sum();
  }

  /** Times that writes began to be refused, at most one a minute. */
  long refusals() {
    return refusals.sum();
  }

  /** Flushes, compactions and other work that failed. */
  long failedWork() {
    return failedWork.sum();
  }

  long failedArchivings() {
    return failedArchivings.sum();
  }

  /** Whether a sync of the commit log failed, so that only a restart brings writes back. */
  boolean isPoisoned() {
    return poisoned;
  }

  @Override
  public void tableQuarantined(Path file, String reason) {
    corruptions.increment();
    StorageEvents.super.tableQuarantined(file, reason);
  }

  @Override
  public void commitLogDamaged(Path segment, long position, long length, Path setAside) {
    corruptions.increment();
    StorageEvents.super.commitLogDamaged(segment, position, length, setAside);
  }

  @Override
  public void commitLogSegmentMissing(Path segment, Path successor) {
    corruptions.increment();
    StorageEvents.super.commitLogSegmentMissing(segment, successor);
  }

  @Override
  public void commitLogRecordUnreadable(Path segment, long position, String reason, Path setAside) {
    corruptions.increment();
    StorageEvents.super.commitLogRecordUnreadable(segment, position, reason, setAside);
  }

  @Override
  public void commitLogPoisoned(String reason) {
    poisoned = true;
    refusals.increment();
    StorageEvents.super.commitLogPoisoned(reason);
  }

  @Override
  public void writesRefused(String reason) {
    refusals.increment();
    StorageEvents.super.writesRefused(reason);
  }

  @Override
  public void archiveFailed(Path segment, Exception failure) {
    failedArchivings.increment();
    StorageEvents.super.archiveFailed(segment, failure);
  }

  @Override
  public void backgroundWorkFailed(String what, Exception failure) {
    failedWork.increment();
    StorageEvents.super.backgroundWorkFailed(what, failure);
  }

  @Override
  public void taskBegan(StorageTask task) {
    tasks.add(task);
  }
}
