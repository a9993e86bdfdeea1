package io.quorate.sstable;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.environment.Shard;
import io.quorate.sstable.CommitLogFormat.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The commit log's files: made ahead of their use, and archived and deleted when no memtable needs
 * them any more. Both take milliseconds, so a thread of its own does it and the log's thread never
 * waits, except when it writes faster than segments can be made.
 *
 * <p>{@link #create} and {@link #takePrepared} are called on the log's thread; everything else may
 * be called on any, and what is closed is known to this thread only.
 */
final class CommitLogSegments {
  private static final long ARCHIVE_RETRY_NANOS = 10_000_000_000L;

  private final Path directory;
  private final FileSystem files;
  private final EngineOptions options;
  private final StorageEvents events;
  private final Executor thread;
  private final @Nullable CommitLogArchive archive;
  private final Shard timers;
  private boolean retryPlanned;

  /** Files that will be spare once their old names are gone for good. */
  private final List<Path> retired = new ArrayList<>();

  private volatile long oldestId;
  private long lastClosedId;

  /** Segments that nobody needs and that the archive has not taken. */
  private volatile int toArchive;

  /** Files that were segments and will be again, which spares the disk the writing of zeros. */
  private final Queue<Path> spares = new ConcurrentLinkedQueue<>();

  private final AtomicReference<@Nullable OpenSegment> prepared = new AtomicReference<>();
  private final ArrayDeque<ClosedSegment> closed = new ArrayDeque<>();
  private List<LogAppender> appenders = List.of();
  private LongConsumer tooLong = id -> {};

  /** A segment's file while it is written. Owned by the log's thread once that has it. */
  static final class OpenSegment {
    final long id;
    final Path path;
    final StoredFile file;

    /** Whether anything was to be written to it. */
    boolean begun;

    private OpenSegment(long id, Path path, StoredFile file) {
      this.id = id;
      this.path = path;
      this.file = file;
    }
  }

  /**
   * @param begun whether anything was to be written to it
   * @param earlier whether an earlier run wrote it: its archive may share the file's bytes
   */
  private record ClosedSegment(long id, Path path, boolean begun, boolean earlier) {}

  CommitLogSegments(
      Environment environment,
      CommitLog.Beginning beginning,
      EngineOptions options,
      StorageEvents events) {
    this.archive = beginning.archive();
    this.timers = environment.shards().get(0);
    this.directory = beginning.directory();
    this.options = options;
    this.events = events;
    this.files = environment.files();
    this.thread = environment.background().serial("commitlog-segments");
    this.lastClosedId = beginning.firstSegmentId() - 1;
    for (Segment segment : beginning.earlier().segments()) {
      closed.add(new ClosedSegment(segment.id(), segment.path(), true, true));
    }
    noteOldest();
  }

  /**
   * Before the first write.
   *
   * @param shardAppenders say which segments are needed
   * @param whenTooLong told the segment before which memtables are to be flushed
   */
  void begin(List<LogAppender> shardAppenders, LongConsumer whenTooLong) {
    appenders = shardAppenders;
    tooLong = whenTooLong;
  }

  /** Makes a segment's file, with its space reserved, so that a write needs no allocation. */
  OpenSegment create(long id) throws IOException {
    Path path = directory.resolve(CommitLogFormat.fileName(id));
    Path spare = spares.poll();
    Path staged = spare == null ? newFile(path) : spare;
    StoredFile file = files.open(staged, FileSystem.Mode.DIRECT);
    try {
      ByteBuffer first = files.blocks(FileSystem.BLOCK_BYTES);
      // Zeros behind the header say that nothing was written yet.
      file.write(first.put(CommitLogFormat.header(id)).rewind(), 0);
      file.sync();
      // What has a segment's name is whole: one that is not was damaged later.
      files.rename(staged, path);
      files.syncDirectory(directory);
    } catch (IOException e) {
      discard(file, List.of(staged, path), e);
      throw e;
    }
    return new OpenSegment(id, path, file);
  }

  private Path newFile(Path path) throws IOException {
    Path staged = path.resolveSibling(path.getFileName() + CommitLogFormat.STAGED);
    long usable = files.usableBytes(directory);
    if (usable < options.segmentBytes() + options.reservedDiskBytes()) {
      throw new DiskFullException(
          directory + ": the disk is full, " + usable + " bytes are left", null);
    }
    if (files.exists(staged)) {
      files.delete(staged);
    }
    StoredFile file = files.open(staged, FileSystem.Mode.CREATE);
    try {
      file.preallocate(options.segmentBytes());
      file.sync();
      file.close();
    } catch (IOException e) {
      discard(file, List.of(staged), e);
      throw e;
    }
    return staged;
  }

  private void discard(StoredFile file, List<Path> names, IOException cause) {
    try {
      file.close();
      for (Path name : names) {
        if (files.exists(name)) {
          files.delete(name);
        }
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** Begins to make a segment that will be needed soon. */
  void prepare(long id) {
    thread.execute(() -> {
      try {
        OpenSegment unused = prepared.getAndSet(create(id));
        if (unused != null) {
          closeFile(unused);
          closed.add(closed(unused));
        }
      } catch (IOException e) {
        // It will be tried again when the segment is needed, and writes refused then.
        events.backgroundWorkFailed("preparing a commit-log segment", e);
      }
    });
  }

  /** The segment that was prepared, when it is ready. */
  @Nullable OpenSegment takePrepared() {
    return prepared.getAndSet(null);
  }

  /** Nothing is written to a segment any more; it stays until no memtable needs it. */
  void close(OpenSegment segment) {
    thread.execute(() -> {
      closeFile(segment);
      closed.add(closed(segment));
      lastClosedId = segment.id;
      noteOldest();
      long keptBytes = (closed.size() + 1L) * options.segmentBytes();
      if (keptBytes > options.commitLogBytes()) {
        deleteUnneeded();
        flushForTheOldest();
      }
    });
  }

  private static ClosedSegment closed(OpenSegment segment) {
    return new ClosedSegment(segment.id, segment.path, segment.begun, false);
  }

  /** The log is too long: what keeps its oldest quarter is flushed. */
  private void flushForTheOldest() {
    int tooMany = closed.size() + 1 - (int) (options.commitLogBytes() / options.segmentBytes());
    if (tooMany > 0) {
      int count = Math.min(closed.size(), tooMany + closed.size() / 4);
      long last = 0;
      for (ClosedSegment segment : closed) {
        if (count-- > 0) {
          last = segment.id();
        }
      }
      tooLong.accept(last + 1);
    }
  }

  /** Segments before this one are gone for good. Safe for concurrent use. */
  long oldestId() {
    return oldestId;
  }

  private void noteOldest() {
    ClosedSegment oldest = closed.peek();
    // One that was left a moment ago may be on its way here.
    oldestId = oldest == null ? lastClosedId + 1 : oldest.id();
  }

  /** How many segments wait for the archive only. */
  int toArchive() {
    return toArchive;
  }

  /** A shard needs less than before: deletes what nobody needs. */
  void release() {
    thread.execute(this::deleteUnneeded);
  }

  private void deleteUnneeded() {
    long needed = Long.MAX_VALUE;
    for (LogAppender appender : appenders) {
      needed = Math.min(needed, appender.neededSegmentId());
    }
    boolean deleted = false;
    boolean archives = true;
    retired.clear();
    for (Iterator<ClosedSegment> each = closed.iterator(); each.hasNext(); ) {
      ClosedSegment segment = each.next();
      archives = segment.id() >= needed || isArchived(segment);
      if (segment.id() >= needed || !archives) {
        break;
      }
      if (!giveUp(segment)) {
        break;
      }
      each.remove();
      deleted = true;
    }
    toArchive = archives ? 0 : countBefore(needed);
    if (deleted) {
      try {
        files.syncDirectory(directory);
        spares.addAll(retired);
        noteOldest();
      } catch (IOException e) {
        // A segment that comes back is replayed once more, which changes nothing.
        events.backgroundWorkFailed("syncing " + directory, e);
      }
    }
  }

  private int countBefore(long needed) {
    int count = 0;
    for (ClosedSegment segment : closed) {
      count += segment.id() < needed ? 1 : 0;
    }
    return count;
  }

  /** Archives a segment that is not needed here any more, or plans to try again. */
  private boolean isArchived(ClosedSegment segment) {
    if (archive == null || !segment.begun()) {
      return true;
    }
    try {
      archive.add(segment.path());
      return true;
    } catch (IOException e) {
      events.archiveFailed(segment.path(), e);
      if (!retryPlanned) {
        retryPlanned = true;
        timers.schedule(
            ARCHIVE_RETRY_NANOS,
            () ->
                thread.execute(() -> {
                  retryPlanned = false;
                  deleteUnneeded();
                }));
      }
      return false;
    }
  }

  /**
   * Deletes a segment, or keeps its file for another. One that stays is tried again with the next,
   * and younger ones stay with it: were it replayed after tombstones were purged that delete what
   * it holds, that would come back; and a gap would look like a loss.
   */
  private boolean giveUp(ClosedSegment segment) {
    Path path = segment.path();
    try {
      if (isWorthKeeping(segment)) {
        Path spare = path.resolveSibling(path.getFileName() + CommitLogFormat.STAGED);
        files.rename(path, spare);
        retired.add(spare);
      } else if (files.exists(path)) {
        files.delete(path);
      }
      return true;
    } catch (IOException e) {
      events.backgroundWorkFailed("deleting " + path, e);
      return false;
    }
  }

  /** An archive may share the file's bytes; and all files together keep to the log's size. */
  private boolean isWorthKeeping(ClosedSegment segment) throws IOException {
    Path path = segment.path();
    long kept = (closed.size() + spares.size() + retired.size() + 1L) * options.segmentBytes();
    return archive == null
        && !segment.earlier()
        && kept <= options.commitLogBytes()
        && files.exists(path)
        && files.size(path) == options.segmentBytes();
  }

  private void closeFile(OpenSegment segment) {
    try {
      segment.file.close();
    } catch (IOException e) {
      events.backgroundWorkFailed("closing " + segment.path, e);
    }
  }

  /** Closes what is open; the segments stay for the next start. */
  void end(@Nullable OpenSegment current, Runnable done) {
    thread.execute(() -> {
      if (current != null) {
        closeFile(current);
      }
      OpenSegment unused = prepared.getAndSet(null);
      if (unused != null) {
        closeFile(unused);
      }
      done.run();
    });
  }
}
