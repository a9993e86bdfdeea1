package io.quorate.sstable;

import io.quorate.environment.Clock;
import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.environment.Invariant;
import io.quorate.environment.Shard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One shard's commit log. A write is appended to a batch in memory; the log's own thread writes and
 * syncs one batch at a time while the next one fills; when it is done, a single task on the shard
 * answers every write of the batch. Under load a sync serves hundreds of writes, and a lone write
 * waits for nobody.
 *
 * <p>When a sync fails, what the disk holds is not known any more, and a later sync that succeeds
 * proves nothing (Rebello et al.: Can Applications Recover from fsync Failures?, 2020). So the log
 * is poisoned for good: nothing is acknowledged until a new start has replayed what is there. When
 * space runs out, writes are refused for a moment and tried again in a new segment.
 *
 * <p>Owned by its shard's thread, except {@link OpenSegment#file}, which belongs to the log's
 * thread.
 */
final class CommitLog {
  private static final int MAX_WAITING_BYTES = 64 << 20;
  private static final long REFUSAL_NANOS = 250_000_000L;

  private final Shard shard;
  private final int log;
  private final Path directory;
  private final EngineOptions options;
  private final StorageEvents events;
  private final FileSystem files;
  private final Clock clock;
  private final Executor thread;

  private Batch filling = new Batch();
  private Batch spare = new Batch();
  private boolean writing;
  private boolean startPlanned;
  private OpenSegment current;
  private OpenSegment next;
  private final ArrayDeque<OpenSegment> closed = new ArrayDeque<>();
  private long lastSyncNanos;
  private boolean unsynced;
  private boolean periodPlanned;
  private boolean syncForced;

  /** Every batch up to this segment is written: those before it are not written to any more. */
  private long writtenThroughSegmentId;

  private @Nullable String poisoned;
  private @Nullable String refusal;
  private long refusedUntilNanos;
  private final List<Runnable> whenIdle = new ArrayList<>();

  /** A segment that is being, or will be, written. Its file belongs to the log's thread. */
  private static final class OpenSegment {
    final long id;
    final Path path;
    int usedBytes = CommitLogFormat.HEADER_BYTES;
    @Nullable StoredFile file;
    boolean failureReported;

    OpenSegment(Path directory, int log, long id) {
      this.id = id;
      this.path = directory.resolve(CommitLogFormat.fileName(log, id));
    }
  }

  /** Consecutive bytes of a batch that go to one segment. */
  private record Piece(OpenSegment segment, int position, int from, int to, boolean closes) {}

  /** What is written with one sync, and who waits for it. */
  private static final class Batch {
    final ByteWriter bytes = new ByteWriter(64 << 10);
    final List<Piece> pieces = new ArrayList<>();
    final List<ApplyCallback> waiting = new ArrayList<>();
    int pieceStart;
    int piecePosition;

    void clear() {
      if (bytes.bytes.length > 4 << 20) {
        bytes.bytes = new byte[64 << 10];
      }
      bytes.clear();
      pieces.clear();
      waiting.clear();
      pieceStart = 0;
    }
  }

  /** How writing a batch ended. */
  private sealed interface Written {
    record Synced() implements Written {}

    record Unsynced() implements Written {}

    record Refused(String reason) implements Written {}

    record Poisoned(String reason) implements Written {}
  }

  CommitLog(
      Environment environment,
      Shard shard,
      Path directory,
      long firstSegmentId,
      EngineOptions options,
      StorageEvents events) {
    this.shard = shard;
    this.log = shard.index();
    this.directory = directory;
    this.options = options;
    this.events = events;
    this.files = environment.files();
    this.clock = environment.clock();
    this.thread = environment.background().serial("commitlog-" + log);
    this.current = new OpenSegment(directory, log, firstSegmentId);
    this.next = new OpenSegment(directory, log, firstSegmentId + 1);
    filling.piecePosition = current.usedBytes;
  }

  long currentSegmentId() {
    return current.id;
  }

  /** Everything appended so far lies before this place, everything later behind it. */
  LogPosition position() {
    return new LogPosition(log, current.id, current.usedBytes);
  }

  /** Bytes of log that are kept for updates which are in memtables only. */
  long keptBytes() {
    return (long) closed.size() * options.segmentBytes() + current.usedBytes;
  }

