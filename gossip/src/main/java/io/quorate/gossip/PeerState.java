package io.quorate.gossip;

import io.quorate.gossip.GossipMessage.Delta;
import io.quorate.gossip.GossipMessage.Digest;
import io.quorate.gossip.GossipMessage.Versioned;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What this node knows of one node, itself included. Owned by the core. */
final class PeerState {
  enum Liveness {
    DOWN,
    ALIVE,
    /** Silent for too long, and being probed. To everyone who asks it still is alive. */
    SUSPECT
  }

  final UUID hostId;
  long generation;
  long heartbeat;
  Liveness liveness = Liveness.DOWN;

  /** Exists from when the node is first alive. */
  @Nullable PhiAccrual detector;

  long suspectSinceNanos;

  private SortedMap<String, Versioned> attributes = new TreeMap<>();
  private long attributeVersion;
  private @Nullable Member member;
  private @Nullable String problem;

  PeerState(UUID hostId, long generation) {
    this.hostId = hostId;
    this.generation = generation;
  }

  /** What the attributes say; null as long as they say nothing sensible. */
  @Nullable Member member() {
    return member;
  }

  /** What is wrong with the attributes, if anything is. */
  @Nullable String problem() {
    return problem;
  }

  SortedMap<String, Versioned> attributes() {
    return attributes;
  }

  long attributeVersion() {
    return attributeVersion;
  }

  boolean isUp() {
    return liveness != Liveness.DOWN;
  }

  boolean hasSaidGoodbye() {
    return member != null && member.status() == Member.Status.SHUTDOWN;
  }

  Digest digest() {
    return new Digest(hostId, generation, heartbeat, attributeVersion);
  }

  /** A node describes itself anew: what changed gets the next version. */
  void describe(Member self) {
    self.attributes()
        .forEach((name, value) -> {
          Versioned old = attributes.get(name);
          if (old == null || !old.value().equals(value)) {
            attributes.put(name, new Versioned(value, ++attributeVersion));
          }
        });
    member = self;
  }

  /** What somebody lacks who knows as much as {@code known}; everything, of an earlier life. */
  Delta deltaFor(Digest known) {
    long after = known.generation() == generation ? known.attributeVersion() : 0;
    SortedMap<String, Versioned> later = new TreeMap<>();
    attributes.forEach((name, versioned) -> {
      if (versioned.version() > after) {
        later.put(name, versioned);
      }
    });
    return new Delta(hostId, generation, heartbeat, after, later);
  }

  /** Begins to follow a later life of the node, of which nothing is known yet. */
  void startLife(long newGeneration) {
    generation = newGeneration;
    heartbeat = 0;
    attributes = new TreeMap<>();
    attributeVersion = 0;
  }

  /**
   * Takes attributes over. A delta that leaves a gap, because one before it was lost, is passed
   * over.
   *
   * @return whether anything is new
   */
  boolean merge(Delta delta) {
    if (delta.generation() != generation || delta.afterVersion() > attributeVersion) {
      return false;
    }
    boolean isNews = false;
    for (Map.Entry<String, Versioned> entry : delta.attributes().entrySet()) {
      Versioned value = entry.getValue();
      Versioned old = attributes.get(entry.getKey());
      if (old == null || old.version() < value.version()) {
        attributes.put(entry.getKey(), value);
        attributeVersion = Math.max(attributeVersion, value.version());
        isNews = true;
      }
    }
    if (isNews) {
      Map<String, String> plain = new TreeMap<>();
      attributes.forEach((name, versioned) -> plain.put(name, versioned.value()));
      try {
        member = Member.parse(hostId, plain);
        problem = null;
      } catch (IllegalArgumentException e) {
        problem = e.getMessage(); // the last description that made sense stays
      }
    }
    return isNews;
  }
}
