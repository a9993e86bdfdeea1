package io.quorate.raft;

/** What became of a change of the voters, as far as the leader that was asked can know. */
public sealed interface ConfigurationOutcome {

  /**
   * The new voters alone decide now.
   *
   * @param index of the entry that says so, committed
   */
  record Changed(long index) implements ConfigurationOutcome {}

  /** Nothing was changed, nor will be. */
  record Refused(Reason reason) implements ConfigurationOutcome {}

  /**
   * Begun, and not known to be over: a later leader finishes it, or nobody has heard of it. The
   * configuration that {@link RaftNode#status} shows at the leader tells; it may be asked for
   * again.
   */
  record Unknown() implements ConfigurationOutcome {}

  /** Why a change was refused. */
  enum Reason {
    NOT_RUNNING("this member is not running"),
    NOT_LEADER("this member does not lead; ask the leader"),
    TRANSFERRING("leadership is being handed over; ask the next leader"),
    /** The leader has committed nothing in its term: it does not know yet what is committed. */
    TOO_EARLY("the leader has just been elected; ask again"),
    UNDER_WAY("another change of the voters is under way"),
    /** A voter to come is not a learner of this leader, or lacks too much of the log. */
    BEHIND("a voter to come does not follow the log yet; start it and ask again"),
    /** It would be the last that the ring decides. */
    SILENT("a majority of the voters to come has not answered this leader; ask again"),
    INVALID("a ring has 1 to " + Configuration.MAX_VOTERS + " voters");

    private final String explanation;

    Reason(String explanation) {
      this.explanation = explanation;
    }

    /** A clause for an error message. */
    public String explanation() {
      return explanation;
    }
  }
}
