package io.quorate.coordinator;

import io.quorate.environment.Clock;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Write timestamps: wall-clock microseconds that never repeat or go back on this node, and that are
 * greater than every timestamp it has seen (Kulkarni et al., Logical Physical Clocks, OPODIS 2014,
 * with the logical part in the lowest microseconds). What others send moves it forward by the skew
 * bound at most, so that one broken clock does not take the cluster into the future.
 *
 * <p>Safe for concurrent use.
 */
public final class HybridClock {
  /** How far another node's timestamp may move this clock ahead of its own wall clock. */
  static final long MAX_SKEW_MICROS = 500_000;

  private final Clock clock;
  private final AtomicLong lastMicros = new AtomicLong();

  public HybridClock(Clock clock) {
    this.clock = clock;
  }

  /** The next timestamp. */
  public long nextMicros() {
    long wall = clock.wallMicros();
    while (true) {
      long last = lastMicros.get();
      long next = Math.max(wall, last + 1);
      if (lastMicros.compareAndSet(last, next)) {
        return next;
      }
    }
  }

  /** Takes note of a timestamp that came from elsewhere. */
  public void observe(long micros) {
    long last = lastMicros.get();
    if (micros <= last) {
      return;
    }
    long bounded = Math.min(micros, clock.wallMicros() + MAX_SKEW_MICROS);
    while (bounded > last && !lastMicros.compareAndSet(last, bounded)) {
      last = lastMicros.get();
    }
  }
}
