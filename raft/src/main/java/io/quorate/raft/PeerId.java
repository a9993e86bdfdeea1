package io.quorate.raft;

import java.nio.charset.StandardCharsets;

/**
 * The name of a member of the Raft ring, as configured. It must outlive restarts and address
 * changes; what it spells is its users' choice.
 */
public record PeerId(String name) implements Comparable<PeerId> {

  /** Longest name in UTF-8 bytes: its length is one byte on the wire and on disk. */
  public static final int MAX_NAME_BYTES = 255;

  public PeerId {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (length == 0 || length > MAX_NAME_BYTES) {
      throw new IllegalArgumentException(
          "a peer's name has 1.." + MAX_NAME_BYTES + " bytes, '" + name + "' has " + length);
    }
  }

  @Override
  public int compareTo(PeerId other) {
    return name.compareTo(other.name);
  }

  @Override
  public String toString() {
    return name;
  }
}
