package io.quorate.environment;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * Files, with the guarantees that a disk gives and no more: bytes written survive a power loss
 * after {@link StoredFile#sync}, and a created, renamed, linked or deleted name survives after
 * {@link #syncDirectory}. All calls may block: none is made on a shard. Safe for concurrent use.
 */
public interface FileSystem {

  /** What is asked of a disk, as far as its failures are told apart. */
  enum Operation {
    /** Opening, listing, looking at sizes, locking, asking for free space. */
    OPEN,
    READ,
    /** Writing, creating, reserving space, cutting off. */
    WRITE,
    /** Making bytes or names durable. */
    SYNC,
    /** Renaming and linking. */
    RENAME,
    DELETE
  }

  /** How a file is opened. */
  enum Mode {
    /** The file must exist. */
    READ,
    /** The file must exist; it may be written anywhere. */
    READ_WRITE,
    /** The file must not exist. */
    CREATE,
    /**
     * As {@link #READ_WRITE}, and past the page cache where the disk can: a write then is of whole
     * blocks of {@link #BLOCK_BYTES}, at a multiple of that, from memory that is aligned to it.
     */
    DIRECT
  }

  /** What writes to a file that was opened as {@link Mode#DIRECT} are multiples of. */
  int BLOCK_BYTES = 4096;

  StoredFile open(Path path, Mode mode) throws IOException;

  /** Memory from which files may be written that were opened as {@link Mode#DIRECT}. */
  default ByteBuffer blocks(int bytes) {
    return ByteBuffer.allocateDirect(bytes + BLOCK_BYTES).alignedSlice(BLOCK_BYTES).slice(0, bytes);
  }

  /** Names in a directory, sorted; empty when the directory does not exist. */
  List<String> list(Path directory) throws IOException;

  boolean exists(Path path);

  /** Size of a file in bytes. */
  long size(Path path) throws IOException;

  /** Creates a directory and its parents, durably. Nothing happens when it exists. */
  void createDirectories(Path directory) throws IOException;

  /** Removes a file or an empty directory. Fails when there is none. */
  void delete(Path path) throws IOException;

  /** Gives a file another name in one step, replacing what has that name. */
  void rename(Path from, Path to) throws IOException;

  /** Makes a second name for a file's bytes. */
  void link(Path existing, Path name) throws IOException;

  /** Makes the names in a directory durable. */
  void syncDirectory(Path directory) throws IOException;

  /** Bytes that can still be written to the disk that holds the path. */
  long usableBytes(Path path) throws IOException;

  /** Bytes of the disk that holds the path, used or not. */
  long totalBytes(Path path) throws IOException;

  /**
   * Takes the exclusive lock that keeps two processes from one data directory.
   *
   * @throws IOException when another process holds it
   */
  Closeable lock(Path file) throws IOException;

  /** Reads a whole small file. */
  default byte[] readAll(Path path) throws IOException {
    try (StoredFile file = open(path, Mode.READ)) {
      ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(file.size()));
      file.readFully(bytes, 0);
      return bytes.array();
    }
  }

  /**
   * Replaces a small file as a whole: a reader, also after a power loss, sees the old bytes or the
   * new.
   */
  default void replace(Path path, byte[] bytes) throws IOException {
    Path directory =
        Objects.requireNonNull(path.toAbsolutePath().getParent(), "a file has a directory");
    Path staged = path.resolveSibling(path.getFileName() + ".new");
    if (exists(staged)) {
      delete(staged);
    }
    try (StoredFile file = open(staged, Mode.CREATE)) {
      file.write(ByteBuffer.wrap(bytes), 0);
      file.sync();
    }
    rename(staged, path);
    syncDirectory(directory);
  }

  /** An open file. Positional reads are safe for concurrent use; one thread writes. */
  interface StoredFile extends Closeable {

    /** Reads up to {@code target.remaining()} bytes; returns how many, or -1 at the end. */
    int read(ByteBuffer target, long position) throws IOException;

    /** Writes all remaining bytes of {@code source}. */
    void write(ByteBuffer source, long position) throws IOException;

    /**
     * Begins to bring to disk what was written, so that {@link #sync} finds less to wait for. It
     * promises nothing, and a failure is told by the next sync.
     */
    default void beginSync() {}

    /** Makes what was written durable. After a failure nothing written before it is certain. */
    void sync() throws IOException;

    /** Sets the size, cutting off or filling with zeros. */
    void truncate(long size) throws IOException;

    /** Reserves space on disk up to {@code size}, so that writes below it need no allocation. */
    void preallocate(long size) throws IOException;

    long size() throws IOException;

    @Override
    void close() throws IOException;

    /** Fills {@code target} or fails when the file is too short. */
    default void readFully(ByteBuffer target, long position) throws IOException {
      long at = position;
      while (target.hasRemaining()) {
        int count = read(target, at);
        if (count < 0) {
          throw new java.io.EOFException(
              "file ends at " + size() + ", wanted " + target.remaining() + " bytes at " + at);
        }
        at += count;
      }
    }
  }
}
