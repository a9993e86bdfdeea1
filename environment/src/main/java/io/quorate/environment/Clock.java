package io.quorate.environment;

/** Time, of two kinds that never mix. Safe for concurrent use. */
public interface Clock {

  /** Monotonic nanoseconds from an arbitrary origin: for durations, timeouts and deadlines. */
  long nanos();

  /** Microseconds since the Unix epoch. May jump in either direction: for timestamps and TTLs. */
  long wallMicros();

  /** Whole seconds since the Unix epoch, the unit in which TTLs expire. */
  default long wallSeconds() {
    return Math.floorDiv(wallMicros(), 1_000_000L);
  }
}
