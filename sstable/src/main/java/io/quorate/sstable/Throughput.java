package io.quorate.sstable;

import java.util.concurrent.atomic.AtomicLong;

/** Spreads bytes evenly over time. Safe for concurrent use: who asks later is served later. */
final class Throughput {
  private volatile long bytesPerSecond;

  /** When all bytes so far have had their time. */
  private final AtomicLong paidUntilNanos = new AtomicLong(Long.MIN_VALUE);

  Throughput(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  void set(long bytes) {
    bytesPerSecond = bytes;
  }

  /** How long to wait after so many bytes, so that no more than allowed are read a second. */
  long delayNanos(long bytes, long nowNanos) {
    long rate = bytesPerSecond;
    if (rate == 0) {
      return 0;
    }
    long cost = (long) (bytes * 1e9 / rate);
    long until = paidUntilNanos.updateAndGet(before -> Math.max(before, nowNanos) + cost);
    return until - nowNanos;
  }
}
