package io.quorate.coordinator;

import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.protocol.ConsistencyLevel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a write needs: its level among the replicas of its row, and while ownership changes the same
 * among those that the row had or will have, so that whoever reads from either set finds it. Pure.
 * One object a write; not thread-safe.
 */
final class WriteQuorum {
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
  WriteQuorum(
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
    for (NodeInfo one : nodes) {
      if (one.hostId().equals(node.hostId())) {
        return true;
      }
    }
    return false;
  }

  /** What keeps the write from being tried: too few of a set are alive; null when nothing does. */
  RequestFailure.@Nullable Unavailable unavailable(Predicate<NodeInfo> alive) {
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

  int required() {
    return tracker.required();
  }
}
