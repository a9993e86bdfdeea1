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

  /** Accepts nobody any more, and closes each connection when its requests are answered. */
  void drain(Runnable done) {
    if (listener != null) {
      listener.close();
    }
    long limit = environment.clock().nanos() + DRAIN_LIMIT_NANOS;
    AtomicInteger open = new AtomicInteger(environment.shards().count());
    for (Shard shard : environment.shards().all()) {
      shard.execute(() -> drain(shard, limit, open, done));
    }
  }

  private void drain(Shard shard, long limitNanos, AtomicInteger open, Runnable done) {
    boolean late = environment.clock().nanos() - limitNanos >= 0;
    for (CqlConnection connection : List.copyOf(connectionsByShard.get(shard.index()))) {
      connection.closeWhenIdle(late);
    }
    if (connectionsByShard.get(shard.index()).isEmpty() || late) {
      if (open.decrementAndGet() == 0) {
        done.run();
      }
    } else {
      shard.schedule(DRAIN_POLL_NANOS, () -> drain(shard, limitNanos, open, done));
    }
  }
}
