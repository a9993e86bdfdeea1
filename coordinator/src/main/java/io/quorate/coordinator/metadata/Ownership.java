package io.quorate.coordinator.metadata;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Who owns what, for one set of nodes: their ring, and in each keyspace the replicas of each range.
 * Worked out once, since each request asks. Immutable.
 */
final class Ownership {
  private final TokenRing ring;
  private final Map<String, List<List<NodeInfo>>> replicasByKeyspace = new HashMap<>();

  Ownership(Collection<NodeInfo> nodes, Collection<KeyspaceMetadata> keyspaces) {
    ring = new TokenRing(nodes);
    Map<Replication, List<List<NodeInfo>>> byReplication = new HashMap<>();
    for (KeyspaceMetadata keyspace : keyspaces) {
      replicasByKeyspace.put(
          keyspace.name(), byReplication.computeIfAbsent(keyspace.replication(), ring::replicas));
    }
  }

  TokenRing ring() {
    return ring;
  }

  /** Replicas of a token in a keyspace, the primary first; none when the keyspace is unknown. */
  List<NodeInfo> replicas(String keyspace, long token) {
    List<List<NodeInfo>> replicas = replicasByKeyspace.get(keyspace);
    return replicas == null || replicas.isEmpty() ? List.of() : replicas.get(ring.rangeOf(token));
  }

  boolean isReplica(UUID hostId, String keyspace, long token) {
    for (NodeInfo replica : replicas(keyspace, token)) {
      if (replica.hostId().equals(hostId)) {
        return true;
      }
    }
    return false;
  }
}
