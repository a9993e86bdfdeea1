package io.quorate.node;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.FileSystem;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The file system of a node, with its failures counted, by operation. A file that is not there, or
 * is, is no failure of the disk. Safe for concurrent use.
 */
final class WatchedFiles implements FileSystem {
  private final FileSystem files;
  private final Map<Operation, LongAdder> errors = new EnumMap<>(Operation.class);
  private final LongAdder full = new LongAdder();
  private final AtomicReference<@Nullable String> last = new AtomicReference<>();

  WatchedFiles(FileSystem files) {
    this.files = files;
    for (Operation operation : Operation.values()) {
      errors.put(operation, new LongAdder());
    }
  }

  /** Failures other than for lack of space since the start. */
  long errors(Operation operation) {
    LongAdder count = errors.get(operation);
    return count == null ? 0 : count.sum();
  }

  long errors() {
    return errors.values().stream().mapToLong(LongAdder::sum).sum();
  }

  /** Writes that found no space since the start. */
  long foundFull() {
    return full.sum();
  }

  /** What the last failure said, or null. */
  @Nullable String lastError() {
    return last.get();
  }

  private interface Work {
    void run() throws IOException;
  }

  private interface Question<T> {
    T ask() throws IOException;
  }

  private void run(Operation operation, Work work) throws IOException {
    try {
      work.run();
    } catch (IOException e) {
      throw noted(operation, e);
    }
  }

  private <T> T ask(Operation operation, Question<T> question) throws IOException {
    try {
      return question.ask();
    } catch (IOException e) {
      throw noted(operation, e);
    }
  }

  private IOException noted(Operation operation, IOException failure) {
    if (failure instanceof NoSuchFileException || failure instanceof FileAlreadyExistsException) {
      return failure;
    }
    LongAdder count = errors.get(operation);
    if (failure instanceof DiskFullException) {
      full.increment();
    } else if (count != null) {
      count.increment();
    }
    last.set(FileFailure.describe(failure));
    return failure;
  }

  @Override
  public StoredFile open(Path path, Mode mode) throws IOException {
    Operation operation = mode == Mode.CREATE ? Operation.WRITE : Operation.OPEN;
    return new WatchedFile(ask(operation, () -> files.open(path, mode)));
  }

  @Override
  public ByteBuffer blocks(int bytes) {
    return files.blocks(bytes);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return ask(Operation.OPEN, () -> files.list(directory));
  }

  @Override
  public boolean exists(Path path) {
    return files.exists(path);
  }

  @Override
  public long size(Path path) throws IOException {
    return ask(Operation.OPEN, () -> files.size(path));
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    run(Operation.WRITE, () -> files.createDirectories(directory));
  }

  @Override
  public void delete(Path path) throws IOException {
    run(Operation.DELETE, () -> files.delete(path));
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    run(Operation.RENAME, () -> files.rename(from, to));
  }

  /** Not counted: a link to another disk fails, and the file is copied instead. */
  @Override
  public void link(Path existing, Path name) throws IOException {
    files.link(existing, name);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    run(Operation.SYNC, () -> files.syncDirectory(directory));
  }

  @Override
  public long usableBytes(Path path) throws IOException {
    return ask(Operation.OPEN, () -> files.usableBytes(path));
  }

  @Override
  public long totalBytes(Path path) throws IOException {
    return ask(Operation.OPEN, () -> files.totalBytes(path));
  }

  @Override
  public Closeable lock(Path file) throws IOException {
    return files.lock(file);
  }

  private final class WatchedFile implements StoredFile {
    private final StoredFile file;

    WatchedFile(StoredFile file) {
      this.file = file;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      return ask(Operation.READ, () -> file.read(target, position));
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      run(Operation.WRITE, () -> file.write(source, position));
    }

    @Override
    public void sync() throws IOException {
      run(Operation.SYNC, file::sync);
    }

    @Override
    public void truncate(long size) throws IOException {
      run(Operation.WRITE, () -> file.truncate(size));
    }

    @Override
    public void preallocate(long size) throws IOException {
      run(Operation.WRITE, () -> file.preallocate(size));
    }

    @Override
    public long size() throws IOException {
      return ask(Operation.OPEN, file::size);
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
