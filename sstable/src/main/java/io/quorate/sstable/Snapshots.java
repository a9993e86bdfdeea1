package io.quorate.sstable;

import io.quorate.environment.Clock;
import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import io.quorate.environment.Timer;
import io.quorate.sstable.SnapshotManifest.DataFile;
import io.quorate.sstable.SnapshotManifest.Origin;
import io.quorate.sstable.SnapshotManifest.TableFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Snapshots: what tables consist of at a moment, kept under a name by links to their SSTables,
 * which cost no space until the originals go.
 *
 * <pre>
 * snapshots/&lt;name&gt;/UNFINISHED         as long as it is made or removed
 * snapshots/&lt;name&gt;/MANIFEST           see {@link SnapshotManifest}; written last
 * snapshots/&lt;name&gt;/&lt;id&gt;/MANIFEST      the table's own, see {@link TableManifest}
 * snapshots/&lt;name&gt;/&lt;id&gt;/&lt;n&gt;.sst       links
 * </pre>
 *
 * <p>The moment is that of the flush with which making one begins. Then every file is read once:
 * its blocks are verified, so that no snapshot holds damage, and the checksum of the whole is
 * noted.
 *
 * <p>Safe for concurrent use. One thread does all of it, one thing after the other, and calls back.
 */
public final class Snapshots {
  private static final String UNFINISHED = "UNFINISHED";
  private static final long LONGEST_WAIT_NANOS = TimeUnit.HOURS.toNanos(6);

  private final FileSystem files;
  private final Clock clock;
  private final Environment environment;
  private final StorageEngine engine;
  private final StorageEvents events;
  private final Path directory;
  private final Executor thread;

  // Touched on the snapshots thread only.
  private @Nullable Timer expiry;
  private boolean closed;

  /** What asking for something ends in, once; called on a background thread. */
  public interface Answer<T> {
    void succeeded(T value);

    /**
     * @param why with a message for the operator
     */
    void failed(IOException why);
  }

  /**
   * What comparing a snapshot's files with their checksums found.
   *
   * @param problems a line for each file that is wrong
   */
  public record Verified(String name, List<String> problems) {
    public Verified {
      problems = List.copyOf(problems);
    }
  }

  /**
   * What to keep.
   *
   * @param series with {@code keep} above 0, older snapshots of the series are cleared until so
   *     many are left; empty for none
   * @param lifetimeMillis after which it is cleared; 0 for never
   * @param tables by id
   */
  public record Request(
      String name,
      String series,
      int keep,
      long lifetimeMillis,
      Origin origin,
      Map<UUID, Named> tables) {}

  /** A table as its owner calls it; see {@link TableFiles}. */
  public record Named(String name, String layout) {}

  /**
   * A snapshot that is there.
   *
   * @param manifest null when it is damaged
   * @param ownBytes of files that are in no table any more: what clearing it would free
   * @param newBytes of files that the snapshot made before it does not have
   */
  public record Listed(
      String name, @Nullable SnapshotManifest manifest, long ownBytes, long newBytes) {}

  Snapshots(Environment environment, StorageEngine engine, Path directory, StorageEvents events) {
    this.environment = environment;
    this.files = environment.files();
    this.clock = environment.clock();
    this.engine = engine;
    this.events = events;
    this.directory = directory;
    this.thread = environment.background().serial("snapshots");
  }

  /** Removes what was not completed. At start; blocks. */
  void recover() {
    try {
      for (String name : files.list(directory)) {
        List<String> entries = files.list(directory.resolve(name));
        // One that has neither has lost its manifest to the disk: it is kept, and listed as
        // damaged.
        if (!entries.contains(SnapshotManifest.FILE_NAME)
            && (entries.isEmpty() || entries.contains(UNFINISHED))) {
          remove(name);
        }
      }
    } catch (IOException e) {
      events.backgroundWorkFailed("removing snapshots that were not completed", e);
    }
    thread.execute(this::clearExpired);
  }

  void close() {
    thread.execute(() -> {
      closed = true;
      if (expiry != null) {
        expiry.cancel();
      }
    });
  }

  private interface Work<T> {
    T run() throws IOException;
  }

