package io.quorate.raft;

import io.quorate.environment.Invariant;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of the log that a member holds: all entries after {@code base}, in memory.
 *
 * <pre>
 *   compacted | kept behind the snapshot | applied | committed | persisted | not yet persisted
 *           base                                                          last
 * </pre>
 *
 * <p>Invariants: {@code base <= applied <= commit <= last}; nothing up to {@code commit} is ever
 * cut off. Owned by its core.
 */
final class RaftLog {
  private static final int MAX_APPLY_BATCH = 256;

  private final List<Entry> entries = new ArrayList<>();
  private final ConfigurationHistory configurations;
  private long baseIndex;
  private long baseTerm;
  private long commit;
  private long applied;

  /** All entries up to here are on disk. */
  private long persisted;

  /** All entries up to here are on disk or on their way. */
  private long handedOut;

  private Snapshot snapshot;

  /** Whether {@code snapshot} came from a leader and is not on disk yet. */
  private boolean snapshotPending;

  RaftLog(Snapshot snapshot, List<Entry> tail, long commit) {
    this.snapshot = snapshot;
    this.baseIndex = snapshot.index();
    this.baseTerm = snapshot.term();
    this.configurations = new ConfigurationHistory(snapshot.index(), snapshot.configuration());
    for (Entry entry : tail) {
      Invariant.check(
          entry.index() == last() + 1, "a recovered log has no gap", entry.index(), last());
      entries.add(entry);
      configurations.add(entry);
    }
    this.applied = snapshot.index();
    this.commit = Math.clamp(commit, snapshot.index(), last());
    this.persisted = last();
    this.handedOut = last();
  }

  long last() {
    return baseIndex + entries.size();
  }

  long lastTerm() {
    return entries.isEmpty() ? baseTerm : entries.getLast().term();
  }

  /** The first index that can be sent as an entry. */
  long first() {
    return baseIndex + 1;
  }

  long commit() {
    return commit;
  }

  long applied() {
    return applied;
  }

  long persisted() {
    return persisted;
  }

  /** The latest, whether or not it is committed: it holds from the moment it is in the log. */
  Configuration configuration() {
    return configurations.latest();
  }

  /** Where {@link #configuration} came in; up to the base when it is older. */
  long configurationIndex() {
    return configurations.latestIndex();
  }

  /** As of an index that is held. */
  Configuration configurationAt(long index) {
    return configurations.at(index);
  }

  Snapshot snapshot() {
    return snapshot;
  }

  boolean isSnapshotPending() {
    return snapshotPending;
  }

  /** Whether the entry's term is known here: it is held, or it is the base. */
  boolean has(long index) {
    return index >= baseIndex && index <= last();
  }

  long termAt(long index) {
    Invariant.check(has(index), "no term is known at this index", index, last());
    return index == baseIndex ? baseTerm : entry(index).term();
  }

  boolean matches(long index, long term) {
    return has(index) && termAt(index) == term;
  }

  /** Section 3.6.1: the later last term wins, then the longer log. */
  boolean isUpToDate(long otherLastIndex, long otherLastTerm) {
    return otherLastTerm > lastTerm() || (otherLastTerm == lastTerm() && otherLastIndex >= last());
  }

  private Entry entry(long index) {
    return entries.get(Math.toIntExact(index - baseIndex - 1));
  }

  /** Entries from {@code from} on, at least one if there is one, up to about {@code maxBytes}. */
  List<Entry> slice(long from, int maxBytes) {
    List<Entry> slice = new ArrayList<>();
    long bytes = 0;
    for (long index = from; index <= last(); index++) {
      Entry entry = entry(index);
      bytes += entry.sizeBytes();
      if (bytes > maxBytes && !slice.isEmpty()) {
        break;
      }
      slice.add(entry);
    }
    return slice;
  }

  /** Bytes of the commands in the entries ({@code after}, {@code upTo}]. */
  long commandBytes(long after, long upTo) {
    long bytes = 0;
    for (long index = after + 1; index <= upTo; index++) {
      bytes += entry(index).command().length;
    }
    return bytes;
  }

  /** Appends a leader's own new entry. */
  void append(Entry entry) {
    Invariant.check(entry.index() == last() + 1, "a leader only appends", entry.index(), last());
    entries.add(entry);
    configurations.add(entry);
  }

