package io.quorate.gossip;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/** What nodes say to each other. Each message is also a heartbeat of its sender. */
sealed interface GossipMessage {

  Sender sender();

  /** Who speaks, in which life, and how many rounds into it. */
  record Sender(UUID hostId, long generation, long heartbeat) {}

  /**
   * What its sender knows of a node. Heartbeats spread with digests alone.
   *
   * @param generation rises with every start of the node
   * @param attributeVersion rises with every change of an attribute
   */
  record Digest(UUID hostId, long generation, long heartbeat, long attributeVersion) {}

  /** A value and the attribute version with which the node set it. */
  record Versioned(String value, long version) {}

  /**
   * News of a node.
   *
   * @param afterVersion all attributes set later than this are here: of use only to who has the
   *     rest
   */
  record Delta(
      UUID hostId,
      long generation,
      long heartbeat,
      long afterVersion,
      SortedMap<String, Versioned> attributes) {
    public Delta {
      attributes = new TreeMap<>(attributes);
    }
  }

  /** Opens an exchange: what the sender knows. */
  record Syn(Sender sender, List<Digest> digests) implements GossipMessage {}

  /** Answers it: what the sender knows better, and what it wants to know. */
  record Ack(Sender sender, List<Delta> deltas, List<Digest> wanted) implements GossipMessage {}

  /** Closes it. Sent unasked, it is a goodbye. */
  record Ack2(Sender sender, List<Delta> deltas) implements GossipMessage {}

  record Ping(Sender sender, long nonce) implements GossipMessage {}

  record PingAck(Sender sender, long nonce) implements GossipMessage {}

  /** Asks a member to ping another one. */
  record PingRequest(Sender sender, long nonce, UUID target) implements GossipMessage {}

  /** The target answered the member that was asked. Silence stands for the opposite. */
  record PingResult(Sender sender, long nonce, UUID target) implements GossipMessage {}
}
