package io.quorate.coordinator;

import io.quorate.coordinator.ReadCoordination.ReplicaReader;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.protocol.ConsistencyLevel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** In which order replicas are asked. */
final class ReplicaOrder {
  private ReplicaOrder() {}

  /**
   * The live replicas that count towards the level: this node first, then its data centre, then the
   * rest. At EACH_QUORUM a quorum of each data centre stands before all others.
   */
  static List<NodeInfo> forRead(
      ReplicaReader reader, List<NodeInfo> replicas, QuorumTracker tracker) {
    List<NodeInfo> closest = new ArrayList<>(replicas.size());
    for (int distance = 0; distance < 3; distance++) {
      for (NodeInfo replica : replicas) {
        if (distance(reader, replica) == distance
            && tracker.counts(replica)
            && reader.isAlive(replica)) {
          closest.add(replica);
        }
      }
    }
    return tracker.level() == ConsistencyLevel.EACH_QUORUM
        ? quorumsFirst(closest, replicas)
        : closest;
  }

  private static int distance(ReplicaReader reader, NodeInfo replica) {
    if (reader.isLocal(replica)) {
      return 0;
    }
    return replica.datacenter().equals(reader.localDatacenter()) ? 1 : 2;
  }

  private static List<NodeInfo> quorumsFirst(List<NodeInfo> closest, List<NodeInfo> replicas) {
    Map<String, Integer> open = new HashMap<>();
    replicas.forEach(replica -> open.merge(replica.datacenter(), 1, Integer::sum));
    open.replaceAll((datacenter, count) -> QuorumTracker.quorum(count));
    List<NodeInfo> needed = new ArrayList<>();
    List<NodeInfo> spare = new ArrayList<>();
    for (NodeInfo replica : closest) {
      boolean needs = open.merge(replica.datacenter(), -1, Integer::sum) >= 0;
      (needs ? needed : spare).add(replica);
    }
    needed.addAll(spare);
    return needed;
  }
}
