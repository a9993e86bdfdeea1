package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.IntConsumer;

/**
 * Where damaged files are kept until somebody has read what can be read of them.
 *
 * <pre>
 * quarantine/&lt;table id&gt;-&lt;n&gt;.sst            an SSTable that was put aside
 * quarantine/&lt;table id&gt;-&lt;n&gt;.sst.scrubbed   the same, with nothing left to be read
 * quarantine/&lt;segment&gt;…                    records of the commit log, see {@link CommitLogReplay}
 * </pre>
 *
 * <p>Safe for concurrent use.
 */
final class Quarantine {
  private final FileSystem files;
  private final Path directory;
  private final BlockCache cache;
  private final Partitioner partitioner;

  Quarantine(FileSystem files, Path directory, BlockCache cache, Partitioner partitioner) {
    this.files = files;
    this.directory = directory;
    this.cache = cache;
    this.partitioner = partitioner;
  }

  Path directory() {
    return directory;
  }

  /** Where an SSTable is kept once it is put aside. */
  Path pathOf(Path damaged) {
    Path table = Objects.requireNonNull(damaged.getParent(), "a table has a directory");
    return directory.resolve(table.getFileName() + "-" + damaged.getFileName());
  }

  boolean has(Path damaged) {
    return files.exists(pathOf(damaged));
  }

  /** Keeps a file here, too. */
  void link(Path damaged) throws IOException {
    Path aside = pathOf(damaged);
    if (!files.exists(aside)) {
      files.link(damaged, aside);
      files.syncDirectory(directory);
    }
  }

  /** Opens an SSTable that was put aside, to read what can be read. */
  SSTable open(Path aside, long number) throws IOException {
    return SSTable.open(files, aside, number, 0, cache, partitioner);
  }

  /** Opens an SSTable that is no whole one any more. */
  SalvagedTable openDamaged(Path aside, TokenRange tokens, IntConsumer bytesRead)
      throws IOException {
    return SalvagedTable.open(files, aside, partitioner, tokens, bytesRead);
  }

  /** Keeps a file under a name that says that it needs not be read again. */
  void wasRead(Path aside) throws IOException {
    files.rename(aside, aside.resolveSibling(aside.getFileName() + ".scrubbed"));
    files.syncDirectory(directory);
  }
}
