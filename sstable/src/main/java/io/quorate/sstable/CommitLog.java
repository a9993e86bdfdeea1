package io.quorate.sstable;

import io.quorate.environment.Clock;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import io.quorate.sstable.CommitLogSegments.OpenSegment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The node's commit log, shared by its shards. Each shard fills a batch of its own ({@link
 * LogAppender}); the log's thread takes the batches of all shards, writes them one behind the
 * other, syncs once, and tells each shard once on which somebody waits, whichever shard wrote for
 * them. Meanwhile the next batches fill. The next round begins when those shards have heard of this
 * one, so that whoever was answered may share it. After a busy round writes gather: as many as were
 * answered are expected again, beside those that came during the sync, and the first of them waits
 * a moment for the others. Clients that each wait for their answer so come together in one round,
 * not in two that take turns; a sync serves hundreds of writes under load, and a lone write waits
 * for nobody.
 *
 * <p>When a sync fails, what the disk holds is not known any more, and a later sync that succeeds
 * proves nothing (Rebello et al.: Can Applications Recover from fsync Failures?, 2020). So the log
 * is poisoned for good: nothing is acknowledged until a new start has replayed what is there. When
 * a write fails otherwise, for lack of space above all, writes are refused until a new segment can
 * be made, which is tried again and again.
 *
 * <p>{@link #wake}, {@link #refusal} and {@link #currentSegmentId} are safe for concurrent use;
 * everything else belongs to the log's thread.
 */
final class CommitLog {
  private static final long RETRY_NANOS = 250_000_000L;

  /** A refusal that lasts, or comes and goes, is reported this often. */
  private static final long SAY_AGAIN_NANOS = 60_000_000_000L;

  /** A round for which so many wait is busy, and the next lets more come together. */
  private static final int BUSY_WRITES = 16;

  /** So long, at most, does the first write wait for others. */
  private static final long GATHER_NANOS = 200_000;

  /** Who was answered so long ago, and has not come again, is not expected any more. */
  private static final long EXPECTED_NANOS = 2_000_000;

  private final Clock clock;
  private final EngineOptions options;
  private final StorageEvents events;
  private final Executor thread;
  private final Shard timers;
  private final CommitLogSegments segments;
  private final Shards shards;
  private final List<LogAppender> appenders = new ArrayList<>();

  /** No task of this log is queued or runs: whoever hands over next queues one. */
  private final AtomicBoolean asleep = new AtomicBoolean(true);

  /** Shards that have not yet been told of the last round. */
  private final AtomicInteger unheard = new AtomicInteger();

  /** Number of the round after which writes gather, 0 when they do not. */
  private final AtomicLong gatheringAfter = new AtomicLong();

  /** Writes that somebody waits for, handed over and in no round yet. */
  private final AtomicInteger arrived = new AtomicInteger();

  /** When so many have arrived, they have gathered. */
  private volatile int expected;

  private volatile long expectedSinceNanos;

  /** The last round after which the first write had the end of gathering planned. */
  private final AtomicLong endPlannedAfter = new AtomicLong();

  private long rounds;

  private volatile @Nullable Refusal refusal;
  private volatile long currentSegmentId;

  private final SegmentWriter writer;
  private long nextSegmentId;
  private boolean prepareAsked;

  /** When the segment was begun that is written to. */
  private long begunAtNanos;

  /** When a refusal was reported last, 0 for never, and whether its end was. */
  private long saidAtNanos;

  private boolean isOverSaid;

  /** Why writes are refused: until the next start, or until a segment can be made again. */
  record Refusal(String reason, boolean forGood) {}

  /**
   * Where the log's segments are, and what there is of them.
   *
   * @param archive where they go when nobody needs them, if they go anywhere
   * @param firstSegmentId no earlier segment has this number or a greater one, of the archive
   *     neither
   */
  record Beginning(
      Path directory,
      @Nullable CommitLogArchive archive,
      long firstSegmentId,
      EarlierSegments earlier) {}

  /**
   * @param tooLong told, on a background thread, the segment before which memtables are to be
   *     flushed, so that the log can be cut
   */
  CommitLog(
      Environment environment,
      Beginning beginning,
      EngineOptions options,
      StorageEvents events,
      LongConsumer tooLong) {
    this.clock = environment.clock();
    this.options = options;
    this.events = events;
    this.thread = environment.background().serial("commitlog");
    this.timers = environment.shards().get(0);
    this.segments = new CommitLogSegments(environment, beginning, options, events);
    this.writer =
        new SegmentWriter(environment.files(), options.segmentBytes(), beginning.earlier());
    this.nextSegmentId = beginning.firstSegmentId();
    this.currentSegmentId = beginning.firstSegmentId();
    this.shards = environment.shards();
    for (Shard shard : shards.all()) {
      appenders.add(new LogAppender(this, shard, shards.count(), options));
    }
    segments.begin(appenders, tooLong);
  }

  LogAppender appender(int shardIndex) {
    return appenders.get(shardIndex);
  }

  CommitLogSegments segments() {
    return segments;
  }

  /** What is handed over from now on is written to this segment or a later one. */
  long currentSegmentId() {
    return currentSegmentId;
  }

  /** Segments before this one are gone for good. Safe for concurrent use. */
  long oldestSegmentId() {
    return segments.oldestId();
  }

  /** Why writes are refused; null when they are not. */
  @Nullable Refusal refusal() {
    return refusal;
  }

  /**
   * A shard handed its batch over, in which so many wait that were not told of before. On that
   * shard.
   */
  void handedOver(Shard shard, int writes) {
    int all = arrived.addAndGet(writes);
    long round = gatheringAfter.get();
    if (round == 0) {
      wake();
    } else if (all >= expected || clock.nanos() - expectedSinceNanos > EXPECTED_NANOS) {
      endGathering(round);
    } else {
      planEndOfGathering(shard, round);
    }
  }

  private void planEndOfGathering(Shard shard, long round) {
    if (endPlannedAfter.getAndSet(round) != round) {
      shard.schedule(GATHER_NANOS, () -> endGathering(round));
    }
  }

  private void endGathering(long round) {
    if (gatheringAfter.compareAndSet(round, 0)) {
      wakeForWhatWasHandedOver();
    }
  }

  private void wake() {
    // While shards have not heard of the last round, more may come that shares the next.
    if (unheard.get() == 0
        && gatheringAfter.get() == 0
        && asleep.get()
        && asleep.compareAndSet(true, false)) {
      thread.execute(this::run);
    }
  }

  private void wakeForWhatWasHandedOver() {
    if (isAnyHandedOver()) {
      wake();
    }
  }

  private boolean isAnyHandedOver() {
    for (LogAppender appender : appenders) {
      if (appender.hasHandedOver()) {
        return true;
      }
    }
    return false;
  }

  private void run() {
    List<LogBatch> round = new ArrayList<>(appenders.size());
    for (LogAppender appender : appenders) {
      LogBatch batch = appender.takeHandedOver();
      if (batch != null) {
        round.add(batch);
      }
    }
    if (!round.isEmpty()) {
      tell(round, write(round));
      prepareNext();
    }
    asleep.set(true);
    wakeForWhatWasHandedOver();
  }

  private void tell(List<LogBatch> round, ApplyOutcome outcome) {
    List<Shard> waiting = new ArrayList<>(appenders.size());
    int writes = 0;
    for (Shard shard : shards.all()) {
      int before = writes;
      for (LogBatch batch : round) {
        writes += batch.waitingOn(shard);
      }
      if (writes > before) {
        waiting.add(shard);
      }
    }
    if (waiting.isEmpty()) {
      round.forEach(LogBatch::giveBack);
      return;
    }
    arrived.addAndGet(-writes);
    // Added: a wake-up that passed this one by may have begun a round before all had heard.
    unheard.addAndGet(waiting.size());
    long number = ++rounds;
    boolean busy = writes >= BUSY_WRITES;
    if (busy) {
      expected = arrived.get() + writes;
      expectedSinceNanos = clock.nanos();
      gatheringAfter.set(number);
    }
    for (Shard shard : waiting) {
      shard.execute(() -> {
        round.forEach(batch -> batch.tell(shard, outcome));
        heard(round);
        if (busy && isAnyHandedOver()) {
          planEndOfGathering(shard, number);
        }
      });
    }
  }

  /** A shard has answered those who waited on it for the last round. */
  private void heard(List<LogBatch> round) {
    if (unheard.decrementAndGet() == 0) {
      round.forEach(LogBatch::giveBack);
      wakeForWhatWasHandedOver();
    }
  }

  private ApplyOutcome write(List<LogBatch> round) {
    Refusal before = refusal;
    if (before != null) {
      return new ApplyOutcome.Unavailable(before.reason());
    }
    try {
      if (writer.segment() != null && isOld()) {
        writer.sync();
        leave();
      }
      boolean sync = false;
      for (LogBatch batch : round) {
        sync |= batch.needsSync();
        writeBatch(batch);
      }
      writer.endRound();
      if (sync) {
        writer.sync();
      }
      return ApplyOutcome.APPLIED;
    } catch (IOException e) {
      return failed(e);
    }
  }

  private void writeBatch(LogBatch batch) throws IOException {
    byte[] bytes = batch.bytes.bytes;
    int at = 0;
    while (at < batch.bytes.length) {
      int length = ByteReader.intAt(bytes, at);
      makeRoom(CommitLogFormat.RECORD_HEAD_BYTES + length);
      writer.head(length, ByteReader.intAt(bytes, at + 4));
      at += LogBatch.HEAD_BYTES;
      writer.put(bytes, at, length);
      at += length;
    }
  }

  /** Goes on to the next segment when a record of so many bytes does not fit any more. */
  private void makeRoom(int bytes) throws IOException {
    if (writer.segment() != null && !writer.hasRoom(bytes)) {
      writer.endRound();
      writer.sync();
      leave();
    }
    if (writer.segment() == null) {
      beginNext();
    }
  }

  /** Few writes must not keep what was flushed in the log for days. */
  private boolean isOld() {
    return clock.nanos() - begunAtNanos > options.memtableMaxAgeMillis() * 1_000_000L;
  }

  private void beginNext() throws IOException {
    begunAtNanos = clock.nanos();
    OpenSegment next = openNext();
    writer.begin(next);
    currentSegmentId = next.id;
  }

  private OpenSegment openNext() throws IOException {
    prepareAsked = false;
    OpenSegment prepared = segments.takePrepared();
    if (prepared != null && prepared.id > currentSegmentId) {
      return prepared;
    }
    if (prepared != null) {
      // It came too late, when a later one was in use: numbers only grow.
      segments.close(prepared);
    }
    return segments.create(nextSegmentId++);
  }

  private void prepareNext() {
    if (!prepareAsked
        && writer.segment() != null
        && writer.usedBytes() > options.segmentBytes() / 2) {
      prepareAsked = true;
      segments.prepare(nextSegmentId++);
    }
  }

  private void leave() {
    OpenSegment left = writer.leave();
    if (left != null) {
      segments.close(left);
    }
  }

  /**
   * What was taken for this round is refused. After a failed write a new segment begins, since this
   * one's end is not known; but what it holds already must be certain.
   */
  private ApplyOutcome failed(IOException failure) {
    IOException reason = failure;
    if (!(failure instanceof SegmentWriter.SyncFailure)) {
      try {
        writer.sync();
      } catch (SegmentWriter.SyncFailure e) {
        reason = e;
      }
    }
    String message = String.valueOf(reason.getMessage());
    if (reason instanceof SegmentWriter.SyncFailure) {
      refusal = new Refusal(message, true);
      events.commitLogPoisoned(message);
    } else {
      leave();
      refuse(message);
    }
    return new ApplyOutcome.Unavailable(message);
  }

  private void refuse(String reason) {
    refusal = new Refusal(reason, false);
    if (saidAtNanos == 0 || clock.nanos() - saidAtNanos > SAY_AGAIN_NANOS) {
      saidAtNanos = clock.nanos();
      isOverSaid = false;
      events.writesRefused(reason);
    }
    timers.schedule(RETRY_NANOS, () -> thread.execute(this::tryAgain));
  }

  /** Takes writes again when a segment can be made; nobody need write to find out. */
  private void tryAgain() {
    Refusal now = refusal;
    if (now == null || now.forGood) {
      return;
    }
    try {
      beginNext();
      refusal = null;
      if (!isOverSaid) {
        isOverSaid = true;
        events.writesAccepted();
      }
    } catch (IOException e) {
      refuse(String.valueOf(e.getMessage()));
    }
  }

  /**
   * A shard needs less than before. A segment of which nobody needs anything is left though it has
   * room: what it holds stands in SSTables, and would keep tombstones from being purged. Called on
   * any thread.
   */
  void release() {
    thread.execute(this::leaveUnneeded);
    segments.release();
  }

  private void leaveUnneeded() {
    OpenSegment segment = writer.segment();
    if (segment == null || refusal != null) {
      return;
    }
    for (LogAppender appender : appenders) {
      if (appender.neededSegmentId() <= segment.id) {
        return;
      }
    }
    try {
      writer.sync();
      leave();
      segments.release();
    } catch (IOException e) {
      failed(e);
    }
  }

  /** Closes the files. Nothing is written afterwards. */
  void close(Runnable closedAll) {
    thread.execute(() -> {
      refusal = new Refusal("the storage engine is closed", true);
      segments.end(writer.leave(), closedAll);
    });
  }
}
