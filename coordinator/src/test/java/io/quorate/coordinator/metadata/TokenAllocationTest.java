package io.quorate.coordinator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Endpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** An uneven ring fills one node's disk while the others are empty. */
class TokenAllocationTest {
  @Test
  void everyNodeOwnsWithinATenthOfItsShareAsTheClusterGrows() {
    List<NodeInfo> nodes = new ArrayList<>();
    for (int i = 1; i <= 12; i++) {
      List<Long> tokens = TokenAllocation.choose(nodes, "dc", 16, 0);
      assertThat(tokens).doesNotHaveDuplicates().hasSize(16);
      Endpoint endpoint = new Endpoint("n" + i, 1);
      nodes.add(new NodeInfo(new UUID(0, i), endpoint, endpoint, "dc", "r", "v", tokens));
      Map<UUID, Double> owned = owned(new TokenRing(nodes));
      for (double share : owned.values()) {
        assertThat(share * i).as("of " + i + " nodes").isBetween(0.9, 1.1);
      }
    }
  }

  private static List<NodeInfo> cluster(int count) {
    List<NodeInfo> nodes = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      nodes.add(node(i, TokenAllocation.choose(nodes, "dc", 16, 0)));
    }
    return nodes;
  }

  private static NodeInfo node(int number, List<Long> tokens) {
    Endpoint endpoint = new Endpoint("n" + number, 1);
    return new NodeInfo(new UUID(0, number), endpoint, endpoint, "dc", "r", "v", tokens);
  }

  @Test
  void aNodeOfAnotherWeightOwnsThatMuchMoreOrLess() {
    for (int count : List.of(3, 6, 12)) {
      for (int tokens : List.of(4, 8, 12, 20, 32, 48)) {
        List<NodeInfo> nodes = cluster(count);
        NodeInfo before = nodes.get(1);
        List<Long> weighed = TokenAllocation.weigh(nodes, before, tokens);
        assertThat(weighed).doesNotHaveDuplicates().hasSize(tokens);
        assertThat(weighed.stream().filter(before.tokens()::contains))
            .as("what it has it keeps")
            .hasSize(Math.min(16, tokens));
        nodes.set(1, node(2, weighed));
        assertWeighed(nodes);
        // One that joins afterwards leaves each its weight.
        nodes.add(node(count + 1, TokenAllocation.choose(nodes, "dc", 16, 0)));
        assertWeighed(nodes);
      }
    }
  }

  /** Each owns what goes with its tokens; it keeps what it has, so not as evenly as new ones. */
  private static void assertWeighed(List<NodeInfo> nodes) {
    Map<UUID, Double> owned = owned(new TokenRing(nodes));
    int tokens = nodes.stream().mapToInt(node -> node.tokens().size()).sum();
    for (NodeInfo node : nodes) {
      double share = owned.getOrDefault(node.hostId(), 0.0) * tokens / node.tokens().size();
      assertThat(share)
          .as("node %s of %d with %d tokens", node.hostId(), nodes.size(), node.tokens().size())
          .isBetween(0.85, 1.15);
    }
  }

  private static Map<UUID, Double> owned(TokenRing ring) {
    Map<UUID, Double> owned = new HashMap<>();
    for (int range = 0; range < ring.rangeCount(); range++) {
      long start = ring.token(range == 0 ? ring.rangeCount() - 1 : range - 1);
      long size = ring.token(range) - start;
      double share = ring.rangeCount() == 1 ? 1 : (size >>> 1) / 0x1.0p63;
      owned.merge(ring.owner(range).hostId(), share, Double::sum);
    }
    return owned;
  }
}
