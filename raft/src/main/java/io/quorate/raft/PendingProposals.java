package io.quorate.raft;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The proposals made at this member that wait for an answer. Each is answered exactly once. Owned
 * by its driver's shard.
 */
final class PendingProposals {

  /** One of them. */
  static final class Pending {
    final ProposalId id;
    final byte[] encoded;
    final long deadlineNanos;
    private final List<Consumer<ProposalOutcome>> callbacks = new ArrayList<>(1);

    /** Whether it ever went to a log or a leader: from then on a failure is an unknown outcome. */
    private boolean mayBeInLog;

    /** The term in which it was given to that term's leader; -1 before. */
    long offeredInTerm = -1;

    /** When that was. */
    long offeredAtTick;

    Pending(ProposalId id, byte[] encoded, long deadlineNanos) {
      this.id = id;
      this.encoded = encoded;
      this.deadlineNanos = deadlineNanos;
    }

    void offered(long term, long tick) {
      mayBeInLog = true;
      offeredInTerm = term;
      offeredAtTick = tick;
    }

    void answer(ProposalOutcome outcome) {
      callbacks.forEach(callback -> callback.accept(outcome));
    }

    void fail(Refusal reason) {
      answer(
          mayBeInLog ? new ProposalOutcome.Unknown(reason) : new ProposalOutcome.Rejected(reason));
    }
  }

  private final Map<ProposalId, Pending> byId = new LinkedHashMap<>();

  int size() {
    return byId.size();
  }

  /** Adds a proposal; when the same one waits already, its answer serves both. */
  Pending add(Proposal proposal, long deadlineNanos, Consumer<ProposalOutcome> callback) {
    Pending pending =
        byId.computeIfAbsent(
            proposal.id(), id -> new Pending(id, proposal.encode(), deadlineNanos));
    pending.callbacks.add(callback);
    return pending;
  }

  @Nullable Pending remove(ProposalId id) {
    return byId.remove(id);
  }

  List<Pending> all() {
    return new ArrayList<>(byId.values());
  }

  /** Answers those whose time is over. */
  void expire(long nowNanos) {
    List<Pending> late = new ArrayList<>();
    for (Iterator<Pending> at = byId.values().iterator(); at.hasNext(); ) {
      Pending pending = at.next();
      if (nowNanos - pending.deadlineNanos >= 0) {
        at.remove();
        late.add(pending);
      }
    }
    late.forEach(pending -> pending.fail(Refusal.TIMED_OUT));
  }

  /** Answers all that wait. */
  void failAll(Refusal reason) {
    List<Pending> waiting = all();
    byId.clear();
    waiting.forEach(pending -> pending.fail(reason));
  }
}
