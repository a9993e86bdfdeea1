package io.quorate.raft;

/** Why a request was not carried out, or is not known to have been. */
public enum Refusal {
  /** This member knows no leader: an election is under way, or it is in a minority. */
  NO_LEADER("the metadata ring has no leader that this node can reach"),
  /** Too much waits already, here or at the leader. */
  OVERLOADED("too many changes to the metadata ring are waiting"),
  /** The command is larger than a member takes in at once. */
  TOO_LARGE("the change is too large for the metadata ring"),
  /** The deadline passed. */
  TIMED_OUT("the metadata ring did not answer in time"),
  /** This member is starting, was stopped, or failed. */
  NOT_RUNNING("this node's part of the metadata ring is not running"),
  /** Tried again so late that nobody remembers whether it was applied. */
  FORGOTTEN("the change was retried too late to tell whether it had been applied");

  private final String explanation;

  Refusal(String explanation) {
    this.explanation = explanation;
  }

  /** A clause for an error message. */
  public String explanation() {
    return explanation;
  }
}
