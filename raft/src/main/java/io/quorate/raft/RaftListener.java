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
   * The member stopped for good: its disk failed, its log is damaged or its state machine threw.
   * Until the process is started anew it takes no part, and refuses all requests.
   */
  void failed(Throwable cause);
}
