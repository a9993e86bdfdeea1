package io.quorate.raft;

import io.quorate.raft.RaftCore.ReadState;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Linearisable reads on their way: new, asked for under a context that they share with all others
 * of the same moment, and confirmed but waiting for the state machine. Owned by its driver's shard.
 */
final class PendingReads {
  private record Read(long deadlineNanos, Consumer<ReadOutcome> callback) {}

  private record Asked(long term, long atTick, List<Read> reads) {}

  private record Confirmed(long index, List<Read> reads) {}

  private final Map<Long, Asked> asked = new LinkedHashMap<>();
  private final List<Confirmed> confirmed = new ArrayList<>();
  private List<Read> fresh = new ArrayList<>();
  private int count;

  /** Random at first: an answer to an earlier life of this member must match no question of now. */
  private long lastContext;

  PendingReads(long firstContext) {
    this.lastContext = firstContext;
  }

  int size() {
    return count;
  }

  void add(long deadlineNanos, Consumer<ReadOutcome> callback) {
    fresh.add(new Read(deadlineNanos, callback));
    count++;
  }

  /** Asks for all new ones together. */
  void ask(RaftCore core, long tick) {
    if (!fresh.isEmpty() && core.readIndex(lastContext + 1)) {
      lastContext++;
      asked.put(lastContext, new Asked(core.term(), tick, fresh));
      fresh = new ArrayList<>();
    }
  }

  void confirm(ReadState state) {
    Asked answered = asked.remove(state.context());
    if (answered != null) {
      confirmed.add(new Confirmed(state.index(), answered.reads()));
    }
  }

  /** Serves the confirmed ones that the state machine has caught up with. */
  void serve(long appliedIndex) {
    if (confirmed.isEmpty()) {
      return;
    }
    List<Confirmed> served = new ArrayList<>();
    for (Iterator<Confirmed> at = confirmed.iterator(); at.hasNext(); ) {
      Confirmed next = at.next();
      if (next.index() <= appliedIndex) {
        at.remove();
        count -= next.reads().size();
        served.add(next);
      }
    }
    for (Confirmed each : served) {
      for (Read read : each.reads()) {
        read.callback().accept(new ReadOutcome.Confirmed(appliedIndex));
      }
    }
  }

  /** Makes new again what was asked of an earlier leader, or long ago. */
  void askAgain(long term, long askedBeforeTick) {
    for (Iterator<Asked> at = asked.values().iterator(); at.hasNext(); ) {
      Asked old = at.next();
      if (old.term() != term || old.atTick() < askedBeforeTick) {
        at.remove();
        fresh.addAll(old.reads());
      }
    }
  }

  void expire(long nowNanos) {
    List<Read> late = new ArrayList<>();
    collectLate(fresh, nowNanos, late);
    asked.values().forEach(each -> collectLate(each.reads(), nowNanos, late));
    confirmed.forEach(each -> collectLate(each.reads(), nowNanos, late));
    count -= late.size();
    late.forEach(read -> read.callback().accept(new ReadOutcome.Refused(Refusal.TIMED_OUT)));
  }

  private static void collectLate(List<Read> reads, long nowNanos, List<Read> late) {
    for (Iterator<Read> at = reads.iterator(); at.hasNext(); ) {
      Read read = at.next();
      if (nowNanos - read.deadlineNanos() >= 0) {
        at.remove();
        late.add(read);
      }
    }
  }

  /** Refuses those that no leader has confirmed. */
  void refuseUnconfirmed(Refusal reason) {
    if (fresh.isEmpty() && asked.isEmpty()) {
      return;
    }
    List<Read> refused = new ArrayList<>(fresh);
    asked.values().forEach(each -> refused.addAll(each.reads()));
    fresh = new ArrayList<>();
    asked.clear();
    count -= refused.size();
    refused.forEach(read -> read.callback().accept(new ReadOutcome.Refused(reason)));
  }

  void refuseAll(Refusal reason) {
    confirmed.forEach(each -> fresh.addAll(each.reads()));
    confirmed.clear();
    refuseUnconfirmed(reason);
  }
}
