package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One table: its settings and the SSTables it consists of. Shards read the current {@link Version},
 * which is swapped as a whole. Versions are made by flushes, compaction, truncation and quarantine
 * on several background threads, hence the lock; no shard ever takes it.
 */
final class Table {
  private final FileSystem files;
  private final UUID id;
  private final Path directory;
  private final ReentrantLock editing = new ReentrantLock();
  private boolean dropped;
  private volatile TableSettings settings;
  private volatile Version version;

  /** Counts truncations: what was written before one does not come back after it. */
  private volatile int generation;

  /** Touched on the compaction thread only. */
  boolean compacting;

  /** Compactions that were asked for while one runs. Touched on the compaction thread only. */
  final List<Runnable> waiting = new ArrayList<>();

  Table(FileSystem files, Path directory, TableManifest manifest, Version version) {
    this.files = files;
    this.id = manifest.tableId();
    this.directory = directory;
    this.generation = manifest.generation();
    this.settings = manifest.settings();
    this.version = version;
  }

  UUID id() {
    return id;
  }

  Path directory() {
    return directory;
  }

  TableSettings settings() {
    return settings;
  }

  Version version() {
    return version;
  }

  int generation() {
    return generation;
  }

  Path pathOf(long number) {
    return directory.resolve(number + ".sst");
  }

  /**
   * Replaces SSTables by others, durably, and then for all readers.
   *
   * @param expectedGeneration the table's when the new ones were begun
   * @return false when the table was truncated or dropped meanwhile: nothing was changed
   */
  boolean replace(int expectedGeneration, List<SSTable> removed, List<SSTable> added)
      throws IOException {
    editing.lock();
    try {
      Version now = version;
      if (dropped || generation != expectedGeneration || !now.tables().containsAll(removed)) {
        return false;
      }
      publish(now.with(removed, added));
      return true;
    } finally {
      editing.unlock();
    }
  }

  /** Takes a damaged SSTable out; false when it is not in the table any more. */
  boolean quarantine(SSTable damaged) throws IOException {
    editing.lock();
    try {
      Version now = version;
      if (dropped || !now.tables().contains(damaged)) {
        return false;
      }
      publish(now.quarantining(damaged));
      return true;
    } finally {
      editing.unlock();
    }
  }

  /** Forgets what was quarantined, once the data has been brought back from elsewhere. */
  void forgetQuarantined() throws IOException {
    editing.lock();
    try {
      publish(new Version(version.tables(), List.of()));
    } finally {
      editing.unlock();
    }
  }

  void changeSettings(TableSettings next) throws IOException {
    editing.lock();
    try {
      settings = next;
      publish(version);
    } finally {
      editing.unlock();
    }
  }

  /** Begins a new generation without any SSTable; returns those that the table had. */
  List<SSTable> truncate() throws IOException {
    editing.lock();
    try {
      List<SSTable> removed = version.tables();
      int next = generation + 1;
      // Also when the manifest cannot be written: the shards have begun the next generation.
      generation = next;
      publish(Version.EMPTY);
      return removed;
    } finally {
      editing.unlock();
    }
  }

  /** From now on the table does not exist; returns the SSTables that it had. */
  List<SSTable> drop() throws IOException {
    editing.lock();
    try {
      dropped = true;
      List<SSTable> removed = version.tables();
      version = Version.EMPTY;
      Path manifest = directory.resolve(TableManifest.FILE_NAME);
      if (files.exists(manifest)) {
        files.delete(manifest);
        files.syncDirectory(directory);
      }
      return removed;
    } finally {
      editing.unlock();
    }
  }

  /** The current SSTables, each with a reference that the caller gives back. */
  List<SSTable> retainAll() {
    editing.lock();
    try {
      List<SSTable> tables = version.tables();
      tables.forEach(SSTable::retain);
      return tables;
    } finally {
      editing.unlock();
    }
  }

  TableManifest manifest() {
    editing.lock();
    try {
      return new TableManifest(id, settings, generation, version.listed());
    } finally {
      editing.unlock();
    }
  }

  private void publish(Version next) throws IOException {
    new TableManifest(id, settings, generation, next.listed()).store(files, directory);
    version = next;
  }
}
