package io.quorate.coordinator.metadata;

import io.quorate.environment.Endpoint;
import java.util.List;
import java.util.UUID;

/**
 * A node, as the metadata ring knows it.
 *
 * @param hostId what the node is; its addresses are attributes that may change
 * @param internode where its peers reach it
 * @param nativeTransport where CQL clients reach it
 * @param tokens the ends of the token ranges that it owns first, sorted; none of a witness
 */
public record NodeInfo(
    UUID hostId,
    Endpoint internode,
    Endpoint nativeTransport,
    String datacenter,
    String rack,
    String releaseVersion,
    List<Long> tokens) {

  public NodeInfo {
    tokens = tokens.stream().sorted().toList();
  }

  /**
   * Whether it votes in the metadata ring and does nothing else: it owns no rows, no client sees
   * it.
   */
  public boolean isWitness() {
    return tokens.isEmpty();
  }

  /** Whether {@code other} owns the same tokens from the same place. */
  boolean samePlacement(NodeInfo other) {
    return tokens.equals(other.tokens)
        && datacenter.equals(other.datacenter)
        && rack.equals(other.rack);
  }
}
