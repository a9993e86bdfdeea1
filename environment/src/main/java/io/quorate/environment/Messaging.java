package io.quorate.environment;

import io.netty.buffer.ByteBuf;
import java.io.IOException;

/**
 * Messages between nodes, best effort: a message arrives once, late, twice, out of order or not at
 * all, but never altered. Whoever needs an answer sets a timeout. Safe for use from every shard.
 */
public interface Messaging {

  /** Largest message that is carried, in bytes. */
  int MAX_MESSAGE_BYTES = 64 << 20;

  /**
   * Starts to receive.
   *
   * @param identity what this node says of itself to its peers
   * @param receiver called on one of the node's shards for each message
   * @throws IOException when the endpoint cannot be bound, with a message for the operator
   */
  void start(Identity identity, Receiver receiver) throws IOException;

  /**
   * Sends to a node. Called on a shard; messages sent in one batch of work leave together. Takes
   * ownership of {@code message}. When the peer cannot be reached or its queue is full, the message
   * is dropped.
   */
  void send(Endpoint to, ByteBuf message);

  /** Messages that this node gave up without sending them, since its start. */
  long dropped();

  /** Ends all connections and stops receiving. */
  void stop();

  /**
   * @param cluster peers of another cluster name are refused
   * @param listen where this node listens
   * @param advertised under which peers reach this node, and which receivers see as {@code from}
   */
  record Identity(String cluster, Endpoint listen, Endpoint advertised) {}

  /** Takes messages as they arrive. */
  interface Receiver {
    /**
     * Called on a shard.
     *
     * @param message valid during the call only: retain it to keep it
     */
    void receive(Endpoint from, ByteBuf message);
  }
}
