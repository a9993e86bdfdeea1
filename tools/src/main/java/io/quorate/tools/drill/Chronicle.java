package io.quorate.tools.drill;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** What was seen during a drill, by whom and when, in order. Safe for concurrent use. */
final class Chronicle {
  /** The one who sees what a driver sees. */
  static final String DRIVER = "driver";

  private final List<Sight> sights = new ArrayList<>();

  /** What a node or the driver says of a node, of the metadata ring's leader, or of a request. */
  enum What {
    UP,
    SUSPECT,
    DOWN,
    LEADS,
    /** A request of the load failed, or took long. */
    TROUBLE
  }

  /**
   * One thing that was seen.
   *
   * @param nanos as of {@link System#nanoTime}
   * @param by a node's name, or {@link #DRIVER}
   * @param whom a node's name; empty for a request
   * @param text what else there is to say
   */
  record Sight(long nanos, String by, String whom, What what, String text) {}

  synchronized void add(Sight sight) {
    sights.add(sight);
    notifyAll();
  }

  void add(String by, String whom, What what, String text) {
    add(new Sight(System.nanoTime(), by, whom, what, text));
  }

  /** The first of its kind at or after this time. */
  synchronized Optional<Sight> first(long sinceNanos, Predicate<Sight> kind) {
    return sights.stream()
        .filter(sight -> sight.nanos() - sinceNanos >= 0 && kind.test(sight))
        .findFirst();
  }

  /** All of a kind from one time to another. */
  synchronized List<Sight> all(long fromNanos, long toNanos, Predicate<Sight> kind) {
    return sights.stream()
        .filter(sight -> sight.nanos() - fromNanos >= 0 && sight.nanos() - toNanos < 0)
        .filter(kind)
        .toList();
  }

  /** Waits for the first of a kind; empty when it was not seen in time. */
  synchronized Optional<Sight> await(long sinceNanos, Predicate<Sight> kind, long limitSeconds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
    Optional<Sight> found = first(sinceNanos, kind);
    long left;
    while (found.isEmpty() && (left = deadline - System.nanoTime()) > 0) {
      try {
        TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
      found = first(sinceNanos, kind);
    }
    return found;
  }

  /**
   * Waits until each of these has seen it of this node.
   *
   * @return the last of them; empty when not all have in time
   */
  Optional<Sight> awaitAll(
      long sinceNanos, List<String> observers, String whom, What what, long limitSeconds) {
    Optional<Sight> last = Optional.empty();
    for (String observer : observers) {
      Optional<Sight> sight =
          await(
              sinceNanos,
              seen -> seen.by().equals(observer) && seen.whom().equals(whom) && seen.what() == what,
              limitSeconds);
      if (sight.isEmpty()) {
        return Optional.empty();
      }
      last = last.filter(known -> known.nanos() - sight.get().nanos() > 0).or(() -> sight);
    }
    return last;
  }
}
