package io.quorate.raft;

import org.jspecify.annotations.Nullable;

/**
 * What a node must remember across restarts besides its log (figure 3.1).
 *
 * @param term the latest term seen
 * @param vote whom it voted for in that term
 * @param commit the highest entry known committed; a lower bound, persisted lazily, so that a node
 *     that restarts alone shows most of what it had applied
 */
public record HardState(long term, @Nullable PeerId vote, long commit) {
  /** Of a node that never started. */
  public static final HardState INITIAL = new HardState(0, null, 0);

  public HardState {
    if (term < 0 || commit < 0) {
      throw new IllegalArgumentException("term " + term + ", commit " + commit);
    }
  }
}
