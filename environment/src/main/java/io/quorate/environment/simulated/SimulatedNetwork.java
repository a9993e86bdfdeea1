package io.quorate.environment.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Network;
import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Byte streams between a simulated client, which lives outside all hosts, and a host. Bytes arrive
 * in order and are never lost; a crash of the host closes the stream.
 */
public final class SimulatedNetwork implements Network {
  private final SimulatedHost host;
  private final Shards shards;
  private int nextShard;

  SimulatedNetwork(SimulatedHost host, Shards shards) {
    this.host = host;
    this.shards = shards;
  }

  record Listening(
      SimulatedHost host, SimulatedNetwork network, Function<Connection, Handler> protocol) {}

  @Override
  public Listener listen(Endpoint endpoint, Function<Connection, Handler> protocol)
      throws IOException {
    Listening listening = new Listening(host, this, protocol);
    if (host.world().listening().putIfAbsent(endpoint, listening) != null) {
      throw new IOException(endpoint + ": address already in use");
    }
    return new Listener() {
      @Override
      public int port() {
        return endpoint.port();
      }

      @Override
      public void close() {
        host.world().listening().remove(endpoint, listening);
      }
    };
  }

  /** The client's end of a stream. */
  public interface Stream {
    void write(ByteBuf bytes);

    void close();
  }

  /**
   * Connects from outside.
   *
   * @param received called with what the host sends
   * @param closed called once when the stream ends
   * @return null when nobody listens there
   */
  public static @Nullable Stream connect(
      SimulatedWorld world, Endpoint endpoint, Consumer<ByteBuf> received, Runnable closed) {
    Listening listening = world.listening().get(endpoint);
    if (listening == null) {
      return null;
    }
    SimulatedNetwork network = listening.network();
    Shard shard = network.shards.get(network.nextShard++ % network.shards.count());
    return new Wire(listening, shard, received, closed).clientEnd;
  }

  /** One stream: the host's end is a {@link Connection}, the client's a {@link Stream}. */
  private static final class Wire {
    private static final InetSocketAddress OUTSIDE =
        InetSocketAddress.createUnresolved("client", 1);

    final HostEnd hostEnd = new HostEnd();
    final ClientEnd clientEnd = new ClientEnd();
    private final SimulatedHost host;
    private final int incarnation;
    private final Shard shard;
    private final Consumer<ByteBuf> received;
    private final Runnable closed;
    private @Nullable Handler handler;
    private boolean openAtClient = true;
    private long lastToHostNanos;
    private long lastToClientNanos;

    Wire(Listening listening, Shard shard, Consumer<ByteBuf> received, Runnable closed) {
      this.host = listening.host();
      this.incarnation = host.incarnation();
      this.shard = shard;
      this.received = received;
      this.closed = closed;
      toHost(() -> handler = listening.protocol().apply(hostEnd));
    }

    private void toHost(Runnable task) {
      SimulatedWorld world = host.world();
      lastToHostNanos = Math.max(lastToHostNanos, world.nowNanos() + world.links().latencyNanos());
      world.after(
          lastToHostNanos - world.nowNanos(),
          () -> {
            if (host.isUp() && host.incarnation() == incarnation) {
              shard.execute(task);
            } else {
              endAtClient();
            }
          });
    }

    private void toClient(Runnable task) {
      SimulatedWorld world = host.world();
      lastToClientNanos =
          Math.max(lastToClientNanos, world.nowNanos() + world.links().latencyNanos());
      world.after(lastToClientNanos - world.nowNanos(), task);
    }

    private void endAtClient() {
      if (openAtClient) {
        openAtClient = false;
        closed.run();
      }
    }

    private void endAtHost() {
      Handler current = handler;
      handler = null;
      if (current != null) {
        current.closed();
      }
    }

    private final class ClientEnd implements Stream {
      @Override
      public void write(ByteBuf bytes) {
        ByteBuf copy = take(bytes);
        toHost(() -> {
          if (handler != null) {
            handler.received(copy);
          }
        });
      }

      @Override
      public void close() {
        openAtClient = false;
        toHost(Wire.this::endAtHost);
      }
    }

    private final class HostEnd implements Connection {
      @Override
      public Shard shard() {
        return shard;
      }

      @Override
      public InetSocketAddress remote() {
        return OUTSIDE;
      }

      @Override
      public InetSocketAddress local() {
        return InetSocketAddress.createUnresolved(host.name(), 9042);
      }

      @Override
      public void write(ByteBuf bytes) {
        ByteBuf copy = take(bytes);
        toClient(() -> {
          if (openAtClient) {
            received.accept(copy);
          }
        });
      }

      @Override
      public boolean isWritable() {
        return true;
      }

      @Override
      public void setReading(boolean reading) {
        // A simulated client waits for its answers, so there is nothing to hold back.
      }

      @Override
      public void close() {
        shard.execute(Wire.this::endAtHost);
        toClient(Wire.this::endAtClient);
      }
    }

    private static ByteBuf take(ByteBuf bytes) {
      byte[] copy = new byte[bytes.readableBytes()];
      bytes.readBytes(copy);
      bytes.release();
      return Unpooled.wrappedBuffer(copy);
    }
  }
}
