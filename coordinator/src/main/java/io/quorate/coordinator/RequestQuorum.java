package io.quorate.coordinator;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.protocol.ConsistencyLevel;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a request needs: its level among the replicas of its rows, and while ownership changes the
 * same among those that the rows had or will have. So whoever reads from either set later finds
 * what was written, or what was read. Pure. One object a request; not thread-safe.
 *
 * <p>A write goes to all {@link #targets} and counts who has {@link #answered}; a read asks as few
 * as it needs, one {@link #next} after the other.
 */
final class RequestQuorum {
  private final long epoch;
  private final List<NodeInfo> replicas;
  private final QuorumTracker tracker;
  private final List<NodeInfo> others;
  private final @Nullable QuorumTracker otherTracker;

  /**
   * @param epoch of the metadata that said which replicas
   * @param replicas alive or not
   * @param others the second set, which may share nodes with the first; empty when there is none
   */
  private RequestQuorum(
      long epoch,
      ConsistencyLevel level,
      List<NodeInfo> replicas,
      List<NodeInfo> others,
      String localDatacenter) {
    this.epoch = epoch;
    this.replicas = replicas;
    this.tracker = QuorumTracker.of(level, replicas, localDatacenter);
    this.others = others;
    this.otherTracker = others.isEmpty() ? null : QuorumTracker.of(level, others, localDatacenter);
  }

  static RequestQuorum ofWrite(
      ClusterMetadata metadata,
      String keyspace,
      long token,
      ConsistencyLevel level,
      String localDatacenter) {
    return new RequestQuorum(
        metadata.epoch(),
        level,
        metadata.replicas(keyspace, token),
        metadata.otherReplicas(keyspace, token),
        localDatacenter);
  }

  /** Of a read at ONE, which promises nothing to a later one, there is no second set. */
  static RequestQuorum ofRead(
      ClusterMetadata metadata,
      String keyspace,
      long token,
      ConsistencyLevel level,
      String localDatacenter) {
    return new RequestQuorum(
        metadata.epoch(),
        level,
        metadata.replicas(keyspace, token),
        othersOfRead(metadata, keyspace, token, level),
        localDatacenter);
  }

  private static List<NodeInfo> othersOfRead(
      ClusterMetadata metadata, String keyspace, long token, ConsistencyLevel level) {
    return level == ConsistencyLevel.ONE || level == ConsistencyLevel.LOCAL_ONE
        ? List.of()
        : metadata.otherReplicas(keyspace, token);
  }

  /**
   * Whether one answer, the reader's own, is all that a read needs. Each read is asked this, so
   * nothing is made for it.
   */
  static boolean isOfReader(
      ClusterMetadata metadata,
      String keyspace,
      long token,
      ConsistencyLevel level,
      UUID reader,
      String localDatacenter) {
    List<NodeInfo> replicas = metadata.replicas(keyspace, token);
    return QuorumTracker.isOfOne(level, replicas, localDatacenter)
        && othersOfRead(metadata, keyspace, token, level).isEmpty()
        && contains(replicas, reader);
  }

  /** Of the metadata that said which replicas. */
  long epoch() {
    return epoch;
  }

  ConsistencyLevel level() {
    return tracker.level();
  }

  /** Everybody to write to, once each. */
  List<NodeInfo> targets() {
    if (otherTracker == null) {
      return replicas;
    }
    List<NodeInfo> targets = new ArrayList<>(replicas);
    for (NodeInfo other : others) {
      if (!contains(replicas, other)) {
        targets.add(other);
      }
    }
    return targets;
  }

  private static boolean contains(List<NodeInfo> nodes, NodeInfo node) {
    return contains(nodes, node.hostId());
  }

  private static boolean contains(List<NodeInfo> nodes, UUID hostId) {
    for (int i = 0; i < nodes.size(); i++) {
      if (nodes.get(i).hostId().equals(hostId)) {
        return true;
      }
    }
    return false;
  }

  /**
   * What keeps the request from being tried: too few of a set are alive; null when nothing does.
   */
  RequestFailure.@Nullable Unavailable unavailable(Predicate<NodeInfo> alive) {
    if (replicas.isEmpty()) {
      return new RequestFailure.Unavailable(level(), Math.max(1, required()), 0);
    }
    RequestFailure.Unavailable unavailable = tracker.unavailable(replicas, alive);
    return unavailable != null || otherTracker == null
        ? unavailable
        : otherTracker.unavailable(others, alive);
  }

  /** A replica has done its part. True when that, and not an earlier answer, is enough. */
  boolean answered(NodeInfo replica) {
    QuorumTracker second = otherTracker;
    if (second == null) {
      return tracker.answered(replica);
    }
    boolean before = isReached();
    if (contains(replicas, replica)) {
      tracker.answered(replica);
    }
    if (contains(others, replica)) {
      second.answered(replica);
    }
    return !before && isReached();
  }

  private boolean isReached() {
    return tracker.isReached() && (otherTracker == null || otherTracker.isReached());
  }

  /** A replica has refused. True when that makes it impossible to have enough. */
  boolean refused(NodeInfo replica) {
    QuorumTracker second = otherTracker;
    if (second == null) {
      return tracker.refused(replica);
    }
    boolean impossible = contains(replicas, replica) && tracker.refused(replica);
    return (contains(others, replica) && second.refused(replica)) || impossible;
  }

  /** Of the set that lacks answers, for the error that says so. */
  QuorumTracker lacking() {
    return otherTracker != null && tracker.isReached() ? otherTracker : tracker;
  }

  /** How many of the first set. */
  int required() {
    return tracker.required();
  }

  /** Whether ownership of the rows changes. */
  boolean hasTwoSets() {
    return otherTracker != null;
  }

  /** In how many sets an answer of one of the {@link #targets} counts. */
  int weight(NodeInfo target) {
    QuorumTracker second = otherTracker;
    if (second == null) {
      return tracker.counts(target) ? 1 : 0;
    }
    int weight = tracker.counts(target) && contains(replicas, target) ? 1 : 0;
    return second.counts(target) && contains(others, target) ? weight + 1 : weight;
  }

  /** Whether the answers of these replicas are enough. */
  boolean isReachedBy(List<NodeInfo> answered) {
    QuorumTracker second = otherTracker;
    if (second == null) {
      return tracker.isReachedBy(answered);
    }
    return tracker.isReachedBy(those(answered, replicas))
        && second.isReachedBy(those(answered, others));
  }

  /**
   * Takes the first of {@code spare} whose answer helps beside those of {@code counted}.
   *
   * @return null when there are enough, or nobody helps
   */
  @Nullable NodeInfo next(List<NodeInfo> counted, List<NodeInfo> spare) {
    for (int i = 0; i < spare.size(); i++) {
      if (wants(counted, spare.get(i))) {
        return spare.remove(i);
      }
    }
    return null;
  }

  private boolean wants(List<NodeInfo> counted, NodeInfo target) {
    QuorumTracker second = otherTracker;
    if (second == null) {
      return tracker.wants(counted, target);
    }
    return (contains(replicas, target) && tracker.wants(those(counted, replicas), target))
        || (contains(others, target) && second.wants(those(counted, others), target));
  }

  private static List<NodeInfo> those(List<NodeInfo> nodes, List<NodeInfo> set) {
    List<NodeInfo> those = new ArrayList<>(nodes.size());
    for (NodeInfo node : nodes) {
      if (contains(set, node)) {
        those.add(node);
      }
    }
    return those;
  }
}
