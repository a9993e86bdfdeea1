package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

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

  /**
   * New SSTables whose manifest could not be stored. On disk it may be there all the same, so they
   * stay until a manifest without them is certain.
   */
  private final List<SSTable> undecided = new ArrayList<>();

  private volatile TableSettings settings;
  private volatile Version version;

  /** Counts truncations: what was written before one does not come back after it. */
  private volatile int generation;

  /** What of it is being compacted. Touched on the compaction thread only. */
  final CompactionQueue compactions = new CompactionQueue();

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

  /** Why a read of tokens that stood in an SSTable is not answered. */
  ReadFailure refusal(TableManifest.Listed aside) {
    return new ReadFailure(
        ReadFailure.Reason.DAMAGED, pathOf(aside.number()) + " is damaged and was put aside");
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
      publishNew(now.with(removed, added), added);
      return true;
    } finally {
      editing.unlock();
    }
  }

  /** Moves an SSTable to another level as it is; false when it is not in the table any more. */
  boolean move(SSTable sstable, int level) throws IOException {
    editing.lock();
    try {
      if (dropped || !version.tables().contains(sstable)) {
        return false;
      }
      int before = sstable.level();
      sstable.moveTo(level);
      try {
        publish(version);
      } catch (IOException e) {
        sstable.moveTo(before);
        throw e;
      }
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

  /**
   * Takes in what was read of a damaged SSTable in its place.
   *
   * @param damaged null when it is quarantined
   * @param lost what stays quarantined of it
   * @return false when it was truncated, dropped or quarantined meanwhile: nothing was changed
   */
  boolean salvage(
      int expectedGeneration,
      @Nullable SSTable damaged,
      long number,
      List<SSTable> added,
      List<TableManifest.Listed> lost)
      throws IOException {
    editing.lock();
    try {
      boolean there =
          damaged == null
              ? version.quarantined().stream().anyMatch(listed -> listed.number() == number)
              : version.tables().contains(damaged);
      if (dropped || generation != expectedGeneration || !there) {
        return false;
      }
      publishNew(version.salvaging(number, added, lost), added);
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
      TableDirectory.markDropped(files, directory);
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

  /** Publishes a version with new SSTables. */
  private void publishNew(Version next, List<SSTable> added) throws IOException {
    try {
      publish(next);
    } catch (IOException e) {
      undecided.addAll(added);
      throw e;
    }
  }

  private void publish(Version next) throws IOException {
    new TableManifest(id, settings, generation, next.listed()).store(files, directory);
    version = next;
    List<SSTable> notTaken = List.copyOf(undecided);
    undecided.clear();
    for (SSTable sstable : notTaken) {
      sstable.obsolete();
      sstable.release();
    }
  }
}
