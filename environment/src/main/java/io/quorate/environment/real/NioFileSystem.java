package io.quorate.environment.real;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.FileSystem;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files by NIO channels. Safe for concurrent use. */
final class NioFileSystem implements FileSystem {
  private static final Logger LOG = LoggerFactory.getLogger(NioFileSystem.class);
  private static final @Nullable OpenOption DIRECT = directOption();
  private static final int ZEROS_BYTES = 1 << 20;

  @Override
  public StoredFile open(Path path, Mode mode) throws IOException {
    return new ChannelFile(
        path,
        switch (mode) {
          case READ -> FileChannel.open(path, StandardOpenOption.READ);
          case READ_WRITE ->
              FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
          case CREATE ->
              FileChannel.open(
                  path,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.CREATE_NEW);
          case DIRECT -> openDirect(path);
        });
  }

  /** Not every file system can: one in memory cannot, and others have larger blocks. */
  private static FileChannel openDirect(Path path) throws IOException {
    if (DIRECT != null && BLOCK_BYTES % Files.getFileStore(path).getBlockSize() == 0) {
      try {
        return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, DIRECT);
      } catch (UnsupportedOperationException | FileSystemException e) {
        LOG.debug("{} goes through the page cache: {}", path, e.getMessage());
      }
    }
    return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** An option of the module jdk.unsupported, which javac lets nobody name without a warning. */
  private static @Nullable OpenOption directOption() {
    try {
      return (OpenOption)
          Class.forName("com.sun.nio.file.ExtendedOpenOption").getField("DIRECT").get(null);
    } catch (ReflectiveOperationException e) {
      LOG.info("this JVM cannot write past the page cache: {}", e.toString());
      return null;
    }
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    }
  }

  @Override
  public boolean exists(Path path) {
    return Files.exists(path);
  }

  @Override
  public long size(Path path) throws IOException {
    return Files.size(path);
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    Path absolute = directory.toAbsolutePath().normalize();
    if (Files.isDirectory(absolute)) {
      return;
    }
    Path parent = absolute.getParent();
    if (parent != null) {
      createDirectories(parent);
    }
    Files.createDirectories(absolute);
    if (parent != null) {
      syncDirectory(parent);
    }
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.delete(path);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void link(Path existing, Path name) throws IOException {
    Files.createLink(name, existing);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public long usableBytes(Path path) throws IOException {
    return Files.getFileStore(path).getUsableSpace();
  }

  @Override
  public long totalBytes(Path path) throws IOException {
    return Files.getFileStore(path).getTotalSpace();
  }

  @Override
  public Closeable lock(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      channel.close();
      throw new IOException(file + " is locked by another process");
    }
    return channel;
  }

  /** The platform's errors of an open file do not say which file. */
  private static IOException named(Path path, IOException failure) {
    String reason = String.valueOf(failure.getMessage());
    if (reason.contains("No space left") || reason.contains("quota exceeded")) {
      return new DiskFullException(path + ": " + reason, failure);
    }
    return new IOException(
        path + ": " + (failure.getMessage() == null ? failure.toString() : reason), failure);
  }

  private static final class ChannelFile implements StoredFile {
    private final Path path;
    private final FileChannel channel;
    private final SyncBehind behind = new SyncBehind();

    ChannelFile(Path path, FileChannel channel) {
      this.path = path;
      this.channel = channel;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      try {
        return channel.read(target, position);
      } catch (IOException e) {
        throw named(path, e);
      }
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      try {
        long at = position;
        while (source.hasRemaining()) {
          at += channel.write(source, at);
        }
      } catch (IOException e) {
        throw named(path, e);
      }
    }

    @Override
    public void beginSync() {
      behind.begin(() -> channel.force(false));
    }

    @Override
    public void sync() throws IOException {
      try {
        behind.await();
        channel.force(false);
      } catch (IOException e) {
        throw named(path, e);
      }
    }

    @Override
    public void truncate(long size) throws IOException {
      try {
        if (size > channel.size()) {
          channel.write(ByteBuffer.wrap(new byte[1]), size - 1);
        } else {
          channel.truncate(size);
        }
      } catch (IOException e) {
        throw named(path, e);
      }
    }

    // Written with zeros, not only sized: a later sync then has no block to allocate, which makes
    // it several times as fast.
    @Override
    public void preallocate(long size) throws IOException {
      ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS_BYTES);
      try {
        for (long at = channel.size(); at < size; ) {
          zeros.clear().limit((int) Math.min(ZEROS_BYTES, size - at));
          at += channel.write(zeros, at);
          // In pieces, so that others do not wait long for the disk.
          channel.force(false);
        }
      } catch (IOException e) {
        throw named(path, e);
      }
    }

    @Override
    public long size() throws IOException {
      return channel.size();
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
