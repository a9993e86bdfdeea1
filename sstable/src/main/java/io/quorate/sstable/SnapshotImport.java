package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.sstable.SnapshotManifest.DataFile;
import io.quorate.sstable.SnapshotManifest.TableFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Brings the rows of an exported snapshot that this node owns into its tables: of the snapshot of
 * that name of every node that has one in the directory. An SSTable of which all tokens are owned
 * is copied; of any other, the rows that are owned are written anew.
 *
 * <p>First every checksum is verified, then all new SSTables are written, and only then are they
 * listed, a table at once: what fails before that, or is interrupted, leaves nothing. The rows
 * merge with those that the tables have, by their timestamps, as any write does: to go back to the
 * state of the snapshot, truncate the table first.
 */
public final class SnapshotImport {
  private final FileSystem files;
  private final StorageEngine engine;
  private final Map<UUID, Table> tables;
  private final Request request;
  private final Map<UUID, Staged> staged = new TreeMap<>();
  private int copiedFiles;
  private int rewrittenFiles;
  private int missingFiles;

  /**
   * What to bring in.
   *
   * @param directory that snapshots were exported to
   * @param wanted which tables, by their names in the snapshot
   * @param target where to; null for a table that is not here
   */
  public record Request(
      Path directory,
      String name,
      Predicate<String> wanted,
      Function<String, @Nullable Target> target) {}

  /**
   * A table of this node.
   *
   * @param layout must be the snapshot's
   * @param owned the tokens that this node keeps
   */
  public record Target(UUID id, String layout, List<TokenRange> owned) {}

  /**
   * What was brought in.
   *
   * @param hosts whose snapshots were found
   * @param absentHosts nodes of that cluster whose snapshots were not
   * @param copiedFiles SSTables that were taken as they are
   * @param rewrittenFiles SSTables that some rows were taken of
   * @param missingFiles SSTables that were damaged already when the snapshot was made
   */
  public record Imported(
      List<UUID> hosts,
      List<UUID> absentHosts,
      List<String> tables,
      int copiedFiles,
      int rewrittenFiles,
      int missingFiles,
      long bytes) {}

  /** New SSTables of a table that no manifest lists yet. */
  private record Staged(Table table, int generation, List<SSTable> sstables) {}

  /** One file to take. */
  private record Piece(Path path, DataFile file, Table table, List<TokenRange> owned) {
    boolean isWhole() {
      return TokenRange.allContain(owned, file.minToken(), file.maxToken());
    }
  }

  SnapshotImport(FileSystem files, StorageEngine engine, Map<UUID, Table> tables, Request request) {
    this.files = files;
    this.engine = engine;
    this.tables = tables;
    this.request = request;
  }

  Imported run(StorageTask task) throws IOException {
    Map<Path, SnapshotManifest> sources = sources();
    TreeSet<String> names = new TreeSet<>();
    List<Piece> pieces = new ArrayList<>();
    for (var source : sources.entrySet()) {
      for (TableFiles table : source.getValue().tables()) {
        if (request.wanted().test(table.name())) {
          names.add(table.name());
          addPieces(source.getKey(), table, pieces);
        }
      }
    }
    if (names.isEmpty()) {
      throw new IOException("snapshot " + request.name() + " has no such table");
    }
    long bytes = pieces.stream().mapToLong(piece -> piece.file().bytes()).sum();
    task.begin(2 * bytes);
    CheckedCopy copy = new CheckedCopy(files, task);
    for (Piece piece : pieces) {
      copy.require(piece.path(), piece.file());
    }
    try {
      for (Piece piece : pieces) {
        stage(piece, copy, task);
      }
    } catch (IOException e) {
      staged.values().forEach(one -> engine.discard(one.sstables()));
      throw e;
    }
    publish();
    return new Imported(
        sources.values().stream().map(manifest -> manifest.origin().hostId()).toList(),
        absent(sources),
        List.copyOf(names),
        copiedFiles,
        rewrittenFiles,
        missingFiles,
        bytes);
  }