  /** Appends a mutation; null when it was taken, otherwise why not. */
  @Nullable ApplyOutcome append(Mutation mutation) {
    if (poisoned != null) {
      return new ApplyOutcome.Unavailable(poisoned);
    }
    if (refusal != null) {
      if (clock.nanos() - refusedUntilNanos < 0) {
        return new ApplyOutcome.Unavailable(refusal);
      }
      refusal = null;
    }
    if (mutation.sizeBytes() > options.maxMutationBytes()) {
      return new ApplyOutcome.TooLarge(mutation.sizeBytes(), options.maxMutationBytes());
    }
    if (filling.bytes.length + mutation.sizeBytes() > MAX_WAITING_BYTES) {
      return new ApplyOutcome.Overloaded("the commit log is behind by " + MAX_WAITING_BYTES);
    }
    int size = CommitLogFormat.RECORD_HEAD_BYTES + mutation.sizeBytes();
    if (current.usedBytes + size + CommitLogFormat.RECORD_HEAD_BYTES > options.segmentBytes()) {
      roll();
    }
    CommitLogFormat.writeRecord(filling.bytes, current.id, current.usedBytes, mutation.bytes());
    current.usedBytes += size;
    return null;
  }

  /** Answers once everything appended so far is as durable as the mode promises. */
  void whenDurable(ApplyCallback callback) {
    if (options.syncMode() == SyncMode.PERIODIC) {
      planStart();
      callback.applied(ApplyOutcome.APPLIED);
      return;
    }
    filling.waiting.add(callback);
    planStart();
  }

  private void roll() {
    CommitLogFormat.writeEnd(filling.bytes, current.id, current.usedBytes);
    current.usedBytes += CommitLogFormat.RECORD_HEAD_BYTES;
    endPiece(true);
    closed.add(current);
    current = next;
    next = new OpenSegment(directory, log, current.id + 1);
    filling.piecePosition = current.usedBytes;
  }

  private void endPiece(boolean closes) {
    int end = filling.bytes.length;
    if (end > filling.pieceStart) {
      filling.pieces.add(
          new Piece(current, filling.piecePosition, filling.pieceStart, end, closes));
    }
    filling.pieceStart = end;
  }

  private void planStart() {
    if (writing || startPlanned) {
      return;
    }
    if (options.syncMode() == SyncMode.BATCH) {
      start();
    } else {
      startPlanned = true;
      shard.afterCurrentBatch(() -> {
        startPlanned = false;
        start();
      });
    }
  }

  private void start() {
    if (writing || (filling.bytes.length == 0 && filling.waiting.isEmpty() && !syncIsDue())) {
      return;
    }
    endPiece(false);
    Batch batch = filling;
    filling = spare;
    filling.piecePosition = current.usedBytes;
    writing = true;
    OpenSegment writtenSegment = current;
    OpenSegment prepared = current.usedBytes > options.segmentBytes() / 2 ? next : null;
    boolean sync = options.syncMode() != SyncMode.PERIODIC || syncForced || syncIsDue();
    syncForced = false;
    thread.execute(() -> {
      Written result = write(batch, writtenSegment, sync);
      shard.execute(() -> written(batch, writtenSegment, result));
      if (prepared != null && result instanceof Written.Synced) {
        prepare(prepared);
      }
    });
  }

  private boolean syncIsDue() {
    return unsynced && clock.nanos() - lastSyncNanos >= options.syncPeriodMillis() * 1_000_000L;
  }

  /** On the log's thread. */
  private Written write(Batch batch, OpenSegment last, boolean sync) {
    OpenSegment syncing = last;
    try {
      for (Piece piece : batch.pieces) {
        StoredFile file = opened(piece.segment);
        file.write(
            ByteBuffer.wrap(batch.bytes.bytes, piece.from, piece.to - piece.from), piece.position);
        if (piece.closes) {
          syncing = piece.segment;
          Written failed = sync(piece.segment);
          if (failed != null) {
            return failed;
          }
          closeFile(piece.segment);
        }
      }
    } catch (IOException e) {
      Written failed = sync(syncing);
      return failed != null ? failed : new Written.Refused(String.valueOf(e.getMessage()));
    }
    if (!sync) {
      return new Written.Unsynced();
    }
    Written failed = sync(last);
    return failed != null ? failed : new Written.Synced();
  }

  private static @Nullable Written sync(OpenSegment segment) {
    if (segment.file == null) {
      return null;
    }
    try {
      segment.file.sync();
      return null;
    } catch (IOException e) {
      return new Written.Poisoned("syncing " + segment.path + " failed: " + e.getMessage());
    }
  }

  private static void closeFile(OpenSegment segment) throws IOException {
    if (segment.file != null) {
      segment.file.close();
      segment.file = null;
    }
  }

  private void prepare(OpenSegment segment) {
    try {
      opened(segment);
    } catch (IOException e) {
      // It will be tried again when the segment is needed, and writes refused then.
      if (!segment.failureReported) {
        segment.failureReported = true;
        events.backgroundWorkFailed("preparing " + segment.path, e);
      }
    }
  }

