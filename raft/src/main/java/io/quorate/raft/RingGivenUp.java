package io.quorate.raft;

/** This member's ring was given up, and it cannot take part in the one that took its place. */
public final class RingGivenUp extends RuntimeException {
  private static final long serialVersionUID = 1;

  RingGivenUp(Ring own, Ring next, boolean isLost) {
    super(
        own
            + " of the metadata was given up for "
            + next
            + ", because its majority was lost; this node "
            + (isLost ? "was given up with it" : "knows of changes that did not survive")
            + ", and cannot come back");
  }
}
