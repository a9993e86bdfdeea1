package io.quorate.client;

import io.netty.channel.EventLoopGroup;
import io.quorate.protocol.Response;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections to one node. What breaks is opened anew after a pause that grows from 50 ms to 5
 * s, or at once when the cluster says that the node is up. Safe for concurrent use.
 */
final class NodePool {
  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final long LAST_PAUSE_MILLIS = 5_000;

  /** Hears of the connections of all pools. Called on their event loops. */
  interface Observer {
    void opened(Wire wire);

    void closed(Wire wire);

    void event(InetSocketAddress from, Response.Event event);
  }

  private final EventLoopGroup loops;
  private final InetSocketAddress address;
  private final SessionConfig config;
  private final List<Wire> wires = new CopyOnWriteArrayList<>();
  private final Observer observer;
  private volatile boolean closed;
  private volatile long pauseMillis = FIRST_PAUSE_MILLIS;

  /** The cluster says so: it is asked when no other node is left. */
  private volatile boolean isDown;

  private final AtomicInteger opening = new AtomicInteger();

  NodePool(
      EventLoopGroup loops, InetSocketAddress address, SessionConfig config, Observer observer) {
    this.loops = loops;
    this.address = address;
    this.config = config;
    this.observer = observer;
  }

  InetSocketAddress address() {
    return address;
  }

  boolean isConnected() {
    return !wires.isEmpty();
  }

  /** The least busy connection; null when there is none. */
  @Nullable Wire wire() {
    Wire best = null;
    for (Wire wire : wires) {
      if (best == null || wire.inFlight() < best.inFlight()) {
        best = wire;
      }
    }
    return best;
  }

  /**
   * Opens all connections.
   *
   * @param first told what became of the first of them; null when nobody waits
   */
  void open(@Nullable Consumer<@Nullable RuntimeException> first) {
    for (int i = 0; i < config.connectionsPerNode(); i++) {
      openOne(i == 0 ? first : null);
    }
  }

  boolean isDown() {
    return isDown;
  }

  /**
   * The cluster says that the node is down. Its connections may look sound for long: what waits
   * there and may be asked elsewhere goes elsewhere now.
   */
  void down() {
    isDown = true;
    wires.forEach(Wire::abandon);
  }

  /** The cluster says that the node is up: tries again now. */
  void up() {
    isDown = false;
    if (!closed && wires.isEmpty() && opening.get() == 0) {
      pauseMillis = FIRST_PAUSE_MILLIS;
      open(null);
    }
  }

  private void openOne(@Nullable Consumer<@Nullable RuntimeException> done) {
    if (closed) {
      return;
    }
    opening.incrementAndGet();
    Wire.open(
        loops.next(),
        address,
        config,
        new Wire.Listener() {
          @Override
          public void closed(Wire wire) {
            if (wires.remove(wire)) {
              later();
              observer.closed(wire);
            }
          }

          @Override
          public void event(Response.Event event) {
            observer.event(address, event);
          }
        },
        new Wire.Callback() {
          @Override
          public void responded(Response response, List<String> warnings) {
            failed(
                response instanceof Response.Failure failure
                    ? new RequestError(failure)
                    : new ConnectionError("unexpected " + response));
          }

          @Override
          public void failed(ConnectionError error) {
            failed((RuntimeException) error);
          }

          private void failed(RuntimeException error) {
            opening.decrementAndGet();
            if (done != null) {
              done.accept(error);
            }
            later();
          }
        },
        wire -> {
          opening.decrementAndGet();
          if (closed) {
            wire.close();
            return;
          }
          pauseMillis = FIRST_PAUSE_MILLIS;
          wires.add(wire);
          observer.opened(wire);
          if (done != null) {
            done.accept(null);
          }
        });
  }

  private void later() {
    if (closed) {
      return;
    }
    long pause = pauseMillis;
    pauseMillis = Math.min(LAST_PAUSE_MILLIS, 2 * pause);
    loops
        .next()
        .schedule(
            () -> {
              if (wires.size() + opening.get() < config.connectionsPerNode()) {
                openOne(null);
              }
            },
            pause,
            TimeUnit.MILLISECONDS);
  }

  void close() {
    closed = true;
    wires.forEach(Wire::close);
  }
}
