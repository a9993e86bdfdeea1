package io.quorate.environment;

import java.util.concurrent.Executor;

/**
 * One event loop: a thread, the slice of the token range it owns, and timers. Tasks run one at a
 * time, in the order in which they were submitted by any one thread. A task must never block.
 */
public interface Shard extends Executor {

  /** Position among the node's shards, from 0. */
  int index();

  /** Whether the calling thread is this shard. */
  boolean isCurrent();

  /** Runs {@code task} on this shard after {@code delayNanos}. May be called from any thread. */
  Timer schedule(long delayNanos, Runnable task);

  /**
   * Runs {@code task} on this shard once what it is doing now is done: input that has already
   * arrived is handled first. Called on the shard itself; the place to flush what several requests
   * produced. It may run behind tasks that were submitted later.
   */
  void afterCurrentBatch(Runnable task);
}
