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
