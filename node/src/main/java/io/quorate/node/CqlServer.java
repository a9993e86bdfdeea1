package io.quorate.node;

import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Network;
import io.quorate.environment.Shard;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Serves the CQL native protocol. Each connection belongs to the shard that accepted it; the set of
 * connections of a shard too.
 */
final class CqlServer {
  /** A client that was told to go elsewhere sends nothing for so long: then it is cut off. */
  private static final long DRAIN_QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** One that goes on sending is cut off from now on, between two requests. */
  private static final long DRAIN_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final long DRAIN_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long DRAIN_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Environment environment;
  private final Processor processor;
  private final List<Set<CqlConnection>> connectionsByShard = new ArrayList<>();
  private final AtomicInteger connectionCount = new AtomicInteger();
  private Network.@Nullable Listener listener;

  /** Does what requests ask for. */
  interface Processor {
    /** For a new connection. */
    Session newSession();

    /** One connection's part of the processor. Used on the connection's shard only. */
    interface Session {
      /**
       * @param answer called once, on the calling shard, possibly before the call returns
       */
      void process(Request request, Consumer<Response> answer);
    }
  }

  CqlServer(Environment environment, Processor processor) {
    this.environment = environment;
    this.processor = processor;
    for (int i = 0; i < environment.shards().count(); i++) {
      connectionsByShard.add(new LinkedHashSet<>());
    }
  }

  void listen(Endpoint endpoint) throws IOException {
    listener =
        environment
            .network()
            .listen(
                endpoint,
                connection -> {
                  Set<CqlConnection> siblings = connectionsByShard.get(connection.shard().index());
                  connectionCount.incrementAndGet();
                  CqlConnection opened =
                      new CqlConnection(
                          connection,
                          processor.newSession(),
                          ended -> {
                            siblings.remove(ended);
                            connectionCount.decrementAndGet();
                          });
                  siblings.add(opened);
                  return opened;
                });
  }

  int connectionCount() {
    return connectionCount.get();
  }

  /** Tells every client that registered for it. */
  void broadcast(Response.Event event) {
    for (Shard shard : environment.shards().all()) {
      shard.execute(
          () -> List.copyOf(connectionsByShard.get(shard.index())).forEach(c -> c.tell(event)));
    }
  }

  /**
   * Accepts nobody any more, and closes each connection when its requests are answered and no
   * further one came for a while: a request that is on its way when its connection is closed has an
   * unknown outcome, and the other nodes tell the drivers just now to send no more.
   */
  void drain(Runnable done) {
    if (listener != null) {
      listener.close();
    }
    long begin = environment.clock().nanos();
    AtomicInteger open = new AtomicInteger(environment.shards().count());
    for (Shard shard : environment.shards().all()) {
      shard.execute(() -> {
        connectionsByShard.get(shard.index()).forEach(CqlConnection::wasQuiet);
        shard.schedule(DRAIN_QUIET_NANOS, () -> drain(shard, begin, open, done));
      });
    }
  }

  private void drain(Shard shard, long beginNanos, AtomicInteger open, Runnable done) {
    long tookNanos = environment.clock().nanos() - beginNanos;
    boolean isPatient = tookNanos < DRAIN_PATIENCE_NANOS;
    boolean isLate = tookNanos >= DRAIN_LIMIT_NANOS;
    for (CqlConnection connection : List.copyOf(connectionsByShard.get(shard.index()))) {
      boolean quiet = connection.wasQuiet();
      if (isLate || (isPatient ? quiet : connection.isIdle())) {
        connection.end();
      }
    }
    if (connectionsByShard.get(shard.index()).isEmpty() || isLate) {
      if (open.decrementAndGet() == 0) {
        done.run();
      }
    } else {
      shard.schedule(
          isPatient ? DRAIN_QUIET_NANOS : DRAIN_POLL_NANOS,
          () -> drain(shard, beginNanos, open, done));
    }
  }
}
