package io.quorate.coordinator;

import org.jspecify.annotations.Nullable;

/**
 * The repairs that one answer waits for. It goes on once, when all of them have ended: also when a
 * replica refuses at once, while those of others are still being sent.
 *
 * <p>Belongs to the shard that asked.
 *
 * @param <R> who is repaired
 */
final class Repairs<R> {

  /** What waits. */
  interface Waiting<R> {
    /**
     * @param refusing one that has not taken its repair; null when all have
     * @param why it did not
     */
    void repaired(@Nullable R refusing, String why);
  }

  private final Waiting<R> waiting;

  /** Repairs that have not ended, and one more as long as some are still to be sent. */
  private int open = 1;

  private @Nullable R refusing;
  private String reason = "";

  Repairs(Waiting<R> waiting) {
    this.waiting = waiting;
  }

  /** Takes what a replica says to its repair, which is about to be sent. */
  LocalAnswer<@Nullable Void> of(R replica) {
    open++;
    return new LocalAnswer<>() {
      @Override
      public void done(@Nullable Void nothing) {
        ended();
      }

      @Override
      public void refused(String why) {
        refusing = replica;
        reason = why;
        ended();
      }
    };
  }

  /** No more will be sent. */
  void allSent() {
    ended();
  }

  private void ended() {
    if (--open == 0) {
      waiting.repaired(refusing, reason);
    }
  }
}
