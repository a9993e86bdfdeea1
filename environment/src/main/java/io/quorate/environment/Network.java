package io.quorate.environment;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.Function;

/**
 * Byte streams, for clients that speak the CQL native protocol or HTTP. Safe for concurrent use.
 */
public interface Network {

  /**
   * Accepts connections on {@code endpoint}, each on one of the node's shards, in turn.
   *
   * @param protocol makes the handler of a new connection; called on the connection's shard
   * @throws IOException when the endpoint cannot be bound, with a message for the operator
   */
  Listener listen(Endpoint endpoint, Function<Connection, Handler> protocol) throws IOException;

  /** An open listening socket. */
  interface Listener {
    /** The port that was bound, also where port 0 was asked for. */
    int port();

    /** Stops accepting; open connections stay. */
    void close();
  }

  /** One accepted connection. Used only on its shard. */
  interface Connection {
    Shard shard();

    InetSocketAddress remote();

    InetSocketAddress local();

    /** Queues bytes, which leave at the end of the shard's current batch. Takes ownership. */
    void write(ByteBuf bytes);

    /** Whether what is queued is below the high-water mark; when not, stop producing. */
    boolean isWritable();

    /** Stops or resumes reading from the peer. */
    void setReading(boolean reading);

    /** Sends what is queued, then closes. */
    void close();
  }

  /** The protocol on a connection. All calls come on the connection's shard. */
  interface Handler {
    /**
     * @param bytes what has arrived; any split of the stream; valid during the call only
     */
    void received(ByteBuf bytes);

    /** The queue fell below the low-water mark again. */
    default void writable() {}

    /** The connection ended, whichever side closed it. Called once, last. */
    void closed();
  }
}