  private <T> void answer(Answer<T> answer, Work<T> work) {
    thread.execute(() -> {
      T value;
      try {
        value = work.run();
      } catch (IOException e) {
        answer.failed(e);
        return;
      }
      answer.succeeded(value);
    });
  }

  private StorageTask began(StorageTask.Kind kind, String name) {
    StorageTask task = new StorageTask(kind, name);
    events.taskBegan(task);
    return task;
  }

  /** Does long work, unless it was cancelled while it waited. */
  private <T> void answer(StorageTask task, Answer<T> answer, Work<T> work) {
    thread.execute(() -> {
      T value;
      try {
        task.goOn();
        value = work.run();
      } catch (IOException e) {
        task.fail(e);
        answer.failed(e);
        return;
      }
      task.succeed(value);
      answer.succeeded(value);
    });
  }

  // ---- making one ----

  /** Flushes the tables and keeps them as they are then. */
  public void create(Request request, Answer<SnapshotManifest> answer) {
    engine.flushWhere(
        request.tables().keySet()::contains,
        failure -> {
          if (failure != null) {
            answer.failed(failure);
          } else {
            engine.onTables(tables -> {
              List<Kept> kept = new ArrayList<>();
              request
                  .tables()
                  .forEach((id, named) -> {
                    Table table = tables.get(id);
                    if (table != null) {
                      kept.add(new Kept(table, named, table.retainAll()));
                    }
                  });
              answer(answer, () -> make(request, kept));
            });
          }
        });
  }

  /** A table's SSTables, which stay until they are given back. */
  private record Kept(Table table, Named named, List<SSTable> sstables) {}

  private SnapshotManifest make(Request request, List<Kept> kept) throws IOException {
    try {
      Path target = directory.resolve(request.name());
      if (files.exists(target.resolve(SnapshotManifest.FILE_NAME))) {
        throw new IOException("there is a snapshot " + request.name() + " already");
      }
      if (kept.size() < request.tables().size()) {
        throw new IOException("a table of the snapshot was dropped meanwhile");
      }
      remove(request.name());
      SnapshotManifest manifest = write(request, kept, target);
      keepNewest(request.series(), request.keep());
      clearExpired();
      return manifest;
    } finally {
      kept.forEach(one -> engine.release(one.sstables()));
    }
  }

  private SnapshotManifest write(Request request, List<Kept> kept, Path target) throws IOException {
    try {
      files.createDirectories(target);
      files.open(target.resolve(UNFINISHED), FileSystem.Mode.CREATE).close();
      files.syncDirectory(target);
      for (Kept one : kept) {
        link(one, target.resolve(one.table().id().toString()));
      }
      List<TableFiles> tables = new ArrayList<>();
      for (Kept one : kept) {
        tables.add(describe(one));
      }
      long now = nowMillis();
      long expires = request.lifetimeMillis() == 0 ? 0 : now + request.lifetimeMillis();
      SnapshotManifest manifest =
          new SnapshotManifest(
              request.name(), request.series(), now, expires, request.origin(), tables);
      files.replace(target.resolve(SnapshotManifest.FILE_NAME), manifest.encode());
      files.delete(target.resolve(UNFINISHED));
      return manifest;
    } catch (IOException e) {
      try {
        remove(request.name());
      } catch (IOException alsoFailed) {
        e.addSuppressed(alsoFailed);
      }
      throw e;
    }
  }

  private void link(Kept kept, Path target) throws IOException {
    files.createDirectories(target);
    for (SSTable sstable : kept.sstables()) {
      files.link(sstable.path(), target.resolve(sstable.toString()));
    }
    new TableManifest(
            kept.table().id(),
            kept.table().settings(),
            kept.table().generation(),
            new Version(kept.sstables(), missing(kept)).listed())
        .store(files, target);
  }

  /** What was put aside, and is not among what is kept. */
  private static List<TableManifest.Listed> missing(Kept kept) {
    return kept.table().version().quarantined().stream()
        .filter(aside -> kept.sstables().stream().noneMatch(s -> s.number() == aside.number()))
        .toList();
  }

