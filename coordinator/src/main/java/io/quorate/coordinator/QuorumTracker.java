package io.quorate.coordinator;

import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.protocol.ConsistencyLevel;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Counts the answers of a request's replicas against its consistency level. Pure: knows no network
 * and no time. One object a request; not thread-safe.
 *
 * <p>QUORUM of n replicas is n / 2 + 1: two quorums of one replica set share a replica, which is
 * why R + W &gt; N reads what was written (Gifford, Weighted Voting, SOSP 1979).
 */
final class QuorumTracker {
  private final ConsistencyLevel level;
  private final @Nullable String countedDatacenter;
  private final @Nullable SortedMap<String, int[]> openByDatacenter;
  private final int required;
  private final int candidates;
  private int received;
  private int failed;

  private QuorumTracker(
      ConsistencyLevel level,
      @Nullable String countedDatacenter,
      @Nullable SortedMap<String, int[]> openByDatacenter,
      int required,
      int candidates) {
    this.level = level;
    this.countedDatacenter = countedDatacenter;
    this.openByDatacenter = openByDatacenter;
    this.required = required;
    this.candidates = candidates;
  }

  /**
   * @param replicas of the row, alive or not
   * @param localDatacenter the coordinator's
   */
  static QuorumTracker of(ConsistencyLevel level, List<NodeInfo> replicas, String localDatacenter) {
    if (level == ConsistencyLevel.EACH_QUORUM) {
      SortedMap<String, int[]> open = new TreeMap<>();
      replicas.forEach(r -> open.computeIfAbsent(r.datacenter(), dc -> new int[1])[0]++);
      int required = 0;
      for (int[] count : open.values()) {
        count[0] = quorum(count[0]);
        required += count[0];
      }
      return new QuorumTracker(level, null, open, required, replicas.size());
    }
    String counted = level.isDatacenterLocal() ? localDatacenter : null;
    int candidates = counted(replicas, counted);
    return new QuorumTracker(level, counted, null, required(level, candidates), candidates);
  }

  /** How many answers a level needs of so many replicas that count, if it is not of each centre. */
  private static int required(ConsistencyLevel level, int candidates) {
    return switch (level) {
      case ANY, ONE, LOCAL_ONE -> 1;
      case TWO -> 2;
      case THREE -> 3;
      case QUORUM, LOCAL_QUORUM, SERIAL, LOCAL_SERIAL, EACH_QUORUM -> quorum(candidates);
      case ALL -> candidates;
    };
  }

  /**
   * Whether a level needs one answer, of any of the replicas that count. At EACH_QUORUM that is so
   * when there is one replica at all.
   */
  static boolean isOfOne(ConsistencyLevel level, List<NodeInfo> replicas, String localDatacenter) {
    String counted = level.isDatacenterLocal() ? localDatacenter : null;
    return required(level, counted(replicas, counted)) == 1;
  }

  static int quorum(int replicas) {
    return replicas / 2 + 1;
  }

  ConsistencyLevel level() {
    return level;
  }

  int required() {
    return required;
  }

  int received() {
    return received;
  }

  int failed() {
    return failed;
  }

  /** Whether answers of this replica count towards the level. */
  boolean counts(NodeInfo replica) {
    return countedDatacenter == null || countedDatacenter.equals(replica.datacenter());
  }

  /**
   * What keeps the request from being tried: the level needs more replicas than are alive.
   *
   * @return null when enough are alive
   */
  RequestFailure.@Nullable Unavailable unavailable(
      List<NodeInfo> replicas, Predicate<NodeInfo> alive) {
    if (openByDatacenter != null) {
      for (var datacenter : openByDatacenter.entrySet()) {
        int needed = datacenter.getValue()[0];
        int up = 0;
        for (NodeInfo replica : replicas) {
          if (replica.datacenter().equals(datacenter.getKey()) && alive.test(replica)) {
            up++;
          }
        }
        if (up < needed) {
          return new RequestFailure.Unavailable(level, needed, up);
        }
      }
      return null;
    }
    int up = 0;
    for (int i = 0; i < replicas.size(); i++) {
      if (counts(replicas.get(i)) && alive.test(replicas.get(i))) {
        up++;
      }
    }
    return up < required ? new RequestFailure.Unavailable(level, required, up) : null;
  }

  /** A replica has done its part. True when that, and not an earlier answer, reaches the level. */
  boolean answered(NodeInfo replica) {
    if (openByDatacenter != null) {
      int[] open = openByDatacenter.get(replica.datacenter());
      if (open == null || open[0] == 0) {
        return false;
      }
      open[0]--;
      return ++received == required;
    }
    return counts(replica) && ++received == required;
  }

  /** A replica has refused. True when that makes the level impossible to reach. */
  boolean refused(NodeInfo replica) {
    if (!counts(replica)) {
      return false;
    }
    failed++;
    return !isReached() && candidates - failed == required - 1;
  }

  /** Whether answers of some of the replicas would be enough. Counts none. */
  boolean isReachedBy(List<NodeInfo> answered) {
    if (openByDatacenter == null) {
      return counted(answered, countedDatacenter) >= required;
    }
    for (var datacenter : openByDatacenter.entrySet()) {
      if (counted(answered, datacenter.getKey()) < datacenter.getValue()[0]) {
        return false;
      }
    }
    return true;
  }

  /** Whether an answer of one more replica would help beside those of others. Counts none. */
  boolean wants(List<NodeInfo> answered, NodeInfo replica) {
    if (openByDatacenter == null) {
      return counts(replica) && !isReachedBy(answered);
    }
    int[] open = openByDatacenter.get(replica.datacenter());
    return open != null && counted(answered, replica.datacenter()) < open[0];
  }

  private static int counted(List<NodeInfo> nodes, @Nullable String datacenter) {
    if (datacenter == null) {
      return nodes.size();
    }
    int counted = 0;
    for (int i = 0; i < nodes.size(); i++) {
      counted += nodes.get(i).datacenter().equals(datacenter) ? 1 : 0;
    }
    return counted;
  }

  boolean isReached() {
    return received >= required;
  }
}
