package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** SSTables that benchmarks write, and their end. */
final class BenchmarkTables {
  private BenchmarkTables() {}

  static void write(FileSystem files, Path path, List<EntryCursor> sources) throws IOException {
    SSTableWriter writer = new SSTableWriter(files, path, TableSettings.DEFAULT);
    new PartitionCopy().copy(sources, writer, RowMerger.NEVER_SECONDS, token -> Purge.NONE);
    writer.finish();
  }

  static void deleteAll(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
