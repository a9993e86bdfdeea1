package io.quorate.sstable;

import io.quorate.environment.Shard;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One shard's side of the {@link CommitLog}. Writes are appended to a batch in memory. When the
 * shard has done what arrived together, the batch is handed over in a slot; the log's thread takes
 * it from there when the sync before is done, and until it does, the shard may take it back and
 * fill it further. When all who waited for a batch were told, it comes back to be filled again. So
 * a shard has two batches, one that fills and one that is written, and neither lock nor allocation
 * stands on a write's way.
 *
 * <p>Owned by its shard's thread, except {@link #takeHandedOver}, {@link #giveBack} and {@link
 * #neededSegmentId}, which any thread may call.
 */
final class LogAppender {
  /** Of all shards together, for one round; another round may be on its way to the disk. */
  private static final long MAX_WAITING_BYTES = 32L << 20;

  private final CommitLog log;
  private final Shard shard;
  private final EngineOptions options;
  private final long maxWaitingBytes;
  private final int shardCount;
  private final AtomicReference<@Nullable LogBatch> handedOver = new AtomicReference<>();
  private final AtomicReference<@Nullable LogBatch> spare = new AtomicReference<>();
  private @Nullable LogBatch filling;
  private boolean handOverPlanned;
  private boolean periodPlanned;
  private volatile long neededSegmentId = Long.MAX_VALUE;

  LogAppender(CommitLog log, Shard shard, int shardCount, EngineOptions options) {
    this.log = log;
    this.shard = shard;
    this.shardCount = shardCount;
    this.options = options;
    this.maxWaitingBytes = MAX_WAITING_BYTES / shardCount;
  }

  /** What is appended from now on stands in this segment or a later one. */
  long currentSegmentId() {
    return log.currentSegmentId();
  }

  /** Segments before this one are gone for good. */
  long oldestSegmentId() {
    return log.oldestSegmentId();
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
    LogBatch batch = filling();
    int waitingBytes = batch.bytes.length;
    if (waitingBytes > 0 && waitingBytes + size > maxWaitingBytes) {
      planHandOver();
      return new ApplyOutcome.Overloaded("the commit log is behind by " + waitingBytes + " bytes");
    }
    batch.add(generation, mutation.bytes());
    return null;
  }

  /**
   * Answers once everything appended so far is as durable as the mode promises.
   *
   * @param waiting the shard on which the callback is told
   */
  void whenDurable(SyncMode mode, Shard waiting, ApplyCallback callback) {
    switch (mode) {
      case GROUP -> {
        filling().await(waiting, callback);
        planHandOver();
      }
      case BATCH -> {
        filling().await(waiting, callback);
        handOver();
      }
      case PERIODIC -> {
        planHandOver();
        planPeriod();
        ApplyCallback.tell(waiting, callback, ApplyOutcome.APPLIED);
      }
    }
  }

  private LogBatch filling() {
    LogBatch batch = filling;
    if (batch == null) {
      batch = handedOver.getAndSet(null);
    }
    if (batch == null) {
      batch = spare.getAndSet(null);
    }
    if (batch == null) {
      batch = new LogBatch(this, shardCount);
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
    LogBatch batch = filling;
    if (batch != null) {
      int awaited = batch.newlyAwaited();
      handedOver.set(batch);
      filling = null;
      log.handedOver(shard, awaited);
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
    batch.await(shard, outcome -> done.run());
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

  /** A batch is empty again. On any thread. */
  void giveBack(LogBatch batch) {
    spare.set(batch);
  }
}
