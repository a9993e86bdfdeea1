package io.quorate.node;

import io.quorate.raft.RaftStatus;
import io.quorate.sstable.Snapshots;
import io.quorate.sstable.StorageEngine;
import io.quorate.sstable.StorageFigures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How this node's disk is doing, looked at from time to time, so that metrics and health have it at
 * hand. Safe for concurrent use.
 */
final class StorageWatch {
  private static final Logger log = LoggerFactory.getLogger(StorageWatch.class);

  /** Snapshots are looked at once in so many looks, for each of their manifests is read. */
  private static final int LOOKS_BETWEEN_SNAPSHOTS = 6;

  private final WatchedFiles files;
  private final StorageReports reports;
  private final Path directory;
  private int looks;

  private volatile StorageFigures figures = new StorageFigures(0, 0, 0);
  private volatile Space space = new Space(0, 0);
  private volatile long newestSnapshotMillis;

  /**
   * The disk of the data directory.
   *
   * @param totalBytes 0 as long as it is not known
   */
  record Space(long usableBytes, long totalBytes) {
    /** From 0 to 1; NaN as long as it is not known. */
    double usableShare() {
      return totalBytes == 0 ? Double.NaN : (double) usableBytes / totalBytes;
    }
  }

  StorageWatch(WatchedFiles files, StorageReports reports, Path directory) {
    this.files = files;
    this.reports = reports;
    this.directory = directory;
  }

  /** Begins to look; called by one thread. {@code then} is run on a background thread. */
  void look(StorageEngine engine, Runnable then) {
    engine.figures(found -> {
      figures = found;
      try {
        space = new Space(files.usableBytes(directory), files.totalBytes(directory));
      } catch (IOException e) {
        log.warn("the space of {} is not known: {}", directory, e.getMessage());
      }
      then.run();
    });
    if (looks++ % LOOKS_BETWEEN_SNAPSHOTS == 0) {
      engine.snapshots().list(new NewestSnapshot());
    }
  }

  private final class NewestSnapshot implements Snapshots.Answer<List<Snapshots.Listed>> {
    @Override
    public void succeeded(List<Snapshots.Listed> listed) {
      long newest = 0;
      for (Snapshots.Listed one : listed) {
        newest = Math.max(newest, one.manifest() == null ? 0 : one.manifest().createdMillis());
      }
      newestSnapshotMillis = newest;
    }

    @Override
    public void failed(IOException why) {
      log.warn("the age of the last snapshot is not known: {}", why.getMessage());
    }
  }

  WatchedFiles files() {
    return files;
  }

  StorageReports reports() {
    return reports;
  }

  StorageFigures figures() {
    return figures;
  }

  Space space() {
    return space;
  }

  /** When the last snapshot that is whole was made, since the Unix epoch; 0 for never. */
  long newestSnapshotMillis() {
    return newestSnapshotMillis;
  }

  /**
   * What is wrong with a node's disk now, a line each.
   *
   * @param engine whose disk it is
   */
  List<String> problems(StorageEngine engine, RaftStatus raft) {
    List<String> problems = new ArrayList<>();
    String writeRefusal = engine.writeRefusal();
    if (writeRefusal != null) {
      problems.add(
          "writes are refused"
              + (reports.isPoisoned() ? " until a restart: " : ": ")
              + writeRefusal);
    }
    if (engine.flushFailure() != null) {
      problems.add("memtables cannot be flushed: " + engine.flushFailure());
    }
    if (raft.failure() != null) {
      problems.add("it takes no part in the metadata ring: " + raft.failure());
    }
    if (figures.quarantined() > 0) {
      problems.add(
          figures.quarantined()
              + " damaged SSTables were put aside; reads of their tokens are refused here");
    }
    if (figures.segmentsToArchive() > 0) {
      problems.add(figures.segmentsToArchive() + " segments of the commit log wait to be archived");
    }
    if (files.lastError() != null) {
      problems.add(
          (files.errors() + files.foundFull())
              + " operations of the disk have failed since the start, the last: "
              + files.lastError());
    }
    return problems;
  }
}
