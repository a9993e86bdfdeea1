package io.quorate.coordinator.metadata;

import io.quorate.environment.Endpoint;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A node, as the metadata ring knows it.
 *
 * @param hostId what the node is; its addresses are attributes that may change
 * @param internode where its peers reach it
 * @param nativeTransport where CQL clients reach it
 * @param tokens the ends of the token ranges that it owns first, sorted; none of a witness
 * @param features what its build can do that not every build could ({@link
 *     ClusterMetadata#features}), by name
 */
public record NodeInfo(
    UUID hostId,
    Endpoint internode,
    Endpoint nativeTransport,
    String datacenter,
    String rack,
    String releaseVersion,
    List<Long> tokens,
    SortedSet<String> features) {

  public NodeInfo {
    tokens = tokens.stream().sorted().toList();
    features = Collections.unmodifiableSortedSet(new TreeSet<>(features));
  }

  /** A node that knows no feature. */
  public NodeInfo(
      UUID hostId,
      Endpoint internode,
      Endpoint nativeTransport,
      String datacenter,
      String rack,
      String releaseVersion,
      List<Long> tokens) {
    this(
        hostId,
        internode,
        nativeTransport,
        datacenter,
        rack,
        releaseVersion,
        tokens,
        Collections.emptySortedSet());
  }

  /**
   * Whether it votes in the metadata ring and does nothing else: it owns no rows, no client sees
   * it.
   */
  public boolean isWitness() {
    return tokens.isEmpty();
  }

  /** The same node in another place. */
  public NodeInfo movedTo(String newRack, List<Long> newTokens) {
    return new NodeInfo(
        hostId,
        internode,
        nativeTransport,
        datacenter,
        newRack,
        releaseVersion,
        newTokens,
        features);
  }

  /** Whether {@code other} owns the same tokens from the same place. */
  boolean samePlacement(NodeInfo other) {
    return tokens.equals(other.tokens)
        && datacenter.equals(other.datacenter)
        && rack.equals(other.rack);
  }
}
