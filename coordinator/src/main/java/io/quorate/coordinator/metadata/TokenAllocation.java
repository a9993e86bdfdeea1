package io.quorate.coordinator.metadata;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Chooses tokens for a node that joins or gets another weight, so that every node of its data
 * centre holds a share of all rows, as a replica, that goes with how many tokens it has ({@link
 * ReplicaShares}). Tokens are chosen one after the other, each where it makes the ring most even
 * when the new node has so many of its tokens; then each is tried elsewhere. Pure: the same ring
 * gives the same tokens.
 *
 * <p>That replicas are what should be even, and that a token is best tried in each range of the
 * ring, is the idea of Cassandra's allocation of tokens for a keyspace (CASSANDRA-7032).
 */
public final class TokenAllocation {
  private static final BigInteger RING = BigInteger.ONE.shiftLeft(64);
  private static final UUID SELF = new UUID(-1, -1);
  private static final int ROUNDS = 2;

  private TokenAllocation() {}

  /**
   * What it is to be even for.
   *
   * @param factor replicas of each row in the data centre
   * @param overRacks whether they are spread over racks
   */
  public record Goal(int factor, boolean overRacks) {}

  /**
   * @param nodes all nodes of the cluster
   * @param datacenter the new node's; only nodes of it give up ranges
   * @param rack the new node's
   * @param count how many tokens the new node gets
   * @param salt distinguishes the first nodes of several data centres, so that no two pick one
   *     token
   */
  public static List<Long> choose(
      Collection<NodeInfo> nodes, String datacenter, String rack, int count, int salt, Goal goal) {
    Set<Long> taken = taken(nodes);
    List<NodeInfo> ring = in(datacenter, nodes);
    if (ring.isEmpty()) {
      return evenly(count, salt, taken);
    }
    NodeInfo like = ring.getFirst();
    ring.add(
        new NodeInfo(
            SELF, like.internode(), like.nativeTransport(), datacenter, rack, "", List.of()));
    ReplicaShares shares = shares(ring, SELF, count, goal);
    int self = ring.size() - 1;
    // Whoever chooses from this ring chooses this token too, in whatever rack it is: of several
    // that do so at once, one is taken in, and the others are told to choose anew.
    long common = free(shares.middleOfTheGreatest(), taken);
    shares.add(common, self);
    List<Long> chosen = new ArrayList<>(List.of(common));
    addTokens(shares, self, chosen, 1, count, taken);
    return chosen;
  }

  /**
   * Tokens with which a node has another weight, as many of its own among them as can be: the fewer
   * change, the less moves.
   *
   * @param nodes all nodes of the cluster, {@code node} among them
   * @param count how many it should have
   */
  public static List<Long> weigh(Collection<NodeInfo> nodes, NodeInfo node, int count, Goal goal) {
    List<NodeInfo> ring = in(node.datacenter(), nodes);
    int self = ring.indexOf(node);
    ReplicaShares shares = shares(ring, node.hostId(), count, goal);
    List<Long> tokens = new ArrayList<>(node.tokens());
    while (tokens.size() > count) {
      Long least = leastNeeded(shares, self, tokens);
      shares.remove(least);
      tokens.remove(least);
    }
    addTokens(shares, self, tokens, tokens.size(), count, taken(nodes));
    return tokens;
  }

  private static List<NodeInfo> in(String datacenter, Collection<NodeInfo> nodes) {
    List<NodeInfo> ring = new ArrayList<>();
    for (NodeInfo node : nodes) {
      if (node.datacenter().equals(datacenter) && !node.isWitness()) {
        ring.add(node);
      }
    }
    return ring;
  }

  private static Set<Long> taken(Collection<NodeInfo> nodes) {
    Set<Long> taken = new HashSet<>();
    nodes.forEach(node -> taken.addAll(node.tokens()));
    return taken;
  }

  private static long free(long token, Set<Long> taken) {
    long free = token;
    while (!taken.add(free)) {
      free++;
    }
    return free;
  }

  private static ReplicaShares shares(List<NodeInfo> ring, UUID self, int count, Goal goal) {
    SortedMap<UUID, Integer> weights = new TreeMap<>();
    ring.forEach(node -> weights.put(node.hostId(), node.tokens().size()));
    weights.put(self, count);
    return new ReplicaShares(ring, weights, goal.factor(), goal.overRacks());
  }

  /** Adds tokens to those of a node, the first of which stay, until it has enough. */
  private static void addTokens(
      ReplicaShares shares, int self, List<Long> tokens, int stay, int count, Set<Long> taken) {
    double begin = shares.part(self);
    for (int added = 1; tokens.size() < count; added++) {
      double part = begin + (1 - begin) * added / (count - stay);
      long token = free(shares.best(self, part), taken);
      shares.add(token, self);
      tokens.add(token);
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = stay; i < tokens.size(); i++) {
        long old = tokens.get(i);
        double before = shares.unevenness();
        shares.remove(old);
        long other = free(shares.best(self, 1), taken);
        shares.add(other, self);
        if (shares.unevenness() < before) {
          taken.remove(old);
          tokens.set(i, other);
        } else {
          taken.remove(other);
          shares.remove(other);
          shares.add(old, self);
        }
      }
    }
  }

  /** The token of a node without which the ring is most even. */
  private static Long leastNeeded(ReplicaShares shares, int self, List<Long> tokens) {
    double least = Double.POSITIVE_INFINITY;
    Long leastNeeded = Collections.min(tokens);
    for (Long token : tokens) {
      shares.remove(token);
      double unevenness = shares.unevenness();
      shares.add(token, self);
      if (unevenness < least) {
        least = unevenness;
        leastNeeded = token;
      }
    }
    return leastNeeded;
  }

  private static List<Long> evenly(int count, int salt, Set<Long> taken) {
    List<Long> tokens = new ArrayList<>();
    BigInteger step = RING.divide(BigInteger.valueOf(count));
    for (int i = 0; i < count; i++) {
      long token = Long.MIN_VALUE + step.multiply(BigInteger.valueOf(i + 1)).longValue() - 1;
      tokens.add(free(token + salt, taken));
    }
    return tokens;
  }
}