  private TableFiles describe(Kept kept) throws IOException {
    List<DataFile> described = new ArrayList<>();
    CheckedCopy reader = new CheckedCopy(files, null);
    for (SSTable sstable : kept.sstables()) {
      verify(kept.table(), sstable);
      SSTableStatistics statistics = sstable.statistics();
      described.add(
          new DataFile(
              sstable.number(),
              sstable.fileBytes(),
              reader.crc(sstable.path()),
              statistics.minToken(),
              statistics.maxToken(),
              false));
    }
    for (TableManifest.Listed aside : missing(kept)) {
      described.add(new DataFile(aside.number(), 0, 0, aside.minToken(), aside.maxToken(), true));
    }
    return new TableFiles(kept.table().id(), kept.named().name(), kept.named().layout(), described);
  }

  /** Reads every block. */
  private void verify(Table table, SSTable sstable) throws IOException {
    try {
      EntryCursor entries = sstable.scanCursor(bytes -> {});
      boolean more = entries.seekAtOrAfter(RowKeys.LOWEST, 0);
      while (more) {
        more = entries.next();
      }
    } catch (CorruptFileException e) {
      engine.quarantine(table, e);
      throw e;
    }
  }

  private long nowMillis() {
    return clock.wallMicros() / 1_000;
  }

  // ---- what there is ----

  /** All snapshots, oldest first; damaged ones last. */
  public void list(Answer<List<Listed>> answer) {
    engine.onTables(tables -> {
      Set<String> live = new TreeSet<>();
      tables.forEach((id, table) ->
          table
              .version()
              .tables()
              .forEach(
                  sstable -> live.add(id + " " + sstable.number() + " " + sstable.fileBytes())));
      answer(answer, () -> listed(live));
    });
  }

  private List<Listed> listed(Set<String> live) throws IOException {
    List<Listed> listed = new ArrayList<>();
    SnapshotManifest before = null;
    for (SnapshotManifest manifest : manifests()) {
      long own = 0;
      for (TableFiles table : manifest.tables()) {
        for (DataFile file : table.files()) {
          boolean isLive = live.contains(table.id() + " " + file.number() + " " + file.bytes());
          own += isLive ? 0 : file.bytes();
        }
      }
      long fresh = before == null ? manifest.bytes() : manifest.bytesNotIn(before);
      listed.add(new Listed(manifest.name(), manifest, own, fresh));
      before = manifest;
    }
    for (String name : files.list(directory)) {
      if (listed.stream().noneMatch(one -> one.name().equals(name))) {
        listed.add(new Listed(name, null, 0, 0));
      }
    }
    return listed;
  }

  /** Of those that are whole; oldest first. */
  private List<SnapshotManifest> manifests() throws IOException {
    List<SnapshotManifest> manifests = new ArrayList<>();
    for (String name : files.list(directory)) {
      try {
        if (files.exists(directory.resolve(name).resolve(SnapshotManifest.FILE_NAME))) {
          manifests.add(manifest(name));
        }
      } catch (CorruptFileException e) {
        events.backgroundWorkFailed("reading snapshot " + name, e);
      }
    }
    manifests.sort(
        Comparator.comparingLong(SnapshotManifest::createdMillis)
            .thenComparing(SnapshotManifest::name));
    return manifests;
  }

  private SnapshotManifest manifest(String name) throws IOException {
    if (!files.exists(directory.resolve(name).resolve(SnapshotManifest.FILE_NAME))) {
      throw new IOException("there is no snapshot " + name);
    }
    return SnapshotManifest.load(files, directory.resolve(name));
  }

  /** Compares every file of a snapshot with its checksum. */
  public StorageTask verify(String name, Answer<Verified> answer) {
    StorageTask task = began(StorageTask.Kind.VERIFY_SNAPSHOT, name);
    answer(task, answer, () -> verified(name, task));
    return task;
  }

  private Verified verified(String name, StorageTask task) throws IOException {
    SnapshotManifest manifest = manifest(name);
    task.begin(manifest.bytes());
    CheckedCopy reader = new CheckedCopy(files, task);
    List<String> problems = new ArrayList<>();
    for (TableFiles table : manifest.tables()) {
      Path path = directory.resolve(name).resolve(table.id().toString());
      for (DataFile file : table.files()) {
        String problem =
            file.missing()
                ? "it was damaged already when the snapshot was made"
                : reader.problem(path.resolve(file.fileName()), file);
        if (problem != null) {
          problems.add(table.name() + " " + file.fileName() + ": " + problem);
        }
      }
    }
    return new Verified(name, problems);
  }

