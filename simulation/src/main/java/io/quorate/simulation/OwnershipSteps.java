package io.quorate.simulation;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.raft.SafetyChecker;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The steps that changes of ownership take, from whoever takes one: some learn of them late, when
 * they read their log. Nodes may be one step of a change apart, never two: for it is by the step
 * between that those who still go by the owners before and those who go by the owners after meet
 * the same replicas. So each step must leave every range one of the sets that it had, and from each
 * follows what all must have known before.
 */
final class OwnershipSteps {
  /** Whoever learns of an epoch later than this is not compared with its neighbours. */
  private static final int KEPT = 64;

  private final TreeMap<Long, ClusterMetadata> known = new TreeMap<>();

  /** The ownership epoch, or one before it, at which each change moved reads. */
  private final Map<Long, Long> readsMovedAt = new TreeMap<>();

  /** Of each change the nodes that an operator has said are dead, so that it may end. */
  private final Map<Long, Set<UUID>> skipped = new TreeMap<>();

  private long writesBothFloor;
  private long floor;

  /** The ownership epoch that everyone must have reached by now who was waited for. */
  long floor() {
    return floor;
  }

  /**
   * The ownership epoch that this node must have reached by now. When it was skipped it need not
   * know that a change moved reads, which then ended: what it knows is to ask the owners before as
   * well as those after.
   */
  long floorOf(UUID hostId) {
    return Math.max(
        writesBothFloor,
        floorOfEnded(change -> !skipped.getOrDefault(change, Set.of()).contains(hostId)));
  }

  /** A node is not waited for any more, by a change that has moved reads. */
  void skip(long change, UUID hostId) {
    skipped.computeIfAbsent(change, added -> new TreeSet<>()).add(hostId);
  }

  /**
   * Takes in what a node has published.
   *
   * @throws SafetyChecker.Violation when a step exchanges a range's replicas
   */
  void take(ClusterMetadata metadata) {
    if (known.putIfAbsent(metadata.epoch(), metadata) != null) {
      return;
    }
    ClusterMetadata before = value(known.lowerEntry(metadata.epoch()));
    ClusterMetadata after = value(known.higherEntry(metadata.epoch()));
    boolean isNext = before.epoch() + 1 == metadata.epoch();
    if (isNext) {
      checkSets(before, metadata);
    }
    if (after.epoch() == metadata.epoch() + 1) {
      checkSets(metadata, after);
    }
    for (Transition transition : metadata.transitions()) {
      if (hasMovedReads(metadata, transition.number())) {
        writesBothFloor = Math.max(writesBothFloor, transition.number());
        if (!hasMovedReads(before, transition.number())) {
          readsMovedAt.merge(
              transition.number(),
              isNext ? metadata.ownershipEpoch() : before.ownershipEpoch() + 1,
              Math::max);
        }
      }
    }
    floor = Math.max(writesBothFloor, floorOfEnded(change -> true));
    if (known.size() > KEPT) {
      known.pollFirstEntry();
    }
  }

  private static ClusterMetadata value(Map.@Nullable Entry<Long, ClusterMetadata> entry) {
    return entry == null ? ClusterMetadata.EMPTY : entry.getValue();
  }

  private static boolean hasMovedReads(ClusterMetadata metadata, long change) {
    Transition transition = metadata.transition(change);
    return transition != null && transition.step() == Transition.Step.READ_NEW;
  }

  /** Who ends a change has waited until all know that reads have moved. */
  private long floorOfEnded(LongPredicate counts) {
    ClusterMetadata newest = value(known.lastEntry());
    long highest = 0;
    for (Map.Entry<Long, Long> moved : readsMovedAt.entrySet()) {
      if (newest.transition(moved.getKey()) == null && counts.test(moved.getKey())) {
        highest = Math.max(highest, moved.getValue());
      }
    }
    return highest;
  }

  /** Whoever writes before a step, and whoever reads after it, has a quorum of one same set. */
  static void checkSets(ClusterMetadata before, ClusterMetadata after) {
    Set<Long> tokens = new TreeSet<>();
    for (ClusterMetadata metadata : List.of(before, after)) {
      metadata.members().forEach(node -> tokens.addAll(node.tokens()));
      metadata.nodesAfter().forEach(node -> tokens.addAll(node.tokens()));
    }
    for (KeyspaceMetadata keyspace : after.keyspaces()) {
      KeyspaceMetadata known = before.keyspace(keyspace.name());
      if (known == null
          || known.tables().isEmpty()
          || !known.replication().equals(keyspace.replication())) {
        continue; // there are no rows, or it was given other replicas on purpose
      }
      for (long token : tokens) {
        Set<Set<UUID>> old = sets(before, keyspace.name(), token);
        Set<Set<UUID>> young = sets(after, keyspace.name(), token);
        if (!old.containsAll(young) && !young.containsAll(old)) {
          throw new SafetyChecker.Violation(
              "at epoch "
                  + after.epoch()
                  + " token "
                  + token
                  + " of keyspace "
                  + keyspace.name()
                  + " has other sets of replicas in one step: "
                  + old
                  + ", then "
                  + young
                  + ", while there go on "
                  + after.transitions());
        }
      }
    }
  }

  private static Set<Set<UUID>> sets(ClusterMetadata metadata, String keyspace, long token) {
    Set<Set<UUID>> sets = new HashSet<>();
    sets.add(ids(metadata.replicas(keyspace, token)));
    List<NodeInfo> others = metadata.otherReplicas(keyspace, token);
    if (!others.isEmpty()) {
      sets.add(ids(others));
    }
    return sets;
  }

  private static Set<UUID> ids(List<NodeInfo> nodes) {
    return nodes.stream().map(NodeInfo::hostId).collect(Collectors.toSet());
  }
}
