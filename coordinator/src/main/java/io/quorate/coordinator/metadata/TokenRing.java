package io.quorate.coordinator.metadata;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The ring of tokens: which node comes where, and from that the replicas of a token (Dynamo, SOSP
 * 2007, section 4.2 and 4.3). A node with token {@code t} owns the range that ends at {@code t},
 * inclusive, and begins behind the token before it.
 *
 * <p>Immutable. The replicas of every range under every replication in use are computed once, since
 * each request asks for them.
 */
public final class TokenRing {
  private final long[] tokens;
  private final NodeInfo[] owners;
  private final Map<String, Set<String>> racksByDatacenter = new TreeMap<>();
  private final Map<String, Integer> nodesByDatacenter = new TreeMap<>();

  private record Entry(long token, NodeInfo owner) {}

  public TokenRing(Collection<NodeInfo> nodes) {
    List<Entry> entries = new ArrayList<>();
    for (NodeInfo node : nodes) {
      if (node.isWitness()) {
        continue; // nor does its rack hold replicas
      }
      node.tokens().forEach(token -> entries.add(new Entry(token, node)));
      racksByDatacenter
          .computeIfAbsent(node.datacenter(), datacenter -> new LinkedHashSet<>())
          .add(node.rack());
      nodesByDatacenter.merge(node.datacenter(), 1, Integer::sum);
    }
    entries.sort(
        Comparator.comparingLong(Entry::token).thenComparing(entry -> entry.owner.hostId()));
    tokens = entries.stream().mapToLong(Entry::token).toArray();
    owners = entries.stream().map(Entry::owner).toArray(NodeInfo[]::new);
  }

  public boolean isEmpty() {
    return tokens.length == 0;
  }

  /** How many ranges the ring has. */
  public int rangeCount() {
    return tokens.length;
  }

  /** The end of range {@code range}, inclusive. */
  public long token(int range) {
    return tokens[range];
  }

  /** The node whose token ends range {@code range}. */
  public NodeInfo owner(int range) {
    return owners[range];
  }

  /** The part of the ring's tokens that a range has. */
  public double share(int range) {
    if (rangeCount() == 1) {
      return 1;
    }
    long before = token(range == 0 ? rangeCount() - 1 : range - 1);
    return ((token(range) - before) >>> 1) / 0x1.0p63;
  }

  /**
   * The part of its data centre's ring that each node owns, by host id: that is what replication by
   * data centre goes by, whatever tokens other data centres have in between.
   */
  public SortedMap<UUID, Double> shares() {
    SortedMap<UUID, Double> shares = new TreeMap<>();
    Map<String, Long> lastOf = new HashMap<>();
    for (int range = 0; range < rangeCount(); range++) {
      lastOf.put(owner(range).datacenter(), token(range));
    }
    for (int range = 0; range < rangeCount(); range++) {
      String datacenter = owner(range).datacenter();
      long before = Objects.requireNonNull(lastOf.put(datacenter, token(range)));
      // A lone token owns the whole ring.
      double share = token(range) == before ? 1 : ((token(range) - before) >>> 1) / 0x1.0p63;
      shares.merge(owner(range).hostId(), share, Double::sum);
    }
    return shares;
  }

  /** The range that has {@code token}: the first whose end is not below it, around the ring. */
  public int rangeOf(long token) {
    int found = Arrays.binarySearch(tokens, token);
    int at = found >= 0 ? found : -found - 1;
    return at == tokens.length ? 0 : at;
  }

  /**
   * The last token, from {@code token} upwards, of the range that has it. The range that goes
   * around the end of the token space is cut there.
   */
  public long lastTokenOfRange(long token) {
    int range = rangeOf(token);
    return token > tokens[range] ? Long.MAX_VALUE : tokens[range];
  }

  /** Replicas of each range under {@code replication}, the primary first; none on an empty ring. */
  public List<List<NodeInfo>> replicas(Replication replication) {
    List<List<NodeInfo>> replicas = new ArrayList<>(tokens.length);
    for (int range = 0; range < tokens.length; range++) {
      replicas.add(
          switch (replication) {
            case Replication.Simple simple -> next(range, simple.factor());
            case Replication.NetworkTopology topology -> spread(range, topology);
            case Replication.Local local -> List.of();
          });
    }
    return replicas;
  }

  private List<NodeInfo> next(int range, int factor) {
    Set<UUID> seen = new LinkedHashSet<>();
    List<NodeInfo> replicas = new ArrayList<>(factor);
    for (int step = 0; step < tokens.length && replicas.size() < factor; step++) {
      NodeInfo node = owners[(range + step) % tokens.length];
      if (seen.add(node.hostId())) {
        replicas.add(node);
      }
    }
    return List.copyOf(replicas);
  }

  /**
   * Walks the ring once and takes for each data centre nodes of racks it has not seen yet; nodes of
   * racks already seen fill up what the racks could not. This is what Cassandra does, so that a
   * ring with its tokens has its replicas.
   */
  private List<NodeInfo> spread(int range, Replication.NetworkTopology topology) {
    Map<String, DatacenterPick> picks = new TreeMap<>();
    topology
        .factors()
        .forEach((datacenter, factor) -> {
          int nodes = nodesByDatacenter.getOrDefault(datacenter, 0);
          int racks = racksByDatacenter.getOrDefault(datacenter, Set.of()).size();
          if (factor > 0 && nodes > 0) {
            picks.put(datacenter, new DatacenterPick(Math.min(factor, nodes), racks));
          }
        });
    List<NodeInfo> replicas = new ArrayList<>();
    int open = picks.size();
    for (int step = 0; step < tokens.length && open > 0; step++) {
      NodeInfo node = owners[(range + step) % tokens.length];
      DatacenterPick pick = picks.get(node.datacenter());
      if (pick != null && pick.wanted > 0) {
        pick.offer(node, replicas);
        if (pick.wanted == 0) {
          open--;
        }
      }
    }
    return List.copyOf(replicas);
  }

  private static final class DatacenterPick {
    private final Set<UUID> taken = new LinkedHashSet<>();
    private final Set<String> racksSeen = new LinkedHashSet<>();
    private int wanted;
    private int sameRackAllowed;
    private final int rackCount;

    DatacenterPick(int wanted, int rackCount) {
      this.wanted = wanted;
      this.rackCount = rackCount;
      this.sameRackAllowed = wanted - rackCount;
    }

    void offer(NodeInfo node, List<NodeInfo> replicas) {
      if (taken.contains(node.hostId())) {
        return;
      }
      boolean newRack = !racksSeen.contains(node.rack());
      if (!newRack && racksSeen.size() < rackCount && sameRackAllowed <= 0) {
        return;
      }
      if (newRack) {
        racksSeen.add(node.rack());
      } else {
        sameRackAllowed--;
      }
      taken.add(node.hostId());
      replicas.add(node);
      wanted--;
    }
  }
}
