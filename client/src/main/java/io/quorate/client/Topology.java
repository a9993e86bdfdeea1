package io.quorate.client;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;

/**
 * The nodes of the cluster and their places on the ring, as the system tables told. Immutable.
 *
 * @param replicationFactors for each keyspace, how many replicas the local data centre has
 */
record Topology(List<Node> nodes, Map<String, Integer> replicationFactors) {
  static final Topology NONE = new Topology(List.of(), Map.of());

  /** A node as clients see it. */
  record Node(InetSocketAddress address, String datacenter, List<Long> tokens) {}

  Topology {
    nodes = List.copyOf(nodes);
    replicationFactors = Map.copyOf(replicationFactors);
  }
}
