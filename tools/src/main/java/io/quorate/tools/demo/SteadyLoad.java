package io.quorate.tools.demo;

import io.quorate.client.ConnectionError;
import io.quorate.client.PreparedStatement;
import io.quorate.client.RequestError;
import io.quorate.client.Session;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.tools.Quorate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A client that writes a row at QUORUM and reads it back, again and again, on a thread of its own.
 */
final class SteadyLoad implements AutoCloseable {
  private static final int FIRST_KEY = 1_000;

  private final PreparedStatement write;
  private final PreparedStatement read;
  private final Session session;
  private final AtomicInteger requests = new AtomicInteger();
  private final List<String> failures = Collections.synchronizedList(new ArrayList<>());
  private final Thread thread = new Thread(this::run, "steady-load");
  private volatile boolean stopped;

  SteadyLoad(Session session) {
    this.session = session;
    this.write = session.prepare("INSERT INTO demo.notes (id, text) VALUES (?, ?)");
    this.read = session.prepare("SELECT text FROM demo.notes WHERE id = ?");
    thread.start();
  }

  private void run() {
    for (int key = FIRST_KEY; !stopped; key++) {
      int id = key;
      attempt(() ->
          session.execute(
              write.bind(id, "note " + id).withConsistency(ConsistencyLevel.QUORUM).idempotent()));
      attempt(() -> {
        var row = session.execute(read.bind(id).withConsistency(ConsistencyLevel.QUORUM)).first();
        if (row == null || !("note " + id).equals(row.string("text"))) {
          failures.add("a read did not see the write before it");
        }
      });
    }
  }

  private void attempt(Runnable request) {
    try {
      request.run();
    } catch (RequestError | ConnectionError e) {
      failures.add(Quorate.describe(e));
    }
    requests.incrementAndGet();
  }

  int requests() {
    return requests.get();
  }

  List<String> failures() {
    return List.copyOf(failures);
  }

  @Override
  public void close() {
    end();
  }

  /** Lets the request under way end, and sends no more. */
  void end() {
    stopped = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
