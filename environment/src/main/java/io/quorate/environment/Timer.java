package io.quorate.environment;

/** A task that waits for its time on a {@link Shard}. */
public interface Timer {

  /**
   * Prevents the task from running, if it has not begun. Idempotent. Call it on the timer's shard.
   */
  void cancel();
}
