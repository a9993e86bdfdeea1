package io.quorate.client;

import io.quorate.protocol.Murmur3;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of the cluster and their places on the ring, as the system tables told. Immutable.
 *
 * @param replicationFactors for each keyspace, how many replicas the local data centre has
 */
record Topology(
    List<Node> nodes, TreeMap<Long, Node> ring, Map<String, Integer> replicationFactors) {
  static final Topology NONE = new Topology(List.of(), new TreeMap<>(), Map.of());

  /** A node as clients see it. */
  record Node(InetSocketAddress address, String datacenter, List<Long> tokens) {}

  static Topology of(List<Node> nodes, Map<String, Integer> replicationFactors) {
    TreeMap<Long, Node> ring = new TreeMap<>();
    nodes.forEach(node -> node.tokens().forEach(token -> ring.put(token, node)));
    return new Topology(List.copyOf(nodes), ring, Map.copyOf(replicationFactors));
  }

  /** Replicas of a partition in a data centre, in ring order; none when they are not known. */
  List<Node> replicas(@Nullable String keyspace, byte[] partitionKey, String datacenter) {
    Integer factor = keyspace == null ? null : replicationFactors.get(keyspace);
    if (factor == null || ring.isEmpty()) {
      return List.of();
    }
    Set<Node> replicas = new LinkedHashSet<>();
    long token = Murmur3.token(partitionKey);
    walk(ring.tailMap(token, true), datacenter, factor, replicas);
    walk(ring, datacenter, factor, replicas);
    return new ArrayList<>(replicas);
  }

  private static void walk(
      Map<Long, Node> part, String datacenter, int factor, Set<Node> replicas) {
    for (Node node : part.values()) {
      if (replicas.size() >= factor) {
        return;
      }
      if (node.datacenter().equals(datacenter)) {
        replicas.add(node);
      }
    }
  }
}
