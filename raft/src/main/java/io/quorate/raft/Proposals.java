package io.quorate.raft;

import io.quorate.raft.AppliedProposals.Applied;
import io.quorate.raft.PendingProposals.Pending;
import io.quorate.raft.ProposalOutcome.Committed;
import io.quorate.raft.ProposalOutcome.Rejected;
import io.quorate.raft.ProposalOutcome.Unknown;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a proposal from the member where it was made to the log of whoever leads, and of the
 * answer back. One that gets lost on the way is offered again; it applies once all the same,
 * because it has an id ({@link AppliedProposals}). Owned by its member's shard.
 */
final class Proposals {
  private static final Logger log = LoggerFactory.getLogger(Proposals.class);

  private final RaftConfig config;
  private final ReplicatedState state;
  private final Sender sender;
  private final PendingProposals waiting = new PendingProposals();

  /** Ids that this member, as the leader of the current term, has in its log and not applied. */
  private final Set<ProposalId> inLog = new LinkedHashSet<>();

  Proposals(RaftConfig config, ReplicatedState state, Sender sender) {
    this.config = config;
    this.state = state;
    this.sender = sender;
  }

  /** How many wait for an answer. */
  int size() {
    return waiting.size();
  }

  /**
   * Takes a proposal, or answers it at once.
   *
   * @param running the core; null when this member does not run
   * @return whether the core may have something to do
   */
  boolean accept(
      @Nullable RaftCore running,
      Proposal proposal,
      long deadlineNanos,
      long tick,
      Consumer<ProposalOutcome> callback) {
    Applied earlier = state.find(proposal.id());
    if (running == null) {
      callback.accept(new Rejected(Refusal.NOT_RUNNING));
    } else if (earlier != null) {
      callback.accept(new Committed(earlier.index(), earlier.result()));
    } else if (running.leader() == null) {
      callback.accept(new Rejected(Refusal.NO_LEADER));
    } else if (proposal.command().length > config.maxCommandBytes()) {
      callback.accept(new Rejected(Refusal.TOO_LARGE));
    } else if (waiting.size() >= config.maxPendingProposals()) {
      callback.accept(new Rejected(Refusal.OVERLOADED));
    } else {
      offer(running, waiting.add(proposal, deadlineNanos, callback), tick);
      return true;
    }
    return false;
  }

  /** Gives a proposal to the leader, if there is one to give it to. */
  private void offer(RaftCore running, Pending pending, long tick) {
    if (running.isLeader()) {
      boolean isThere = inLog.contains(pending.id);
      RaftCore.ProposeResult result =
          isThere ? RaftCore.ProposeResult.ACCEPTED : running.propose(pending.encoded);
      switch (result) {
        case ACCEPTED -> {
          inLog.add(pending.id);
          pending.offered(running.term(), tick);
        }
        case OVERLOADED -> {
          waiting.remove(pending.id);
          pending.fail(Refusal.OVERLOADED);
        }
        case TRANSFERRING, NOT_LEADER -> {} // offered again when the next leader shows
      }
    } else if (running.leader() != null) {
      sender.send(running.leader(), new Message.Forward(pending.encoded));
      pending.offered(running.term(), tick);
    }
  }

  /**
   * Offers anew what was given to an earlier leader, or to this one so long ago that it got lost.
   */
  void offerAgain(RaftCore running, long tick) {
    for (Pending pending : waiting.all()) {
      boolean isWithLeader = pending.offeredInTerm == running.term();
      boolean isLost =
          !running.isLeader() && tick - pending.offeredAtTick >= config.electionTicks();
      if (!isWithLeader || isLost) {
        offer(running, pending, tick);
      }
    }
  }

  /** A proposal that came to another member. */
  void onForward(RaftCore running, byte[] encoded) {
    int commandBytes = encoded.length - Proposal.HEADER_BYTES;
    if (commandBytes < 0 || commandBytes > config.maxCommandBytes()) {
      log.warn("a forwarded proposal of {} bytes is dropped", encoded.length);
      return;
    }
    ProposalId id = Proposal.decode(encoded).id();
    if (!running.isLeader() || inLog.contains(id) || state.find(id) != null) {
      return; // the member that sent it offers it again, or learns of it from the log
    }
    if (running.propose(encoded) == RaftCore.ProposeResult.ACCEPTED) {
      inLog.add(id);
    }
  }

  /** Another term or another log: what this member had as a leader may not be there. */
  void forgetLog() {
    inLog.clear();
  }

  /** Applies a proposal that is committed, and answers it if it was made here. */
  void apply(long index, Proposal proposal) {
    inLog.remove(proposal.id());
    Applied application = state.apply(index, proposal);
    Pending pending = waiting.remove(proposal.id());
    if (pending != null) {
      pending.answer(
          application == null
              ? new Unknown(Refusal.FORGOTTEN)
              : new Committed(application.index(), application.result()));
    }
  }

  /** Answers what a snapshot has brought. */
  void answerApplied() {
    for (Pending pending : waiting.all()) {
      Applied earlier = state.find(pending.id);
      if (earlier != null) {
        waiting.remove(pending.id);
        pending.answer(new Committed(earlier.index(), earlier.result()));
      }
    }
  }

  void expire(long nowNanos) {
    waiting.expire(nowNanos);
  }

  void failAll(Refusal reason) {
    waiting.failAll(reason);
  }
}