  // ---- letting go ----

  /** Removes a snapshot, also a damaged one. */
  public void clear(String name, Answer<String> answer) {
    answer(
        answer,
        () -> {
          if (!files.list(directory).contains(name)) {
            throw new IOException("there is no snapshot " + name);
          }
          remove(name);
          return name;
        });
  }

  /** Removes a snapshot or what there is of it; without its manifest first, it is none. */
  private void remove(String name) throws IOException {
    Path snapshot = directory.resolve(name);
    Path manifest = snapshot.resolve(SnapshotManifest.FILE_NAME);
    Path unfinished = snapshot.resolve(UNFINISHED);
    if (files.exists(manifest)) {
      files.rename(manifest, unfinished);
      files.syncDirectory(snapshot);
    }
    for (String entry : files.list(snapshot)) {
      if (entry.equals(UNFINISHED)) {
        continue;
      }
      Path path = snapshot.resolve(entry);
      List<String> kept = files.list(path);
      for (String file : kept) {
        files.delete(path.resolve(file));
      }
      if (!kept.isEmpty()) {
        files.syncDirectory(path);
      }
      files.delete(path);
    }
    if (files.exists(snapshot)) {
      files.syncDirectory(snapshot);
      if (files.exists(unfinished)) {
        files.delete(unfinished);
      }
      files.delete(snapshot);
    }
  }

  private void keepNewest(String series, int keep) throws IOException {
    if (series.isEmpty() || keep <= 0) {
      return;
    }
    List<SnapshotManifest> same =
        manifests().stream().filter(manifest -> manifest.series().equals(series)).toList();
    for (SnapshotManifest old : same.subList(0, Math.max(0, same.size() - keep))) {
      remove(old.name());
    }
  }

  /** Clears what has expired, now and when the next one does. */
  private void clearExpired() {
    if (closed) {
      return;
    }
    if (expiry != null) {
      expiry.cancel();
      expiry = null;
    }
    try {
      long now = nowMillis();
      long next = Long.MAX_VALUE;
      for (SnapshotManifest manifest : manifests()) {
        if (manifest.expiresMillis() == 0) {
          continue;
        }
        if (manifest.expiresMillis() <= now) {
          remove(manifest.name());
        } else {
          next = Math.min(next, manifest.expiresMillis() - now);
        }
      }
      if (next < Long.MAX_VALUE) {
        // The wall clock may jump, so it is looked at from time to time.
        long wait = Math.min(LONGEST_WAIT_NANOS, TimeUnit.MILLISECONDS.toNanos(next));
        expiry =
            environment.shards().get(0).schedule(wait, () -> thread.execute(this::clearExpired));
      }
    } catch (IOException e) {
      events.backgroundWorkFailed("clearing expired snapshots", e);
    }
  }

  // ---- to and from elsewhere ----

  /**
   * Copies a snapshot to another directory, where many nodes' snapshots may stand beside each
   * other; see {@link SnapshotExport}.
   *
   * @param since an earlier snapshot that was exported there: its files are not looked at again;
   *     null for none
   */
  public StorageTask export(
      String name, Path target, @Nullable String since, Answer<SnapshotExport.Exported> answer) {
    StorageTask task = began(StorageTask.Kind.EXPORT, name);
    answer(
        task,
        answer,
        () ->
            new SnapshotExport(files, directory.resolve(name), manifest(name), target)
                .run(since, task));
    return task;
  }

  /** Brings rows of an exported snapshot into this node's tables; see {@link SnapshotImport}. */
  public StorageTask importFrom(
      SnapshotImport.Request request, Answer<SnapshotImport.Imported> answer) {
    StorageTask task = began(StorageTask.Kind.IMPORT, request.name());
    engine.onTables(tables -> {
      Map<UUID, Table> known = new TreeMap<>(tables);
      answer(task, answer, () -> new SnapshotImport(files, engine, known, request).run(task));
    });
    return task;
  }
}
