package io.quorate.tools.bench;

import io.quorate.client.ConnectionError;
import io.quorate.client.RequestError;
import io.quorate.client.Session;
import io.quorate.client.Statement;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Keeps so many requests in flight, or sends at a fixed rate, and measures each. At a fixed rate
 * the time counts from when the request was due, so that a stall of the server is not left out.
 *
 * <p>Started by one thread; completions come from the driver's event loops.
 */
final class LoadGenerator {
  private static final long RETRY_PAUSE_MILLIS = 10;
  private static final long HIGHEST_MICROS = TimeUnit.MINUTES.toMicros(5);

  private final Session session;
  private final Histogram latencyMicros = new ConcurrentHistogram(1, HIGHEST_MICROS, 3);
  private final LongAdder completed = new LongAdder();
  private final Map<String, LongAdder> errors = new ConcurrentSkipListMap<>();
  private final AtomicLong started = new AtomicLong();
  private volatile boolean stopped;

  LoadGenerator(Session session) {
    this.session = session;
  }

  Histogram latencyMicros() {
    return latencyMicros;
  }

  /** Requests that were answered well. */
  long completed() {
    return completed.sum();
  }

  long failed() {
    return errors.values().stream().mapToLong(LongAdder::sum).sum();
  }

  Map<String, LongAdder> errors() {
    return errors;
  }

  /** Sends nothing new. */
  void stop() {
    stopped = true;
  }

  /**
   * As many chains of requests as may be in flight; each sends its next when the last has ended.
   *
   * @param limit requests in all
   * @param statement by the number of the request and the random numbers of its chain
   */
  void closedLoop(int concurrency, long limit, long seed, Source statement) {
    CountDownLatch ended = new CountDownLatch(concurrency);
    SplittableRandom seeds = new SplittableRandom(seed);
    for (int i = 0; i < concurrency; i++) {
      new Chain(limit, seeds.split(), statement, ended).next();
    }
    await(ended);
  }

  /** Which statement a request is. */
  interface Source {
    Statement statement(long number, SplittableRandom random);

    static Source of(Function<SplittableRandom, Statement> drawn) {
      return (number, random) -> drawn.apply(random);
    }
  }

  private final class Chain {
    private final long limit;
    private final SplittableRandom random;
    private final Source source;
    private final CountDownLatch ended;

    Chain(long limit, SplittableRandom random, Source source, CountDownLatch ended) {
      this.limit = limit;
      this.random = random;
      this.source = source;
      this.ended = ended;
    }

    void next() {
      long number = started.getAndIncrement();
      if (stopped || number >= limit) {
        ended.countDown();
        return;
      }
      long begin = System.nanoTime();
      session
          .executeAsync(source.statement(number, random))
          .whenComplete((page, failure) -> {
            record(begin, failure);
            if (failure == null) {
              next();
            } else {
              // A pause, for a refusal may come at once and a loop of them helps nobody.
              CompletableFuture.delayedExecutor(RETRY_PAUSE_MILLIS, TimeUnit.MILLISECONDS)
                  .execute(this::next);
            }
          });
    }
  }

  /** So many a second, whatever the answers take; at most so many in flight. */
  void fixedRate(long perSecond, int concurrency, long limit, long seed, Source source) {
    Semaphore free = new Semaphore(concurrency);
    SplittableRandom random = new SplittableRandom(seed);
    long begin = System.nanoTime();
    for (long number = 0; number < limit && !stopped; number++) {
      long due = begin + (long) (number * 1e9 / perSecond);
      long early;
      while ((early = due - System.nanoTime()) > 0) {
        LockSupport.parkNanos(early);
      }
      free.acquireUninterruptibly();
      session
          .executeAsync(source.statement(number, random))
          .whenComplete((page, failure) -> {
            record(due, failure);
            free.release();
          });
    }
    free.acquireUninterruptibly(concurrency);
  }

  private void record(long begin, @Nullable Throwable failure) {
    long micros = (System.nanoTime() - begin) / 1_000;
    if (failure == null) {
      latencyMicros.recordValue(Math.clamp(micros, 1, HIGHEST_MICROS));
      completed.increment();
    } else {
      errors.computeIfAbsent(kind(failure), k -> new LongAdder()).increment();
    }
  }

  private static String kind(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return switch (cause) {
      case RequestError refused -> refused.code().name();
      case ConnectionError unreached -> "CONNECTION";
      default -> cause.getClass().getSimpleName();
    };
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
