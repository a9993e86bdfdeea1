package io.quorate.raft;

import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether the members' state machines agree. At the same indexes each member hashes its state and
 * reports that to the leader. The leader knows who is right when a majority of the voters has the
 * same hash, and tells the others, which stop. When none can have one any more (of two voters, one
 * is wrong) nobody knows; then the leader's own counts.
 *
 * <p>A report that gets lost leaves its index unjudged; the next one does as well. Owned by its
 * driver's shard.
 */
final class StateAgreement {
  private static final int KEPT_INDEXES = 8;

  /**
   * @param hash the right one
   * @param isCertain whether a majority has it
   */
  record Verdict(StateHash hash, boolean isCertain) {}

  private final PeerId self;
  private final TreeMap<Long, StateHash> own = new TreeMap<>();
  private final TreeMap<Long, Map<PeerId, StateHash>> reports = new TreeMap<>();
  private final TreeMap<Long, Verdict> verdicts = new TreeMap<>();

  StateAgreement(PeerId self) {
    this.self = self;
  }

  /** This member has applied everything up to {@code index}. */
  void computed(long index, StateHash hash) {
    own.put(index, hash);
    trim(own);
  }

  /** Whether a verdict that arrived is against this member. */
  boolean isAgainstSelf(long index, StateHash right) {
    StateHash mine = own.get(index);
    return mine != null && mine.contradicts(right);
  }

  /** Of a leader: takes in a report, its own ones too; who is thereby known to be wrong. */
  List<PeerId> report(PeerId from, long index, StateHash hash, Configuration voters) {
    Map<PeerId, StateHash> at = reports.computeIfAbsent(index, i -> new TreeMap<>());
    at.put(from, hash);
    trim(reports);
    Verdict known = verdicts.get(index);
    if (known != null) {
      return hash.contradicts(known.hash()) ? List.of(from) : List.of();
    }
    Verdict found = judge(at, voters);
    if (found == null) {
      return List.of();
    }
    verdicts.put(index, found);
    trim(verdicts);
    return at.keySet().stream()
        .filter(each -> at.getOrDefault(each, hash).contradicts(found.hash()))
        .toList();
  }

  @Nullable Verdict verdict(long index) {
    return verdicts.get(index);
  }

  private @Nullable Verdict judge(Map<PeerId, StateHash> at, Configuration voters) {
    boolean isOpen = voters.isMajority(voter -> !at.containsKey(voter));
    for (StateHash hash : at.values()) {
      if (voters.isMajority(voter -> hash.equals(at.get(voter)))) {
        return new Verdict(hash, true);
      }
      isOpen |= voters.isMajority(voter -> hash.equals(at.getOrDefault(voter, hash)));
    }
    StateHash mine = at.get(self);
    return isOpen || mine == null ? null : new Verdict(mine, false);
  }

  private static void trim(NavigableMap<Long, ?> byIndex) {
    while (byIndex.size() > KEPT_INDEXES) {
      byIndex.pollFirstEntry();
    }
  }
}
