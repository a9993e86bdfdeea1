package io.quorate.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a member knows of its ring, for the judgement whether the ring's majority is lost ({@link
 * RingJudgement}).
 *
 * @param leader whom it follows, or itself when it leads
 * @param leaderlessMillis for how long it has heard of no leader; 0 when it knows one
 * @param commitIndex up to here it knows the log to be committed
 * @param terms of its log, from before the first entry that it holds to the last; ascending
 * @param lastIndex of its log
 * @param voters the latest in its log
 * @param outgoing the voters before, while they are exchanged
 * @param failure why it takes no part; null when it does
 * @param withholdsVote it takes part without a vote: it has not, or may not have, what it once
 *     acknowledged
 */
public record RingEvidence(
    PeerId self,
    Ring ring,
    long term,
    @Nullable PeerId leader,
    long leaderlessMillis,
    long commitIndex,
    List<TermRun> terms,
    long lastIndex,
    List<PeerId> voters,
    List<PeerId> outgoing,
    @Nullable String failure,
    boolean withholdsVote) {

  /** The entries from {@code fromIndex} up to the next run are of one term. */
  public record TermRun(long fromIndex, long term) {}

  public RingEvidence {
    terms = List.copyOf(terms);
    voters = List.copyOf(voters);
    outgoing = List.copyOf(outgoing);
  }

  /** The term of an entry; -1 when it is not held. */
  long termAt(long index) {
    long term = -1;
    for (TermRun run : terms) {
      if (run.fromIndex() <= index && index <= lastIndex) {
        term = run.term();
      }
    }
    return term;
  }

  long lastTerm() {
    return termAt(lastIndex);
  }

  /** Whether its log has this entry of this term. What is committed is the same everywhere. */
  boolean has(long index, long term) {
    return commitIndex >= index || termAt(index) == term;
  }

  /** The last entry that it has in common with another, as far as both logs are held. */
  long lastInCommon(RingEvidence other) {
    long index = Math.min(lastIndex, other.lastIndex);
    long certain = Math.min(commitIndex, other.commitIndex);
    while (index > certain && (termAt(index) != other.termAt(index) || termAt(index) < 0)) {
      index--;
    }
    return index;
  }
}
