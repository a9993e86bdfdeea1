package io.quorate.raft;

import java.util.Arrays;
import java.util.List;

/**
 * What members say to each other. Every message has its sender's term, or, in a pre-vote, the term
 * the sender would stand in.
 */
public sealed interface Message {

  /** Handled by {@link RaftCore#step}. */
  sealed interface ToCore extends Message {
    long term();
  }

  /** "Would you vote for me in {@code term}?", section 9.6. Changes nothing at the receiver. */
  record PreVoteRequest(long term, long lastIndex, long lastTerm) implements ToCore {}

  /** Granted: {@code term} is the request's. Refused: it is the voter's own. */
  record PreVoteReply(long term, boolean granted) implements ToCore {}

  /**
   * RequestVote, section 3.4.
   *
   * @param transfer the leader itself asked for this election (section 3.10), so that voters who
   *     have just heard from it take part
   */
  record VoteRequest(long term, long lastIndex, long lastTerm, boolean transfer)
      implements ToCore {}

  record VoteReply(long term, boolean granted) implements ToCore {}

  /** AppendEntries, section 3.5; also without entries, to probe or to tell of a commit. */
  record AppendRequest(long term, long prevIndex, long prevTerm, long commit, List<Entry> entries)
      implements ToCore {
    public AppendRequest {
      entries = List.copyOf(entries);
    }
  }

  /**
   * @param matchIndex up to where the sender's log is on its disk and equal to the leader's
   */
  record AppendAccepted(long term, long matchIndex) implements ToCore {}

  /**
   * The sender has no entry {@code prevIndex} of the asked-for term.
   *
   * @param hintIndex where the logs may agree at best
   * @param hintTerm the term of the sender's entry there: the leader skips that whole term at once
   */
  record AppendRejected(long term, long prevIndex, long hintIndex, long hintTerm)
      implements ToCore {}

  /**
   * @param readSequence echoed by the reply; shows that the leader still led when it was sent
   */
  record Heartbeat(long term, long commit, long readSequence) implements ToCore {}

  record HeartbeatReply(long term, long readSequence) implements ToCore {}

  /** InstallSnapshot, chapter 5: {@code bytes} of the snapshot's data from {@code offset}. */
  @SuppressWarnings("ArrayRecordComponent") // compared by content below
  record SnapshotChunk(
      long term,
      long snapshotIndex,
      long snapshotTerm,
      Configuration configuration,
      int offset,
      int totalBytes,
      byte[] bytes)
      implements ToCore {
    @Override
    public boolean equals(Object other) {
      return other instanceof SnapshotChunk that
          && term == that.term
          && snapshotIndex == that.snapshotIndex
          && snapshotTerm == that.snapshotTerm
          && configuration.equals(that.configuration)
          && offset == that.offset
          && totalBytes == that.totalBytes
          && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
      return Long.hashCode(snapshotIndex * 31 + offset);
    }
  }

  /**
   * @param nextOffset where the receiver goes on; all before it has arrived
   */
  record SnapshotChunkReply(long term, long snapshotIndex, int nextOffset) implements ToCore {}

  /** The leader hands over: stand for election at once, section 3.10. */
  record TimeoutNow(long term) implements ToCore {}

  /** A follower asks the leader from which index on it may read, section 6.4. */
  record ReadIndexRequest(long term, long context) implements ToCore {}

  record ReadIndexReply(long term, long context, long index) implements ToCore {}

  /**
   * A learner that hears from no leader asks to be sent the log. Whoever knows the leader passes it
   * on, once.
   *
   * @param subscriber who asked, which is not the sender when it was passed on
   */
  record Subscribe(long term, PeerId subscriber, long lastIndex) implements ToCore {}

  /**
   * A member's state after entry {@code index}, to the leader; or, as a verdict, the right one, to
   * a member that has another. Between drivers, the core never sees it.
   */
  record StateReport(long index, StateHash hash, boolean isVerdict) implements Message {}

  /** A proposal on its way to the leader; between drivers, the core never sees it. */
  @SuppressWarnings("ArrayRecordComponent") // compared by content below
  record Forward(byte[] proposal) implements Message {
    @Override
    public boolean equals(Object other) {
      return other instanceof Forward that && Arrays.equals(proposal, that.proposal);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(proposal);
    }
  }

  /**
   * To a member of a ring that was given up: which one took its place, and who votes there. Between
   * drivers, the core never sees it.
   */
  record GivenUp(Ring next) implements Message {}
}
