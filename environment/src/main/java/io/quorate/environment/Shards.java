package io.quorate.environment;

import java.util.List;

/**
 * The node's shards. The 64-bit token range is cut into {@code count()} equal slices; shard {@code
 * i} owns the {@code i}-th from the bottom.
 */
public final class Shards {
  private final List<Shard> shards;

  public Shards(List<? extends Shard> shards) {
    if (shards.isEmpty()) {
      throw new IllegalArgumentException("a node has at least one shard");
    }
    this.shards = List.copyOf(shards);
  }

  public int count() {
    return shards.size();
  }

  public Shard get(int index) {
    return shards.get(index);
  }

  public List<Shard> all() {
    return shards;
  }

  /** The shard that owns {@code token}. */
  public Shard owner(long token) {
    return shards.get(ownerIndex(token, shards.size()));
  }

  /**
   * Index of the slice, of {@code count} equal slices of the signed 64-bit range, that has the
   * token.
   */
  public static int ownerIndex(long token, int count) {
    long unsigned = token ^ Long.MIN_VALUE;
    return (int) Math.unsignedMultiplyHigh(unsigned, count);
  }

  /** The shard that the calling thread is, or the first when it is none. */
  public Shard currentOrFirst() {
    for (int i = 0; i < shards.size(); i++) {
      if (shards.get(i).isCurrent()) {
        return shards.get(i);
      }
    }
    return shards.getFirst();
  }
}
