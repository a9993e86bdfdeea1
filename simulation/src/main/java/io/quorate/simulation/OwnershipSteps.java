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
import java.util.stream.Collectors;

/**
 * The steps that changes of ownership take, from whoever takes one first. Nodes may be one step of
 * a change apart, never two: for it is by the step between that those who still go by the owners
 * before and those who go by the owners after meet the same replicas. So each step must leave every
 * range one of the sets that it had, and from each follows what all must have known before.
 */
final class OwnershipSteps {
  private ClusterMetadata newest = ClusterMetadata.EMPTY;

  /** At which ownership epoch, or later, reads moved: of the changes of which that is known. */
  private final Map<Long, Long> readsMovedAt = new TreeMap<>();

  private long floor;

  /** The ownership epoch that everyone must have reached by now. */
  long floor() {
    return floor;
  }

  /**
   * Takes in what a node has published.
   *
   * @throws SafetyChecker.Violation when a step exchanges a range's replicas
   */
  void take(ClusterMetadata metadata) {
    if (metadata.epoch() <= newest.epoch()) {
      return;
    }
    boolean isNext = metadata.epoch() == newest.epoch() + 1;
    if (isNext) {
      checkSets(newest, metadata);
    }
    readsMovedAt
        .entrySet()
        .removeIf(moved -> {
          boolean isOver = metadata.transition(moved.getKey()) == null;
          floor = isOver ? Math.max(floor, moved.getValue()) : floor;
          return isOver;
        });
    for (Transition transition : metadata.transitions()) {
      if (transition.step() == Transition.Step.READ_NEW) {
        floor = Math.max(floor, transition.number());
        readsMovedAt.putIfAbsent(
            transition.number(), isNext ? metadata.ownershipEpoch() : newest.ownershipEpoch() + 1);
      }
    }
    newest = metadata;
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
