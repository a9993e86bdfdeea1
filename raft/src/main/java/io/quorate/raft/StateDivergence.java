package io.quorate.raft;

/**
 * This member's state machine came to another state than those of a majority, or than the leader's
 * where no majority can tell. It stops: what it would answer is wrong.
 */
public final class StateDivergence extends RuntimeException {
  private static final long serialVersionUID = 1;

  StateDivergence(long index) {
    super("its state differs from the other members' after entry " + index);
  }
}