  /** The snapshots of that name, by the directories of their nodes. */
  private Map<Path, SnapshotManifest> sources() throws IOException {
    Map<Path, SnapshotManifest> sources = new LinkedHashMap<>();
    for (String host : files.list(request.directory())) {
      Path directory = request.directory().resolve(host);
      Path snapshot = SnapshotExport.snapshot(directory, request.name());
      if (files.exists(snapshot.resolve(SnapshotManifest.FILE_NAME))) {
        sources.put(directory, SnapshotManifest.load(files, snapshot));
      }
    }
    if (sources.isEmpty()) {
      throw new IOException(
          "there is no whole export of snapshot " + request.name() + " in " + request.directory());
    }
    return sources;
  }

  private static List<UUID> absent(Map<Path, SnapshotManifest> sources) {
    TreeSet<UUID> absent = new TreeSet<>();
    sources.values().forEach(manifest -> absent.addAll(manifest.origin().hosts()));
    sources.values().forEach(manifest -> absent.remove(manifest.origin().hostId()));
    return List.copyOf(absent);
  }

  private void addPieces(Path host, TableFiles table, List<Piece> pieces) throws IOException {
    Target target = request.target().apply(table.name());
    Table own = target == null ? null : tables.get(target.id());
    if (target == null || own == null) {
      throw new IOException("table " + table.name() + " is not here; create it first");
    }
    if (!target.layout().equals(table.layout())) {
      throw new IOException(
          "table "
              + table.name()
              + " has other columns here: in the snapshot ["
              + table.layout()
              + "], here ["
              + target.layout()
              + "]");
    }
    staged.computeIfAbsent(own.id(), id -> new Staged(own, own.generation(), new ArrayList<>()));
    for (DataFile file : table.files()) {
      if (!TokenRange.anyMeets(target.owned(), file.minToken(), file.maxToken())) {
        continue;
      }
      if (file.missing()) {
        missingFiles++;
      } else {
        Path path = SnapshotExport.file(host, table, file);
        pieces.add(new Piece(path, file, own, target.owned()));
      }
    }
  }

  private void stage(Piece piece, CheckedCopy copy, StorageTask task) throws IOException {
    Table table = piece.table();
    long free = engine.usableBytes(table.directory());
    if (free < piece.file().bytes()) {
      throw new IOException(
          table.directory()
              + ": No space left on device: "
              + piece.file().bytes()
              + " bytes, "
              + free
              + " free");
    }
    List<SSTable> made = Objects.requireNonNull(staged.get(table.id())).sstables();
    if (piece.isWhole()) {
      made.add(engine.adopt(table, path -> copy.copy(piece.path(), path, piece.file())));
      copiedFiles++;
      return;
    }
    List<SSTable> rewritten = rewrite(piece, task);
    made.addAll(rewritten);
    rewrittenFiles += rewritten.isEmpty() ? 0 : 1;
    copy.advance(piece.file().bytes());
  }

  private List<SSTable> rewrite(Piece piece, StorageTask task) throws IOException {
    SSTable source = engine.openElsewhere(piece.path(), piece.file().number());
    SSTableSeries out = engine.newTables(piece.table(), 0, List.of(), Long.MAX_VALUE);
    try {
      PartitionCopy copy =
          new PartitionCopy(
              List.of(source.scanCursor(bytes -> {})),
              out,
              RowMerger.NEVER_SECONDS,
              token -> Purge.NONE,
              token -> TokenRange.anyContains(piece.owned(), token));
      if (!copy.copy(task::isCancelled)) {
        task.goOn();
      }
      return out.finish();
    } finally {
      out.abandon();
      source.release();
    }
  }

  private void publish() throws IOException {
    List<Staged> waiting = new ArrayList<>(staged.values());
    try {
      while (!waiting.isEmpty()) {
        Staged next = waiting.removeFirst();
        if (!next.table().replace(next.generation(), List.of(), next.sstables())) {
          engine.discard(next.sstables());
          throw new IOException(
              next.table().directory() + " was truncated or dropped while it was imported to");
        }
        engine.consider(next.table());
      }
    } finally {
      // Of a table whose manifest failed the new ones are the table's; the rest is not listed.
      waiting.forEach(one -> engine.discard(one.sstables()));
    }
  }
}
