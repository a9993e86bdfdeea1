package io.quorate.raft;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A member on its way from a ring whose majority is lost to the next one. The founder brings all of
 * its log as committed; everybody else begins without a log.
 *
 * @param isFounder whether it is the one voter with which the next ring begins
 * @param callback told once: null when the move is durable, else why not
 */
record RingMove(Ring to, boolean isFounder, Consumer<@Nullable String> callback) {

  /** With what the new log begins. */
  record Beginning(HardState hardState, Snapshot snapshot) {}

  /** Why a member of this ring must not go; null when it may. */
  @Nullable String refusal(Ring from, RaftCore running) {
    if (to.number() <= from.number() || (isFounder && to.number() != from.number() + 1)) {
      return "it is of " + from + " already";
    }
    if (isFounder && running.leader() != null) {
      return "it follows the leader " + running.leader();
    }
    if (isFounder && running.lastIndex() < to.certainIndex()) {
      return "its log ends at " + running.lastIndex();
    }
    if (!isFounder && running.commitIndex() > to.certainIndex()) {
      return "it knows of changes behind " + to.certainIndex() + ", which the new ring may lack";
    }
    return null;
  }

  /**
   * @param old the core in the ring that is left
   * @param state of a founder: with all of its log applied
   */
  Beginning beginning(RaftCore old, ReplicatedState state) {
    Configuration voters = Configuration.of(to.voters());
    if (!isFounder) {
      return new Beginning(HardState.INITIAL, Snapshot.initial(voters));
    }
    long last = old.lastIndex();
    return new Beginning(
        new HardState(old.term() + 1, null, last),
        new Snapshot(last, old.termAt(last), voters, state.snapshot()));
  }
}
