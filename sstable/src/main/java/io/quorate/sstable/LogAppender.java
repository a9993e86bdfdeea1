package io.quorate.sstable;

import io.quorate.environment.Shard;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One shard's side of the {@link CommitLog}. Writes are appended to a batch in memory. When the
 * shard has done what arrived together, the batch is handed over in a slot; the log's thread takes
 * it from there when the sync before is done, and until it does, the shard may take it back and
 * fill it further. So a shard has two batches, one that fills and one that is written, and neither
 * lock nor allocation stands on a write's way.
 *
 * <p>Owned by its shard's thread, except {@link #takeHandedOver}, {@link #answer} and {@link
 * #neededSegmentId}, which the log's threads call.
 */
final class LogAppender {
  private static final long MAX_WAITING_BYTES = 64L << 20;

  private final CommitLog log;
  private final Shard shard;
  private final EngineOptions options;
  private final long maxWaitingBytes;
  private final AtomicReference<@Nullable LogBatch> handedOver = new AtomicReference<>();
  private final ArrayDeque<LogBatch> spare = new ArrayDeque<>();
  private @Nullable LogBatch filling;
  private long waitingBytes;
  private boolean handOverPlanned;
  private boolean periodPlanned;
  private volatile long neededSegmentId = Long.MAX_VALUE;

  LogAppender(CommitLog log, Shard shard, EngineOptions options, int shardCount) {
    this.log = log;
    this.shard = shard;
    this.options = options;
    this.maxWaitingBytes = MAX_WAITING_BYTES / shardCount;
  }

  /** What is appended from now on stands in this segment or a later one. */
  long currentSegmentId() {
    return log.currentSegmentId();
  }

  /** Appends a mutation of a table's generation; null when it was taken, otherwise why not. */
  @Nullable ApplyOutcome append(int generation, Mutation mutation) {
    CommitLog.Refusal refusal = log.refusal();
    if (refusal != null) {
      return new ApplyOutcome.Unavailable(refusal.reason());
    }
    int size = mutation.sizeBytes();
    if (size > options.maxMutationBytes()) {
      return new ApplyOutcome.TooLarge(size, options.maxMutationBytes());
    }
    if (waitingBytes > 0 && waitingBytes + size > maxWaitingBytes) {
      return new ApplyOutcome.Overloaded("the commit log is behind by " + waitingBytes + " bytes");
    }
    LogBatch batch = filling();
    int before = batch.bytes.length;
    batch.add(generation, mutation.bytes());
    waitingBytes += batch.bytes.length - before;
    return null;
  }

  /** Answers once everything appended so far is as durable as the mode promises. */
  void whenDurable(SyncMode mode, ApplyCallback callback) {
    switch (mode) {
      case GROUP -> {
        filling().waiting.add(callback);
        planHandOver();
      }
      case BATCH -> {
        filling().waiting.add(callback);
        handOver();
      }
      case PERIODIC -> {
        planHandOver();
        planPeriod();
        callback.applied(ApplyOutcome.APPLIED);
      }
    }
  }

  private LogBatch filling() {
    LogBatch batch = filling;
    if (batch == null) {
      batch = handedOver.getAndSet(null);
    }
    if (batch == null) {
      batch = spare.poll();
    }
    if (batch == null) {
      batch = new LogBatch();
    }
    filling = batch;
    return batch;
  }

  private void planHandOver() {
    if (!handOverPlanned) {
      handOverPlanned = true;
      shard.afterCurrentBatch(() -> {
        handOverPlanned = false;
        handOver();
      });
    }
  }

  private void handOver() {
    if (filling != null) {
      handedOver.set(filling);
      filling = null;
      log.wake();
    }
  }

  private void planPeriod() {
    if (!periodPlanned) {
      periodPlanned = true;
      shard.schedule(
          options.syncPeriodMillis() * 1_000_000L,
          () -> {
            periodPlanned = false;
            filling().syncForced = true;
            handOver();
          });
    }
  }

  /** Runs a task on the shard once everything appended is written and synced, or was refused. */
  void drain(Runnable done) {
    LogBatch batch = filling();
    batch.syncForced = true;
    batch.waiting.add(outcome -> done.run());
    handOver();
  }

  /** Which segments this shard's memtables need: those from here on. Called on the shard. */
  void need(long firstSegmentId) {
    if (firstSegmentId != neededSegmentId) {
      neededSegmentId = firstSegmentId;
    }
  }

  /** Memtables need no segment before this one. */
  long neededSegmentId() {
    return neededSegmentId;
  }

  /** The batch that waits to be written, or null. On the log's thread. */
  @Nullable LogBatch takeHandedOver() {
    // Looked at first, since a slot that is empty is the usual case and costs no exchange.
    return handedOver.get() == null ? null : handedOver.getAndSet(null);
  }

  boolean hasHandedOver() {
    return handedOver.get() != null;
  }

  /** Tells a batch's outcome to those who wait. On the log's thread. */
  void answer(LogBatch batch, ApplyOutcome outcome) {
    shard.execute(() -> written(batch, outcome));
  }

  private void written(LogBatch batch, ApplyOutcome outcome) {
    waitingBytes -= batch.bytes.length;
    for (ApplyCallback callback : batch.waiting) {
      callback.applied(outcome);
    }
    batch.clear();
    spare.add(batch);
    log.heard();
  }
}
