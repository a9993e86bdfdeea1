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
 * Chooses tokens for a node that joins, so that every node of its data centre owns the same share
 * of the ring. Each new token cuts a piece of the size that the new node needs off the greatest
 * range of the node that owns most. Pure: the same ring gives the same tokens.
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
    long nodesAfter = owners.values().stream().distinct().count() + 1;
    BigInteger wanted = RING.divide(BigInteger.valueOf(nodesAfter));
    List<Long> chosen = new ArrayList<>();
    UUID newcomer = new UUID(-1, -1);
    for (int i = 0; i < count; i++) {
      Range range = greatestRangeOfTheRichest(owners, newcomer);
      BigInteger piece = wanted.divide(BigInteger.valueOf(count - i));
      BigInteger cut = piece.min(range.size.multiply(SEVEN).shiftRight(3));
      wanted = wanted.subtract(cut);
      long token = range.start + cut.longValue();
      while (taken.contains(token)) {
        token++;
      }
      owners.put(token, newcomer);
      taken.add(token);
      chosen.add(token);
    }
    return chosen;
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

  private static Range greatestRangeOfTheRichest(SortedMap<Long, UUID> owners, UUID newcomer) {
    List<Range> ranges = new ArrayList<>();
    SortedMap<UUID, BigInteger> owned = new TreeMap<>();
    long previous = owners.lastKey();
    for (var entry : owners.entrySet()) {
      BigInteger size =
          BigInteger.valueOf(entry.getKey()).subtract(BigInteger.valueOf(previous)).mod(RING);
      if (size.signum() == 0) {
        size = RING;
      }
      if (!entry.getValue().equals(newcomer)) {
        ranges.add(new Range(previous, size, entry.getValue()));
        owned.merge(entry.getValue(), size, BigInteger::add);
      }
      previous = entry.getKey();
    }
    return ranges.stream()
        .max(
            Comparator.<Range, BigInteger>comparing(range -> owned.get(range.owner))
                .thenComparing(Range::owner)
                .thenComparing(Range::size))
        .orElseThrow();
  }
}
