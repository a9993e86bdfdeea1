package io.quorate.node;

import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.raft.PeerId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which nodes should vote in the metadata ring. Pure.
 *
 * <p>As many as {@link VoterPolicy} says, an odd number, spread so that no data centre, and in it
 * no rack, has two votes more than another that could have one more: then the loss of one of three
 * racks, or of the smaller of two data centres, leaves a majority. Among nodes that are as good,
 * those that vote already stay, of these rather one that answers, and a witness, which is there to
 * vote, goes before the others; so whoever was chosen is chosen again as long as the nodes are the
 * same.
 *
 * <p>Only who follows the log gets a vote. A voter that is lost gives its vote away only to one
 * that can take it: fewer than three votes are never left, and one that is silent may come back.
 *
 * @param nodes of the cluster, witnesses too, without one that is about to leave
 * @param current who votes now; some may not be of the cluster (yet, or any more)
 * @param lost those of {@code current} that were silent, or not of the cluster, for too long
 * @param followers who follows the log now
 */
record VoterChoice(
    Collection<NodeInfo> nodes, Set<PeerId> current, Set<PeerId> lost, Set<PeerId> followers) {
  private static final int LEAST = 3;

  static PeerId peer(NodeInfo node) {
    return new PeerId(node.internode().toString());
  }

  /** Who should vote: {@code current}, when that cannot be done or made better now. */
  Set<PeerId> choose(VoterPolicy policy) {
    Set<PeerId> named = new TreeSet<>();
    nodes.forEach(node -> named.add(peer(node)));
    if (current.stream().anyMatch(peer -> !named.contains(peer) && !lost.contains(peer))) {
      return current; // the cluster is just starting: that one has not said yet what it is
    }
    List<NodeInfo> candidates = new ArrayList<>();
    for (NodeInfo node : nodes) {
      PeerId peer = peer(node);
      if (current.contains(peer) ? !lost.contains(peer) : followers.contains(peer)) {
        candidates.add(node);
      }
    }
    int most = candidates.size() < LEAST ? Math.min(LEAST, current.size()) : odd(candidates.size());
    int wanted = Math.min(policy.votersOf(nodes.size()), most);
    Set<PeerId> chosen = new TreeSet<>();
    Votes votes = new Votes();
    while (chosen.size() < wanted && !candidates.isEmpty()) {
      NodeInfo next = candidates.stream().min(order(votes)).orElseThrow();
      candidates.remove(next);
      votes.add(next);
      chosen.add(peer(next));
    }
    lost.stream().filter(named::contains).limit(wanted - chosen.size()).forEach(chosen::add);
    return isLiving(chosen) ? chosen : current;
  }

  private static int odd(int count) {
    return count % 2 == 0 ? count - 1 : count;
  }

  /** Whether a majority of those chosen could decide something at once. */
  private boolean isLiving(Set<PeerId> chosen) {
    long living = chosen.stream().filter(followers::contains).count();
    return living > chosen.size() / 2;
  }

  private Comparator<NodeInfo> order(Votes votes) {
    return Comparator.<NodeInfo>comparingInt(votes::ofDatacenter)
        .thenComparingInt(votes::ofRack)
        .thenComparing(node -> !current.contains(peer(node)))
        .thenComparing(node -> !followers.contains(peer(node)))
        .thenComparing(node -> !node.isWitness())
        .thenComparing(NodeInfo::hostId);
  }

  /** How many votes each place has. */
  private static final class Votes {
    private final Map<String, Integer> ofDatacenters = new TreeMap<>();
    private final Map<List<String>, Integer> ofRacks = new HashMap<>();

    void add(NodeInfo node) {
      ofDatacenters.merge(node.datacenter(), 1, Integer::sum);
      ofRacks.merge(rack(node), 1, Integer::sum);
    }

    int ofDatacenter(NodeInfo node) {
      return ofDatacenters.getOrDefault(node.datacenter(), 0);
    }

    int ofRack(NodeInfo node) {
      return ofRacks.getOrDefault(rack(node), 0);
    }

    private static List<String> rack(NodeInfo node) {
      return List.of(node.datacenter(), node.rack());
    }
  }
}
