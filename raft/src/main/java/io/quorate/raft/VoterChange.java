package io.quorate.raft;

import io.quorate.raft.ConfigurationOutcome.Reason;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The exchange of voters that was begun at this member, and who waits for its end. The core has one
 * at a time. Owned by its member's shard.
 */
final class VoterChange {
  private record Pending(
      long term, Configuration to, long deadlineNanos, Consumer<ConfigurationOutcome> callback) {}

  private @Nullable Pending pending;

  /**
   * Begins a change, or refuses it.
   *
   * @return whether it was begun
   */
  boolean begin(
      RaftCore running,
      Set<PeerId> voters,
      long nowNanos,
      long deadlineNanos,
      Consumer<ConfigurationOutcome> callback) {
    answer(running, nowNanos); // the one before may just be over
    Reason refused = pending == null ? running.changeVoters(voters) : Reason.UNDER_WAY;
    if (refused != null) {
      callback.accept(new ConfigurationOutcome.Refused(refused));
      return false;
    }
    pending = new Pending(running.term(), Configuration.of(voters), deadlineNanos, callback);
    return true;
  }

  /** Answers a change that is over, or of which this member will not hear. */
  void answer(RaftCore running, long nowNanos) {
    Pending asked = pending;
    if (asked == null) {
      return;
    }
    boolean isDone =
        running.configuration().equals(asked.to())
            && running.configurationIndex() <= running.commitIndex();
    boolean isLost =
        running.term() != asked.term()
            || !running.isLeader()
            || nowNanos - asked.deadlineNanos() >= 0;
    if (isDone) {
      pending = null;
      asked.callback().accept(new ConfigurationOutcome.Changed(running.configurationIndex()));
    } else if (isLost) {
      giveUp();
    }
  }

  /** Whatever becomes of it, this member does not hear of it. */
  void giveUp() {
    Pending asked = pending;
    if (asked != null) {
      pending = null;
      asked.callback().accept(new ConfigurationOutcome.Unknown());
    }
  }
}
