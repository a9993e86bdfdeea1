package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Where segments of the commit log go before they are deleted, so that {@link Restore} can bring
 * back the writes of any time since. Nothing is ever deleted here: that is the operator's business.
 *
 * <p>A segment that cannot be archived is not deleted either. The log grows meanwhile, up to what
 * the disk has; then writes are refused, as whenever it is full. Called on one thread at a time.
 */
final class CommitLogArchive {
  private static final int COPIED_AT_ONCE_BYTES = 1 << 20;

  private final FileSystem files;
  private final Path directory;

  CommitLogArchive(FileSystem files, Path directory) throws IOException {
    this.files = files;
    this.directory = directory;
    files.createDirectories(directory);
  }

  Path directory() {
    return directory;
  }

  /** Links a segment here, durably; copies it when the archive is on another disk. */
  void add(Path segment) throws IOException {
    Path target = directory.resolve(segment.getFileName());
    // Numbers are not used twice: what has the name is the segment, archived before a crash.
    if (!files.exists(target)) {
      try {
        files.link(segment, target);
      } catch (IOException e) {
        copy(segment, target);
      }
    }
    files.syncDirectory(directory);
  }

  private void copy(Path segment, Path target) throws IOException {
    Path staged = target.resolveSibling(target.getFileName() + ".new");
    if (files.exists(staged)) {
      files.delete(staged);
    }
    try (StoredFile from = files.open(segment, FileSystem.Mode.READ);
        StoredFile to = files.open(staged, FileSystem.Mode.CREATE)) {
      ByteBuffer bytes = ByteBuffer.allocate(COPIED_AT_ONCE_BYTES);
      for (long at = 0; from.read(bytes.clear(), at) > 0; at += bytes.limit()) {
        to.write(bytes.flip(), at);
      }
      to.sync();
    }
    files.rename(staged, target);
  }
}
