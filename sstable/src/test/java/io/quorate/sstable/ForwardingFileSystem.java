package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** A file system in front of another, for tests that break one of its promises. */
class ForwardingFileSystem implements FileSystem {
  private final FileSystem files;

  ForwardingFileSystem(FileSystem files) {
    this.files = files;
  }

  void sync(Path path, StoredFile file) throws IOException {
    file.sync();
  }

  @Override
  public StoredFile open(Path path, Mode mode) throws IOException {
    return new ForwardingFile(path, files.open(path, mode));
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return files.list(directory);
  }

  @Override
  public boolean exists(Path path) {
    return files.exists(path);
  }

  @Override
  public long size(Path path) throws IOException {
    return files.size(path);
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    files.createDirectories(directory);
  }

  @Override
  public void delete(Path path) throws IOException {
    files.delete(path);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    files.rename(from, to);
  }

  @Override
  public void link(Path existing, Path name) throws IOException {
    files.link(existing, name);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    files.syncDirectory(directory);
  }

  @Override
  public long usableBytes(Path path) throws IOException {
    return files.usableBytes(path);
  }

  @Override
  public long totalBytes(Path path) throws IOException {
    return files.totalBytes(path);
  }

  @Override
  public Closeable lock(Path file) throws IOException {
    return files.lock(file);
  }

  private final class ForwardingFile implements StoredFile {
    private final Path path;
    private final StoredFile file;

    ForwardingFile(Path path, StoredFile file) {
      this.path = path;
      this.file = file;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      return file.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      file.write(source, position);
    }

    @Override
    public void sync() throws IOException {
      ForwardingFileSystem.this.sync(path, file);
    }

    @Override
    public void truncate(long size) throws IOException {
      file.truncate(size);
    }

    @Override
    public void preallocate(long size) throws IOException {
      file.preallocate(size);
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
