package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;

/** SSTables that benchmarks write, and their end. */
final class BenchmarkTables {
  private BenchmarkTables() {}

  /** As a memtable is flushed. */
  static void flush(FileSystem files, Path path, Memtable memtable) throws IOException {
    takePlace(files, path, PartitionCopy.copyAll(memtable, series(files, path)));
  }

  /** As SSTables are compacted. */
  static void write(FileSystem files, Path path, List<EntryCursor> sources) throws IOException {
    SSTableSeries out = series(files, path);
    PartitionCopy copy =
        new PartitionCopy(
            sources, out, RowMerger.NEVER_SECONDS, token -> Purge.NONE, token -> true);
    copy.copy(() -> false);
    takePlace(files, path, out.finish());
  }

  private static SSTableSeries series(FileSystem files, Path path) {
    Path directory = Objects.requireNonNull(path.getParent(), "a table has a directory");
    TableManifest manifest = new TableManifest(new UUID(1, 1), TableSettings.DEFAULT, 0, List.of());
    Table table = new Table(files, directory, manifest, Version.EMPTY);
    return new SSTableSeries(
        files,
        table,
        () -> 1_000_000,
        () -> 0,
        new BlockCache(0),
        BenchmarkRows.PARTITIONER,
        0,
        List.of(),
        Long.MAX_VALUE);
  }

  private static void takePlace(FileSystem files, Path path, List<SSTable> written)
      throws IOException {
    SSTable table = written.getFirst();
    table.release();
    files.rename(table.path(), path);
  }

  static void deleteAll(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
