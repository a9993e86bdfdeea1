package io.quorate.sstable;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How an engine comes up: opens the tables, puts aside what is damaged in them, and applies what
 * the commit log holds. Used by one thread, before any shard has the engine.
 *
 * <p>What was replayed stays in memory and in the log, as it was before the node went down, and is
 * flushed in its time: a start does not wait for it. Where part of the log was damaged, all of it
 * is flushed and the log begins anew, so that what was told of once is not met again.
 */
final class Recovery {
  private final Environment environment;
  private final FileSystem files;
  private final Path tablesDirectory;
  private final Path logDirectory;
  private final EngineOptions options;
  private final StorageEvents events;
  private final StorageEngine engine;
  private final Map<UUID, Table> tables = new TreeMap<>();

  /**
   * What was found in the commit log.
   *
   * @param records updates
   * @param skipped of which so many belonged to tables that had been dropped or truncated
   * @param setAside damaged stretches, and records that could not be applied
   */
  record Replayed(long records, long skipped, long setAside) {
    static final Replayed NOTHING = new Replayed(0, 0, 0);
  }

  /**
   * Where the node's engine goes on.
   *
   * @param writes is to be handed over to each shard
   */
  record Outcome(Replayed replayed, ReplayedWrites writes, CommitLog.Beginning log) {}

  Recovery(
      Environment environment,
      Path directory,
      EngineOptions options,
      StorageEvents events,
      StorageEngine engine) {
    this.environment = environment;
    this.files = environment.files();
    this.tablesDirectory = tablesIn(directory);
    this.logDirectory = directory.resolve("commitlog");
    this.options = options;
    this.events = events;
    this.engine = engine;
  }

  static Path tablesIn(Path directory) {
    return directory.resolve("tables");
  }

  // ---- tables ----

  /** Opens the tables that there are. */
  Map<UUID, Table> openTables() throws IOException {
    Quarantine quarantine = engine.quarantined();
    files.createDirectories(tablesDirectory);
    files.createDirectories(quarantine.directory());
    files.createDirectories(logDirectory);
    engine.numbers().leaveOutThoseIn(files, quarantine.directory());
    for (String name : files.list(tablesDirectory)) {
      openTable(tablesDirectory.resolve(name));
    }
    return tables;
  }

  private void openTable(Path path) throws IOException {
    if (!TableDirectory.isTable(files, path)) {
      try {
        TableDirectory.remove(files, path);
      } catch (IOException e) {
        events.backgroundWorkFailed("removing " + path, e);
      }
      return;
    }
    TableManifest manifest = TableManifest.load(files, path);
    List<SSTable> open = new ArrayList<>();
    List<TableManifest.Listed> aside = new ArrayList<>();
    List<String> known = new ArrayList<>();
    known.add(TableManifest.FILE_NAME);
    for (TableManifest.Listed listed : manifest.files()) {
      engine.numbers().leaveOut(listed.number());
      Path file = path.resolve(listed.number() + ".sst");
      known.add(String.valueOf(file.getFileName()));
      if (listed.quarantined()) {
        aside.add(listed);
        continue;
      }
      if (!files.exists(file)) {
        aside.add(listed.asQuarantined());
        events.tableQuarantined(file, "it is missing");
        continue;
      }
      try {
        open.add(engine.openListed(file, listed));
      } catch (CorruptFileException e) {
        aside.add(listed.asQuarantined());
        engine.quarantined().link(file);
        events.tableQuarantined(file, String.valueOf(e.getMessage()));
      }
    }
    removeOrphans(path, known);
    Table table = new Table(files, path, manifest, new Version(open, aside));
    tables.put(manifest.tableId(), table);
  }

  /** Files that no manifest lists: of a flush or compaction that did not come to its end. */
  private void removeOrphans(Path path, List<String> known) throws IOException {
    for (String name : files.list(path)) {
      try {
        if (!known.contains(name)) {
          files.delete(path.resolve(name));
        }
      } catch (IOException e) {
        events.backgroundWorkFailed("removing " + path.resolve(name), e);
      }
    }
  }

  // ---- the commit log ----

  /** Applies what the log holds. */
  Outcome replayLog() throws IOException {
    CommitLogArchive archive = archive();
    CommitLogReplay replay = replayOf(logDirectory);
    long nextSegmentId = replay.nextSegmentId();
    if (archive != null) {
      nextSegmentId = Math.max(nextSegmentId, replayOf(archive.directory()).nextSegmentId());
      Timelines lived = Timelines.load(files, archive.directory());
      nextSegmentId = Math.max(nextSegmentId, lived.firstSegmentId());
    }
    ReplayedWrites writes = replayedWrites((segmentId, mutation) -> true);
    replay.begin();
    writes.replay(replay);
    EarlierSegments earlier = kept(replay, writes);
    if (earlier.segments().isEmpty()) {
      writes.flush();
      replay.delete(archive);
    }
    return new Outcome(
        new Replayed(replay.recordCount(), writes.skippedRecords(), replay.setAsideCount()),
        writes,
        new CommitLog.Beginning(logDirectory, archive, nextSegmentId, earlier));
  }

  /** What may stay in memory and in the log; nothing, if it has to be flushed. */
  private static EarlierSegments kept(CommitLogReplay replay, ReplayedWrites writes)
      throws IOException {
    if (writes.isEmpty() || writes.overtakeTruncation() || !replay.mayBeKept()) {
      return EarlierSegments.NONE;
    }
    try {
      return replay.keep();
    } catch (DiskFullException e) {
      // A flush may need less, and frees all of the log.
      return EarlierSegments.NONE;
    }
  }

  /** See {@link Restore}. */
  Restore restore(long toMicros) throws IOException {
    openTables();
    CommitLogArchive archive = Objects.requireNonNull(archive(), "an archive was given");
    CommitLogReplay old = replayOf(archive.directory());
    CommitLogReplay newest = replayOf(logDirectory);
    long last = Math.max(old.lastRecordedId(), newest.lastRecordedId());
    Timelines timelines = Timelines.load(files, archive.directory()).beginningAfter(last, toMicros);
    ReplayedWrites writes = replayedWrites(timelines::haveLived);
    old.beginArchive();
    writes.replay(old);
    newest.begin();
    writes.replay(newest);
    writes.flush();
    timelines.store(files, archive.directory());
    newest.delete(archive);
    tables.values().forEach(table -> engine.release(table.version().tables()));
    return new Restore(
        writes.appliedRecords(),
        writes.unwantedRecords(),
        writes.skippedRecords(),
        old.setAsideCount() + newest.setAsideCount());
  }

  private @Nullable CommitLogArchive archive() throws IOException {
    Path archive = options.archiveDirectory();
    return archive == null ? null : new CommitLogArchive(files, archive);
  }

  private CommitLogReplay replayOf(Path segments) throws IOException {
    return new CommitLogReplay(environment, segments, engine.quarantined().directory(), events);
  }

  private ReplayedWrites replayedWrites(ReplayedWrites.Choice choice) {
    return new ReplayedWrites(
        environment.background(),
        environment.shards().count(),
        options.memtableBytes(),
        tables,
        choice,
        engine::flushReplayed);
  }
}
