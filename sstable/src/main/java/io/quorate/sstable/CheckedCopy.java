package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads files whole, to compare them with what a manifest says of them, and copies those that are
 * as it says. One piece of long work; runs on a background thread.
 */
final class CheckedCopy {
  private static final int READ_BYTES = 1 << 20;

  private final FileSystem files;
  private final @Nullable StorageTask task;
  private final ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);

  /**
   * @param task told what was read, and asked whether to go on; null when nobody watches
   */
  CheckedCopy(FileSystem files, @Nullable StorageTask task) {
    this.files = files;
    this.task = task;
  }

  /** Notes bytes that were done, or need not be. Fails when nobody wants the rest any more. */
  void advance(long bytes) throws IOException {
    if (task != null) {
      task.advance(bytes);
      task.goOn();
    }
  }

  /** CRC-32C of a whole file. */
  int crc(Path path) throws IOException {
    return read(path, null);
  }

  /** What is wrong with a file, or null. */
  @Nullable String problem(Path path, SnapshotManifest.DataFile expected) throws IOException {
    if (!files.exists(path)) {
      advance(expected.bytes());
      return "it is missing";
    }
    long size = files.size(path);
    if (size != expected.bytes()) {
      advance(expected.bytes());
      return "it has " + size + " bytes instead of " + expected.bytes();
    }
    return crc(path) == expected.crc() ? null : "its checksum is wrong";
  }

  /** A file that must be as expected. */
  void require(Path path, SnapshotManifest.DataFile expected) throws IOException {
    String problem = problem(path, expected);
    if (problem != null) {
      throw new CorruptFileException(path, problem);
    }
  }

  /**
   * Copies a file durably. The new name comes only when all of it is there and its checksum, of the
   * very bytes that were copied, is right.
   */
  void copy(Path from, Path to, SnapshotManifest.DataFile expected) throws IOException {
    Path staged = to.resolveSibling(to.getFileName() + ".tmp");
    if (files.exists(staged)) {
      files.delete(staged);
    }
    try (StoredFile out = files.open(staged, FileSystem.Mode.CREATE)) {
      if (read(from, out) != expected.crc() || out.size() != expected.bytes()) {
        throw new CorruptFileException(from, "its checksum is wrong");
      }
      out.sync();
    } catch (IOException e) {
      discard(staged, e);
      throw e;
    }
    files.rename(staged, to);
    files.syncDirectory(Objects.requireNonNull(to.getParent(), "a file has a directory"));
  }

  private void discard(Path staged, IOException cause) {
    try {
      files.delete(staged);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private int read(Path path, @Nullable StoredFile copy) throws IOException {
    CRC32C crc = new CRC32C();
    try (StoredFile file = files.open(path, FileSystem.Mode.READ)) {
      long position = 0;
      while (true) {
        buffer.clear();
        int count = file.read(buffer, position);
        if (count < 0) {
          return (int) crc.getValue();
        }
        crc.update(buffer.flip().duplicate());
        if (copy != null) {
          copy.write(buffer, position);
        }
        position += count;
        advance(count);
      }
    }
  }
}
