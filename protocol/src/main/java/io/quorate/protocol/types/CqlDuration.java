package io.quorate.protocol.types;

/** A length of time in three units that do not convert into each other; signs agree. */
public record CqlDuration(int months, int days, long nanos) {
  public CqlDuration {
    boolean anyNegative = months < 0 || days < 0 || nanos < 0;
    boolean anyPositive = months > 0 || days > 0 || nanos > 0;
    if (anyNegative && anyPositive) {
      throw new InvalidValueException(
          "The duration months, days and nanoseconds must be all of the same sign ("
              + months
              + ", "
              + days
              + ", "
              + nanos
              + ")");
    }
  }

  /** The text that CQL reads back, such as {@code 1y2mo3d4h5m6s7ms8us9ns}. */
  @Override
  public String toString() {
    if (months == 0 && days == 0 && nanos == 0) {
      return "0s";
    }
    StringBuilder text = new StringBuilder();
    if (months < 0 || days < 0 || nanos < 0) {
      text.append('-');
    }
    long m = Math.abs((long) months);
    unit(text, m / 12, "y");
    unit(text, m % 12, "mo");
    unit(text, Math.abs((long) days), "d");
    // Not abs: the smallest long has none, but division keeps every remainder in range.
    unit(text, Math.abs(nanos / 3_600_000_000_000L), "h");
    unit(text, Math.abs(nanos / 60_000_000_000L % 60), "m");
    unit(text, Math.abs(nanos / 1_000_000_000L % 60), "s");
    unit(text, Math.abs(nanos / 1_000_000L % 1_000), "ms");
    unit(text, Math.abs(nanos / 1_000L % 1_000), "us");
    unit(text, Math.abs(nanos % 1_000), "ns");
    return text.toString();
  }

  private static void unit(StringBuilder text, long count, String unit) {
    if (count != 0) {
      text.append(count).append(unit);
    }
  }
}
