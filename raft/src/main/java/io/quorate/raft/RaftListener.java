package io.quorate.raft;

import org.jspecify.annotations.Nullable;

/** Hears what becomes of a member. Called on the ring's shard. */
public interface RaftListener {

  /**
   * The log is read, and the state machine is where it was, as far as this member can tell alone;
   * the member takes part.
   */
  void started();

  /** Another leader, another term of the same one, or none that is known. */
  void leaderChanged(@Nullable PeerId leader, long term);

  /**
   * This member leads, and another one has a different state after entry {@code index}. That one
   * stops.
   *
   * @param isCertain whether a majority has this member's state; if not, nobody can tell which of
   *     the two is wrong
   */
  void stateDiffers(PeerId other, long index, boolean isCertain);

  /**
   * The member stopped for good: its disk failed, its log is damaged, its state machine threw or
   * came to another state than the others' ({@link StateDivergence}). Until the process is started
   * anew it takes no part, and refuses all requests.
   */
  void failed(Throwable cause);
}
