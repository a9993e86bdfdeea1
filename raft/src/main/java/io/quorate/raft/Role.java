package io.quorate.raft;

/** What a member is in its current term. */
public enum Role {
  /** Has the log but no vote, and never stands for election (section 4.2.1). */
  LEARNER,
  FOLLOWER,
  /** Asks whether it could win before it disturbs anyone with a new term (section 9.6). */
  PRE_CANDIDATE,
  CANDIDATE,
  LEADER
}
