package io.quorate.raft;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the hashes of the members' states to the leader, and what it finds by {@link
 * StateAgreement} back to those who are wrong. Owned by its member's shard.
 */
final class StateReports {
  private static final Logger log = LoggerFactory.getLogger(StateReports.class);

  private final PeerId self;
  private final ReplicatedState state;
  private final Sender sender;
  private final RaftListener listener;
  private final StateAgreement agreement;
  private long differsAt;

  StateReports(PeerId self, ReplicatedState state, Sender sender, RaftListener listener) {
    this.self = self;
    this.state = state;
    this.sender = sender;
    this.listener = listener;
    this.agreement = new StateAgreement(self);
  }

  /** The last entry after which this member, as the leader, saw members differ; 0: none. */
  long differsAt() {
    return differsAt;
  }

  /**
   * Reports the state after the entry that was just applied.
   *
   * @throws StateDivergence when this member leads, and is wrong
   */
  void report(RaftCore running) {
    long index = state.index();
    StateHash hash = state.hash();
    agreement.computed(index, hash);
    if (running.isLeader()) {
      judge(running, self, index, hash);
    } else if (running.leader() != null) {
      sender.send(running.leader(), new Message.StateReport(index, hash, false));
    }
  }

  /**
   * Another member's report, or the leader's verdict.
   *
   * @throws StateDivergence when this member is wrong
   */
  void onReport(RaftCore running, PeerId from, Message.StateReport report) {
    if (!report.isVerdict()) {
      if (running.isLeader()) {
        judge(running, from, report.index(), report.hash());
      }
    } else if (agreement.isAgainstSelf(report.index(), report.hash())) {
      throw new StateDivergence(report.index());
    }
  }

  private void judge(RaftCore running, PeerId from, long index, StateHash hash) {
    List<PeerId> wrong = agreement.report(from, index, hash, running.configuration());
    StateAgreement.Verdict verdict = agreement.verdict(index);
    if (wrong.isEmpty() || verdict == null) {
      return;
    }
    differsAt = index;
    for (PeerId peer : wrong) {
      log.error(
          "raft member {} differs from {} after entry {}",
          peer,
          verdict.isCertain() ? "the majority" : "the leader",
          index);
      if (!peer.equals(self)) {
        sender.send(peer, new Message.StateReport(index, verdict.hash(), true));
        listener.stateDiffers(peer, index, verdict.isCertain());
      }
    }
    if (wrong.contains(self)) {
      throw new StateDivergence(index);
    }
  }
}
