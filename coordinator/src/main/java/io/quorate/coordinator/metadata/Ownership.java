package io.quorate.coordinator.metadata;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Who owns what, for one set of nodes: their ring, and in each keyspace the replicas of each range.
 * Worked out once, since each request asks; and not again when only keyspaces change. Immutable.
 */
final class Ownership {
  private final List<NodeInfo> nodes;
  private final TokenRing ring;
  private final Map<Replication, List<List<NodeInfo>>> replicasByReplication = new HashMap<>();
  private final Map<String, List<List<NodeInfo>>> replicasByKeyspace = new HashMap<>();

  Ownership(Collection<NodeInfo> nodes, Collection<KeyspaceMetadata> keyspaces) {
    this(List.copyOf(nodes), new TokenRing(nodes), Map.of(), keyspaces);
  }

  private Ownership(
      List<NodeInfo> nodes,
      TokenRing ring,
      Map<Replication, List<List<NodeInfo>>> known,
      Collection<KeyspaceMetadata> keyspaces) {
    this.nodes = nodes;
    this.ring = ring;
    for (KeyspaceMetadata keyspace : keyspaces) {
      List<List<NodeInfo>> replicas =
          replicasByReplication.computeIfAbsent(
              keyspace.replication(),
              replication -> {
                List<List<NodeInfo>> before = known.get(replication);
                return before == null ? ring.replicas(replication) : before;
              });
      replicasByKeyspace.put(keyspace.name(), replicas);
    }
  }

  /** The same nodes' in other keyspaces. */
  Ownership in(Collection<KeyspaceMetadata> keyspaces) {
    return new Ownership(nodes, ring, replicasByReplication, keyspaces);
  }

  boolean isOf(Collection<NodeInfo> others) {
    return nodes.equals(List.copyOf(others));
  }

  TokenRing ring() {
    return ring;
  }

  /** Replicas of a token in a keyspace, the primary first; none when the keyspace is unknown. */
  List<NodeInfo> replicas(String keyspace, long token) {
    List<List<NodeInfo>> replicas = replicasByKeyspace.get(keyspace);
    return replicas == null || replicas.isEmpty() ? List.of() : replicas.get(ring.rangeOf(token));
  }

  /** Whether two lists are the same nodes in the same order, wherever these may stand. */
  static boolean isSame(List<NodeInfo> some, List<NodeInfo> others) {
    if (some.size() != others.size()) {
      return false;
    }
    for (int i = 0; i < some.size(); i++) {
      if (!some.get(i).hostId().equals(others.get(i).hostId())) {
        return false;
      }
    }
    return true;
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