  /**
   * Takes over what a leader sent after an index at which the logs match. Entries that are here
   * already stay; the first that differs, and all behind it, are replaced (section 3.5).
   */
  void takeOver(List<Entry> sent) {
    for (Entry entry : sent) {
      if (entry.index() <= last()) {
        if (termAt(entry.index()) == entry.term()) {
          checkSame(entry);
          continue;
        }
        cutFrom(entry.index());
      }
      append(entry);
    }
  }

  /** Of entries that a leader sent, those that are committed here must be what is here. */
  void checkCommitted(List<Entry> sent) {
    for (Entry entry : sent) {
      if (entry.index() > baseIndex && entry.index() <= commit) {
        checkSame(entry);
      }
    }
  }

  /** Log matching; it fails between rings that began with different voters. */
  private void checkSame(Entry sent) {
    Invariant.check(
        entry(sent.index()).equals(sent),
        "a leader's log is that of another ring",
        sent.index(),
        sent.term());
  }

  private void cutFrom(long index) {
    Invariant.check(index > commit, "a committed entry is never cut off", index, commit);
    entries.subList(Math.toIntExact(index - baseIndex - 1), entries.size()).clear();
    configurations.cutFrom(index);
    persisted = Math.min(persisted, index - 1);
    handedOut = Math.min(handedOut, index - 1);
  }

  /**
   * The greatest index up to {@code index} whose term is at most {@code term}: where two logs may
   * agree at best, when the other one has {@code term} there. Below the base nothing is known.
   */
  long findConflict(long index, long term) {
    long at = Math.min(index, last());
    while (at > baseIndex && termAt(at) > term) {
      at--;
    }
    return at;
  }

  /** Whether this raised the commit index. */
  boolean commitTo(long index) {
    Invariant.check(index <= last(), "only entries that are here are committed", index, last());
    if (index <= commit) {
      return false;
    }
    commit = index;
    return true;
  }

  /** Replaces everything by a leader's snapshot. */
  void restore(Snapshot from) {
    Invariant.check(from.index() > commit, "a snapshot goes forward", from.index(), commit);
    entries.clear();
    configurations.restart(from.index(), from.configuration());
    baseIndex = from.index();
    baseTerm = from.term();
    commit = from.index();
    applied = from.index();
    persisted = from.index();
    handedOut = from.index();
    snapshot = from;
    snapshotPending = true;
  }

  /** Takes note of a snapshot that is on disk, and forgets entries up to {@code upTo}. */
  void compact(Snapshot taken, long upTo) {
    Invariant.check(taken.index() <= applied, "only the applied part is compacted");
    if (taken.index() <= snapshot.index()) {
      return;
    }
    snapshot = taken;
    long newBase = Math.min(upTo, taken.index());
    if (newBase > baseIndex) {
      long newBaseTerm = termAt(newBase);
      entries.subList(0, Math.toIntExact(newBase - baseIndex)).clear();
      baseIndex = newBase;
      baseTerm = newBaseTerm;
      configurations.compact(newBase);
    }
  }

  boolean hasUnpersisted() {
    return handedOut < last() || snapshotPending;
  }

  /** What has to go to disk, which from here on counts as on its way. */
  List<Entry> takeUnpersisted() {
    List<Entry> taken =
        List.copyOf(entries.subList(Math.toIntExact(handedOut - baseIndex), entries.size()));
    handedOut = last();
    return taken;
  }

  /** An entry, and all before it, came to disk; unless it has been replaced since. */
  void persistedTo(Entry entry) {
    if (entry.index() > persisted && matches(entry.index(), entry.term())) {
      persisted = entry.index();
    }
  }

  void snapshotPersisted(Snapshot written) {
    if (written.index() == snapshot.index()) {
      snapshotPending = false;
    }
  }

  /** The next committed entries that are on this disk, which from here on count as applied. */
  List<Entry> takeCommitted() {
    long upTo = Math.min(Math.min(commit, persisted), applied + MAX_APPLY_BATCH);
    if (snapshotPending || upTo <= applied) {
      return List.of();
    }
    int from = Math.toIntExact(applied - baseIndex);
    List<Entry> taken = List.copyOf(entries.subList(from, Math.toIntExact(upTo - baseIndex)));
    applied = upTo;
    return taken;
  }
}
