package io.quorate.node;

import io.quorate.coordinator.BatchLog;
import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.RingCoordinator;
import io.quorate.environment.Clock;
import io.quorate.environment.Shard;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Brings the logged batches whose coordinator did not live to finish them to their end. */
final class LoggedBatches {
  private final BatchLog batchLog;
  private final Shard shard;
  private final BatchLog.MutationWriter writer;

  /**
   * @param shard on which batches are replayed
   */
  LoggedBatches(
      BatchLog batchLog,
      Shard shard,
      RingCoordinator coordinator,
      Clock clock,
      long writeTimeoutMillis) {
    this.batchLog = batchLog;
    this.shard = shard;
    this.writer =
        (byte[] mutation, long epoch, Answer<@Nullable Void> answer) ->
            coordinator.replay(
                mutation,
                epoch,
                clock.nanos() + TimeUnit.MILLISECONDS.toNanos(writeTimeoutMillis),
                answer);
  }

  /** Looks for such batches from now on. */
  void start() {
    batchLog.startReplay(shard, writer);
  }

  /** Finishes all that there are, whatever their age, or as many as can be until the deadline. */
  void finish(long deadlineNanos, Runnable done) {
    batchLog.finish(shard, writer, deadlineNanos, done);
  }
}
