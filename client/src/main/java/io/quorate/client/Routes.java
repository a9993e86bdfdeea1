package io.quorate.client;

import io.quorate.client.Topology.Node;
import io.quorate.protocol.BoundValues;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes a statement may be sent to, in order: the replicas of its row in the local data
 * centre, then the other nodes there, then the rest; within each group beginning with another one
 * each time. Worked out when the topology changes, so that a statement only looks up its token.
 * Immutable.
 */
final class Routes {
  private static final NodePool[] NOBODY = {};

  private final NodePool[] near;
  private final NodePool[] far;

  /** The tokens of the local data centre's nodes, ascending. */
  private final long[] tokens;

  private final Map<String, Integer> replicationFactors;

  /**
   * By replication factor: who has the rows up to each token, and at the end those of the first.
   */
  private final Map<Integer, NodePool[][]> replicas = new HashMap<>();

  /**
   * @param pools by address; a node without one is left out
   */
  Routes(Topology topology, String datacenter, Map<InetSocketAddress, NodePool> pools) {
    List<NodePool> local = new ArrayList<>();
    List<NodePool> others = new ArrayList<>();
    TreeMap<Long, NodePool> ring = new TreeMap<>();
    for (Node node : topology.nodes()) {
      NodePool pool = pools.get(node.address());
      if (pool != null) {
        boolean isNear = node.datacenter().equals(datacenter);
        (isNear ? local : others).add(pool);
        if (isNear) {
          node.tokens().forEach(token -> ring.put(token, pool));
        }
      }
    }
    if (topology.nodes().isEmpty()) {
      local.addAll(pools.values());
    }
    near = local.toArray(NOBODY);
    far = others.toArray(NOBODY);
    tokens = ring.keySet().stream().mapToLong(Long::longValue).toArray();
    replicationFactors = topology.replicationFactors();
    for (int factor : Set.copyOf(replicationFactors.values())) {
      replicas.put(factor, replicas(new ArrayList<>(ring.values()), factor));
    }
  }

  private static NodePool[][] replicas(List<NodePool> owners, int factor) {
    NodePool[][] byToken = new NodePool[owners.size() + 1][];
    for (int from = 0; from < byToken.length; from++) {
      Set<NodePool> found = new LinkedHashSet<>();
      for (int i = 0; i < owners.size() && found.size() < factor; i++) {
        found.add(owners.get((from + i) % owners.size()));
      }
      byToken[from] = found.toArray(NOBODY);
    }
    return byToken;
  }

  /**
   * @param turn the number of the statement, so that nodes take turns
   */
  Iterator<NodePool> of(Statement statement, int turn) {
    return new Route(replicasOf(statement.prepared(), statement.values()), turn);
  }

  private NodePool[] replicasOf(@Nullable PreparedStatement prepared, BoundValues values) {
    Integer factor = prepared == null ? null : replicationFactors.get(prepared.keyspace());
    NodePool[][] byToken = factor == null ? null : replicas.get(factor);
    if (prepared == null || byToken == null || !prepared.bindsPartitionKey(values)) {
      return NOBODY;
    }
    int found = Arrays.binarySearch(tokens, prepared.token(values));
    return byToken[found >= 0 ? found : -found - 1];
  }

  /**
   * Each node once, those that are said to be down at the end. Looked at as far as needed, which is
   * the first one mostly.
   */
  private final class Route implements Iterator<NodePool> {
    private final NodePool[] owners;
    private final int turn;
    private int group;
    private int position;

    /** Nodes passed over since they are said to be down; made when there is one. */
    private @Nullable Queue<NodePool> passedOver;

    private @Nullable NodePool following;

    Route(NodePool[] owners, int turn) {
      this.owners = owners;
      this.turn = turn;
      this.following = find();
    }

    private @Nullable NodePool find() {
      for (; group < 3; group++) {
        NodePool[] pools = group == 0 ? owners : group == 1 ? near : far;
        while (position < pools.length) {
          NodePool pool = pools[(int) ((turn + (long) position++) % pools.length)];
          if (group > 0 && isOwner(pool)) {
            continue;
          }
          if (!pool.isDown()) {
            return pool;
          }
          if (passedOver == null) {
            passedOver = new ArrayDeque<>(1);
          }
          passedOver.add(pool);
        }
        position = 0;
      }
      return passedOver == null ? null : passedOver.poll();
    }

    private boolean isOwner(NodePool pool) {
      for (NodePool owner : owners) {
        if (owner == pool) {
          return true;
        }
      }
      return false;
    }

    @Override
    public boolean hasNext() {
      return following != null;
    }

    @Override
    public NodePool next() {
      NodePool next = following;
      if (next == null) {
        throw new NoSuchElementException();
      }
      following = find();
      return next;
    }
  }
}
