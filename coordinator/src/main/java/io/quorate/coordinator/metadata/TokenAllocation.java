package io.quorate.coordinator.metadata;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Chooses tokens for a node that joins or gets another weight, so that every node of its data
 * centre owns a share of the ring that goes with how many tokens it has. Each new token cuts a
 * piece of the size that the node needs off the greatest range of the node that owns most for its
 * weight. Pure: the same ring gives the same tokens.
 */
public final class TokenAllocation {
  private static final BigInteger SEVEN = BigInteger.valueOf(7);
  private static final BigInteger RING = BigInteger.ONE.shiftLeft(64);

  private TokenAllocation() {}

  /**
   * @param nodes all nodes of the cluster
   * @param datacenter the new node's; only nodes of it give up ranges
   * @param count how many tokens the new node gets
   * @param salt distinguishes the first nodes of several data centres, so that no two pick one
   *     token
   */
  public static List<Long> choose(
      Collection<NodeInfo> nodes, String datacenter, int count, int salt) {
    SortedMap<Long, UUID> owners = new TreeMap<>();
    for (NodeInfo node : nodes) {
      if (node.datacenter().equals(datacenter)) {
        node.tokens().forEach(token -> owners.put(token, node.hostId()));
      }
    }
    List<Long> taken = new ArrayList<>();
    nodes.forEach(node -> taken.addAll(node.tokens()));
    if (owners.isEmpty()) {
      return evenly(count, salt, taken);
    }
    return cut(owners, taken, new UUID(-1, -1), count, count);
  }

  /**
   * Tokens with which a node has another weight, as many of its own among them as can be: the fewer
   * change, the less moves.
   *
   * @param nodes all nodes of the cluster, {@code node} among them
   * @param count how many it should have
   */
  public static List<Long> weigh(Collection<NodeInfo> nodes, NodeInfo node, int count) {
    SortedMap<Long, UUID> owners = new TreeMap<>();
    List<Long> taken = new ArrayList<>();
    for (NodeInfo other : nodes) {
      taken.addAll(other.tokens());
      if (other.datacenter().equals(node.datacenter())) {
        other.tokens().forEach(token -> owners.put(token, other.hostId()));
      }
    }
    List<Long> tokens = new ArrayList<>(node.tokens());
    if (count >= tokens.size()) {
      tokens.addAll(cut(owners, taken, node.hostId(), count, count - tokens.size()));
      return tokens;
    }
    while (tokens.size() > count) {
      Long leastNeeded = leastNeeded(owners, node.hostId(), tokens);
      owners.remove(leastNeeded);
      tokens.remove(leastNeeded);
    }
    return tokens;
  }

  /** Cuts ranges of the others' for a node that will have {@code count} tokens. */
  private static List<Long> cut(
      SortedMap<Long, UUID> owners, List<Long> taken, UUID self, int count, int cuts) {
    long tokensOfOthers = owners.values().stream().filter(owner -> !owner.equals(self)).count();
    BigInteger wanted =
        RING.multiply(BigInteger.valueOf(count))
            .divide(BigInteger.valueOf(tokensOfOthers + count))
            .subtract(owned(owners).getOrDefault(self, BigInteger.ZERO))
            .max(BigInteger.ZERO);
    List<Long> chosen = new ArrayList<>();
    for (int i = 0; i < cuts; i++) {
      Range range = greatestRangeOfTheRichest(owners, self);
      BigInteger piece = wanted.divide(BigInteger.valueOf(cuts - i)).max(BigInteger.ONE);
      BigInteger cut = piece.min(range.size.multiply(SEVEN).shiftRight(3));
      wanted = wanted.subtract(cut).max(BigInteger.ZERO);
      long token = range.start + cut.longValue();
      while (taken.contains(token)) {
        token++;
      }
      owners.put(token, self);
      taken.add(token);
      chosen.add(token);
    }
    return chosen;
  }

  /**
   * The token of {@code self} without which each owns most nearly what it should; its range goes to
   * the next one on the ring.
   */
  private static Long leastNeeded(SortedMap<Long, UUID> owners, UUID self, List<Long> tokens) {
    SortedMap<UUID, Long> weights = new TreeMap<>();
    owners.values().forEach(owner -> weights.merge(owner, 1L, Long::sum));
    weights.put(self, tokens.size() - 1L);
    return tokens.stream()
        .min(
            Comparator.<Long>comparingDouble(token -> unevenness(owners, token, weights))
                .thenComparing(Comparator.naturalOrder()))
        .orElseThrow();
  }

  /** The sum of the squares of what each owns too much or too little without a token. */
  private static double unevenness(
      SortedMap<Long, UUID> owners, Long token, SortedMap<UUID, Long> weights) {
    SortedMap<Long, UUID> without = new TreeMap<>(owners);
    without.remove(token);
    SortedMap<UUID, BigInteger> owned = owned(without);
    double total = weights.values().stream().mapToLong(weight -> weight).sum();
    double sum = 0;
    for (var weight : weights.entrySet()) {
      double share = owned.getOrDefault(weight.getKey(), BigInteger.ZERO).doubleValue() / 0x1.0p64;
      double fair = weight.getValue() / total;
      sum += (share / fair - 1) * (share / fair - 1);
    }
    return sum;
  }

  private static List<Long> evenly(int count, int salt, List<Long> taken) {
    List<Long> tokens = new ArrayList<>();
    BigInteger step = RING.divide(BigInteger.valueOf(count));
    for (int i = 0; i < count; i++) {
      long token = Long.MIN_VALUE + step.multiply(BigInteger.valueOf(i + 1)).longValue() - 1;
      token += salt;
      while (taken.contains(token)) {
        token++;
      }
      tokens.add(token);
    }
    return tokens;
  }

  /** The range behind {@code start}, up to its owner's token. */
  private record Range(long start, BigInteger size, UUID owner) {}

  private static Range greatestRangeOfTheRichest(SortedMap<Long, UUID> owners, UUID self) {
    SortedMap<UUID, Long> tokens = new TreeMap<>();
    owners.values().forEach(owner -> tokens.merge(owner, 1L, Long::sum));
    SortedMap<UUID, BigInteger> ownedForAToken = owned(owners);
    ownedForAToken.replaceAll(
        (owner, size) -> size.divide(BigInteger.valueOf(tokens.getOrDefault(owner, 1L))));
    return ranges(owners).stream()
        .filter(range -> !range.owner.equals(self))
        .max(
            Comparator.<Range, BigInteger>comparing(
                    range -> ownedForAToken.getOrDefault(range.owner, BigInteger.ZERO))
                .thenComparing(Range::owner)
                .thenComparing(Range::size))
        .orElseThrow();
  }

  private static SortedMap<UUID, BigInteger> owned(SortedMap<Long, UUID> owners) {
    SortedMap<UUID, BigInteger> owned = new TreeMap<>();
    ranges(owners).forEach(range -> owned.merge(range.owner, range.size, BigInteger::add));
    return owned;
  }

  private static List<Range> ranges(SortedMap<Long, UUID> owners) {
    List<Range> ranges = new ArrayList<>();
    long previous = owners.lastKey();
    for (var entry : owners.entrySet()) {
      BigInteger size =
          BigInteger.valueOf(entry.getKey()).subtract(BigInteger.valueOf(previous)).mod(RING);
      ranges.add(new Range(previous, size.signum() == 0 ? RING : size, entry.getValue()));
      previous = entry.getKey();
    }
    return ranges;
  }
}
