package io.quorate.coordinator;

import io.quorate.coordinator.ReadCoordination.ReplicaReader;
import io.quorate.coordinator.metadata.NodeInfo;
import java.util.ArrayList;
import java.util.List;

/** In which order replicas are asked. */
final class ReplicaOrder {
  private ReplicaOrder() {}

  /**
   * The live replicas that count: this node first, then its data centre, then the rest. While
   * ownership changes, those that stay come before all others: with one node in place of another, a
   * quorum of them is one of both sets.
   */
  static List<NodeInfo> forRead(ReplicaReader reader, RequestQuorum quorum) {
    List<NodeInfo> targets = quorum.targets();
    List<NodeInfo> closest = new ArrayList<>(targets.size());
    for (int weight = quorum.hasTwoSets() ? 2 : 1; weight > 0; weight--) {
      for (int distance = 0; distance < 3; distance++) {
        for (int i = 0; i < targets.size(); i++) {
          NodeInfo replica = targets.get(i);
          if (distance(reader, replica) == distance
              && quorum.weight(replica) == weight
              && reader.isAlive(replica)) {
            closest.add(replica);
          }
        }
      }
    }
    return closest;
  }

  private static int distance(ReplicaReader reader, NodeInfo replica) {
    if (reader.isLocal(replica)) {
      return 0;
    }
    return replica.datacenter().equals(reader.localDatacenter()) ? 1 : 2;
  }
}