  /** Creates a segment's file, with its space reserved, so that a write needs no allocation. */
  private StoredFile opened(OpenSegment segment) throws IOException {
    if (segment.file != null) {
      return segment.file;
    }
    long usable = files.usableBytes(directory);
    if (usable < options.segmentBytes() + options.reservedDiskBytes()) {
      throw new IOException("the disk is full: " + usable + " bytes are left");
    }
    if (files.exists(segment.path)) {
      files.delete(segment.path);
    }
    StoredFile file = files.open(segment.path, FileSystem.Mode.CREATE);
    try {
      file.preallocate(options.segmentBytes());
      file.write(ByteBuffer.wrap(CommitLogFormat.header(log, segment.id)), 0);
      file.sync();
      files.syncDirectory(directory);
    } catch (IOException e) {
      file.close();
      files.delete(segment.path);
      throw e;
    }
    segment.file = file;
    return file;
  }

  /** Back on the shard. */
  private void written(Batch batch, OpenSegment last, Written result) {
    Invariant.check(writing, "one batch is written at a time");
    writing = false;
    writtenThroughSegmentId = last.id;
    List<ApplyCallback> waiting = List.copyOf(batch.waiting);
    batch.clear();
    spare = batch;
    ApplyOutcome outcome = ApplyOutcome.APPLIED;
    switch (result) {
      case Written.Synced synced -> {
        unsynced = false;
        lastSyncNanos = clock.nanos();
      }
      case Written.Unsynced notYet -> {
        unsynced = true;
        planPeriod();
      }
      case Written.Refused refused -> {
        outcome = new ApplyOutcome.Unavailable(refused.reason());
        refuse(refused.reason());
      }
      case Written.Poisoned failed -> {
        outcome = new ApplyOutcome.Unavailable(failed.reason());
        poison(failed.reason());
      }
    }
    for (ApplyCallback callback : waiting) {
      callback.applied(outcome);
    }
    start();
    if (!writing && !whenIdle.isEmpty()) {
      List<Runnable> idle = List.copyOf(whenIdle);
      whenIdle.clear();
      idle.forEach(Runnable::run);
    }
  }

  private void planPeriod() {
    if (!periodPlanned) {
      periodPlanned = true;
      shard.schedule(
          options.syncPeriodMillis() * 1_000_000L,
          () -> {
            periodPlanned = false;
            start();
          });
    }
  }

  /** What waits is refused too; then a new segment begins, since this one's end is not known. */
  private void refuse(String reason) {
    refusal = reason;
    refusedUntilNanos = clock.nanos() + REFUSAL_NANOS;
    events.writesRefused(reason);
    refuseFilling(reason);
    closed.add(current);
    closed.add(next);
    current = new OpenSegment(directory, log, next.id + 1);
    next = new OpenSegment(directory, log, current.id + 1);
    filling.piecePosition = current.usedBytes;
  }

  private void poison(String reason) {
    poisoned = reason;
    events.commitLogPoisoned(reason);
    refuseFilling(reason);
  }

  private void refuseFilling(String reason) {
    List<ApplyCallback> refused = List.copyOf(filling.waiting);
    filling.clear();
    refused.forEach(callback -> callback.applied(new ApplyOutcome.Unavailable(reason)));
  }

  /** No update in a segment before this one is needed any more: deletes those. */
  void releaseBefore(long segmentId) {
    long unneeded = Math.min(segmentId, writtenThroughSegmentId);
    while (!closed.isEmpty() && closed.getFirst().id < unneeded) {
      OpenSegment segment = closed.removeFirst();
      thread.execute(() -> delete(segment));
    }
  }

  private void delete(OpenSegment segment) {
    try {
      closeFile(segment);
      if (files.exists(segment.path)) {
        files.delete(segment.path);
      }
    } catch (IOException e) {
      events.backgroundWorkFailed("deleting " + segment.path, e);
    }
  }

  /** Runs a task on the shard once everything appended is written and synced, or was refused. */
  void drain(Runnable done) {
    syncForced = true;
    whenIdle.add(done);
    filling.waiting.add(outcome -> {});
    if (!writing) {
      start();
    }
  }

  /** Closes the files, on the log's thread. Nothing is appended afterwards. */
  void close(Runnable closedAll) {
    poisoned = "the storage engine is closed";
    OpenSegment last = current;
    OpenSegment prepared = next;
    thread.execute(() -> {
      try {
        closeFile(last);
        closeFile(prepared);
      } catch (IOException e) {
        events.backgroundWorkFailed("closing the commit log", e);
      }
      closedAll.run();
    });
  }
}
