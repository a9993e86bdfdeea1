package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A table's directory at its beginning and its end. It is a table's as long as it has a manifest.
 * One without is what a creation left that was interrupted, and holds no SSTable; or what a drop
 * left, and then it says so: the manifest is renamed to {@code DROPPED}, and that goes last.
 * SSTables with neither beside them have lost their manifest to the disk, and nobody deletes them.
 */
final class TableDirectory {
  private static final String DROPPED = "DROPPED";

  private TableDirectory() {}

  /** From now on, also after a power loss, the table is not there. */
  static void markDropped(FileSystem files, Path directory) throws IOException {
    Path manifest = directory.resolve(TableManifest.FILE_NAME);
    if (files.exists(manifest)) {
      files.rename(manifest, directory.resolve(DROPPED));
      files.syncDirectory(directory);
    }
  }

  /**
   * Whether there is a table to be opened; if not, the directory can be removed.
   *
   * @throws IOException when there is one, and its manifest is lost
   */
  static boolean isTable(FileSystem files, Path directory) throws IOException {
    Path manifest = directory.resolve(TableManifest.FILE_NAME);
    if (files.exists(manifest)) {
      return true;
    }
    List<String> names = files.list(directory);
    if (names.contains(DROPPED) || names.stream().noneMatch(name -> name.endsWith(".sst"))) {
      return false;
    }
    throw new CorruptFileException(manifest, "it is missing beside its SSTables");
  }

  /** Removes what is left of a table. What fails is done at the next start. */
  static void remove(FileSystem files, Path directory) throws IOException {
    for (String name : files.list(directory)) {
      if (!name.equals(DROPPED)) {
        files.delete(directory.resolve(name));
      }
    }
    Path dropped = directory.resolve(DROPPED);
    if (files.exists(dropped)) {
      files.syncDirectory(directory);
      files.delete(dropped);
    }
    files.delete(directory);
  }
}
