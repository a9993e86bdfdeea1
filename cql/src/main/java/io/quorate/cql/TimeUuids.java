package io.quorate.cql;

import io.quorate.environment.Clock;
import io.quorate.environment.Randomness;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Version 1 UUIDs (RFC 9562, section 5.1): greater each time on this node. The node part is random
 * and chosen once. Safe for concurrent use.
 */
public final class TimeUuids {
  /** 100 ns steps from the start of the Gregorian calendar to 1970. */
  private static final long EPOCH_STEPS = 0x01B21DD213814000L;

  private static final long STEPS_PER_MICRO = 10;
  private static final long STEPS_PER_MILLI = 10_000;

  /** Smallest and greatest low halves, as timeuuid compares them: byte by byte, signed. */
  private static final long LOWEST = 0x8080808080808080L;

  private static final long HIGHEST = 0x7F7F7F7F7F7F7F7FL;

  private final Clock clock;
  private final long clockSequenceAndNode;
  private final AtomicLong lastSteps = new AtomicLong();

  public TimeUuids(Clock clock, Randomness random) {
    this.clock = clock;
    // Variant 2, and the multicast bit that says that the node part is no address.
    this.clockSequenceAndNode =
        (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0100_0000_0000L;
  }

  public UUID next() {
    long now = clock.wallMicros() * STEPS_PER_MICRO + EPOCH_STEPS;
    long steps = lastSteps.accumulateAndGet(now, (last, wall) -> Math.max(last + 1, wall));
    return new UUID(high(steps), clockSequenceAndNode);
  }

  /** One whose time is as long before 1970 as now is behind it: later ones sort first. */
  UUID nextDescending() {
    long steps = next().timestamp();
    return new UUID(high(EPOCH_STEPS - (steps - EPOCH_STEPS)), clockSequenceAndNode);
  }

  static UUID lowestAt(long millis) {
    return new UUID(high(millis * STEPS_PER_MILLI + EPOCH_STEPS), LOWEST);
  }

  static UUID highestAt(long millis) {
    return new UUID(high((millis + 1) * STEPS_PER_MILLI - 1 + EPOCH_STEPS), HIGHEST);
  }

  static long millis(UUID timeUuid) {
    return Math.floorDiv(timeUuid.timestamp() - EPOCH_STEPS, STEPS_PER_MILLI);
  }

  private static long high(long steps) {
    return steps << 32 | (steps >>> 16 & 0xFFFF_0000L) | 0x1000 | (steps >>> 48 & 0xFFF);
  }
}
