package io.quorate.node;

import io.quorate.sstable.StorageEvents;
import io.quorate.sstable.StorageTask;

/** What the storage engine reports: into the log, and its long work into {@link Tasks}. */
final class StorageReports implements StorageEvents {
  private final Tasks tasks;

  StorageReports(Tasks tasks) {
    this.tasks = tasks;
  }

  @Override
  public void taskBegan(StorageTask task) {
    tasks.add(task);
  }
}
