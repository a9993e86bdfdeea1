package io.quorate.tools.drill;

import io.quorate.client.PreparedStatement;
import io.quorate.client.RequestError;
import io.quorate.client.ResultPage;
import io.quorate.client.Row;
import io.quorate.client.Session;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.tools.Quorate;
import io.quorate.tools.drill.Chronicle.What;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Requests at QUORUM at a steady rate, whatever the answers take: each second one writes a row of
 * its own, the others read a row whose write was acknowledged, and must find it.
 *
 * <p>Sent by a thread of its own; what comes back is counted on the driver's event loops.
 */
final class Load implements AutoCloseable {
  static final String TABLE = "drill.rows";

  /** A request that takes longer than this is worth a line in the chronicle. */
  private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private static final long HIGHEST_MICROS = TimeUnit.MINUTES.toMicros(5);

  private record Target(Session session, PreparedStatement write, PreparedStatement read) {}

  private final String name;
  private final List<Target> targets;
  private final long firstKey;
  private final long everyNanos;
  private final Chronicle chronicle;
  private final Histogram latencyMicros = new ConcurrentHistogram(1, HIGHEST_MICROS, 3);
  private final Phaser underWay = new Phaser(1);
  private final Thread thread;
  private volatile boolean stopped;

  // Guarded by this.
  private final List<Long> acknowledged = new ArrayList<>();
  private final Map<String, Integer> errors = new TreeMap<>();
  private long requests;
  private long failed;
  private long unknown;
  private long unseen;
  private long lastSuccessNanos;

  /**
   * @param sessions take turns
   * @param firstKey of its rows, which no other load has
   */
  Load(String name, List<Session> sessions, int perSecond, long firstKey, Chronicle chronicle) {
    this.name = name;
    this.firstKey = firstKey;
    this.everyNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
    this.chronicle = chronicle;
    this.targets =
        sessions.stream()
            .map(session ->
                new Target(
                    session,
                    session.prepare("INSERT INTO " + TABLE + " (id, v) VALUES (?, ?)"),
                    session.prepare("SELECT v FROM " + TABLE + " WHERE id = ?")))
            .toList();
    this.thread = Thread.ofPlatform().name("load " + name).start(this::run);
  }

  static String value(long key) {
    return "row " + key;
  }

  private void run() {
    SplittableRandom random = new SplittableRandom(firstKey);
    long due = System.nanoTime();
    for (long number = 0; !stopped; number++) {
      long early;
      while ((early = due - System.nanoTime()) > 0) {
        LockSupport.parkNanos(early);
      }
      Target target = targets.get((int) (number % targets.size()));
      Long known = number / targets.size() % 2 == 0 ? null : anyAcknowledged(random);
      if (known == null) {
        write(target, firstKey + number);
      } else {
        read(target, known);
      }
      due += everyNanos;
    }
  }

  private synchronized @Nullable Long anyAcknowledged(SplittableRandom random) {
    return acknowledged.isEmpty() ? null : acknowledged.get(random.nextInt(acknowledged.size()));
  }

  private void write(Target target, long key) {
    send(target, target.write().bind(key, value(key)), key, true);
  }

  private void read(Target target, long key) {
    send(target, target.read().bind(key), key, false);
  }

  private void send(
      Target target, io.quorate.client.Statement statement, long key, boolean isWrite) {
    underWay.register();
    long begin = System.nanoTime();
    target
        .session()
        .executeAsync(statement.withConsistency(ConsistencyLevel.QUORUM).idempotent())
        .whenComplete((page, failure) -> {
          ended(begin, key, isWrite, page, failure);
          underWay.arriveAndDeregister();
        });
  }

  private synchronized void ended(
      long begin,
      long key,
      boolean isWrite,
      @Nullable ResultPage page,
      @Nullable Throwable failure) {
    long now = System.nanoTime();
    requests++;
    latencyMicros.recordValue(Math.clamp((now - begin) / 1_000, 1, HIGHEST_MICROS));
    if (failure != null) {
      failed(isWrite, failure);
      return;
    }
    lastSuccessNanos = now;
    if (isWrite) {
      acknowledged.add(key);
    } else if (!holds(page, key)) {
      unseen++;
    }
    if (now - begin > SLOW_NANOS) {
      trouble(String.format(Locale.ROOT, "took %d ms", (now - begin) / 1_000_000));
    }
  }

  /** Whether this is the row of this key. */
  static boolean holds(@Nullable ResultPage page, long key) {
    Row row = page == null ? null : page.first();
    return row != null && value(key).equals(row.string("v"));
  }

  private void failed(boolean isWrite, Throwable thrown) {
    Throwable failure =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    if (isWrite && isUnknown(failure)) {
      unknown++;
    } else {
      failed++;
    }
    String text = Quorate.describe(failure);
    errors.merge(text, 1, Integer::sum);
    trouble(text);
  }

  /** A write that was not refused may have been done. */
  private static boolean isUnknown(Throwable failure) {
    return !(failure instanceof RequestError refused)
        || switch (refused.code()) {
          case WRITE_TIMEOUT, WRITE_FAILURE, SERVER_ERROR -> true;
          default -> false;
        };
  }

  private void trouble(String text) {
    chronicle.add(name, "", What.TROUBLE, text);
  }

  String name() {
    return name;
  }

  /** The keys of all writes that were acknowledged. */
  synchronized List<Long> acknowledged() {
    return List.copyOf(acknowledged);
  }

  synchronized long lastSuccessNanos() {
    return lastSuccessNanos;
  }

  /** Latencies count from now on: what is cold is warm. */
  void measure() {
    latencyMicros.reset();
  }

  /** Sends no more, and waits for what is under way. */
  @Override
  public void close() {
    stopped = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    underWay.arriveAndAwaitAdvance();
  }

  /**
   * What became of all requests.
   *
   * @param failed refused, or reads without an answer
   * @param unknown writes of which it is not known whether they were done
   * @param unseen reads that did not see an acknowledged write
   * @param errors each with how often it came
   */
  record Figures(
      String name,
      long requests,
      long failed,
      long unknown,
      long unseen,
      long acknowledged,
      double p50Millis,
      double p99Millis,
      double maxMillis,
      Map<String, Integer> errors) {}

  synchronized Figures figures() {
    return new Figures(
        name,
        requests,
        failed,
        unknown,
        unseen,
        acknowledged.size(),
        latencyMicros.getValueAtPercentile(50) / 1e3,
        latencyMicros.getValueAtPercentile(99) / 1e3,
        latencyMicros.getMaxValue() / 1e3,
        Map.copyOf(errors));
  }
}
