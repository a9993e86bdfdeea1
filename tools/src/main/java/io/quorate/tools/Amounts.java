package io.quorate.tools;

import java.util.Locale;

/** Amounts as people read them. */
public final class Amounts {
  private static final String[] BYTE_UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

  private Amounts() {}

  /** {@code 0 B}, {@code 1.5 KiB}, {@code 117 MiB}: three digits are enough to compare. */
  public static String bytes(long bytes) {
    double amount = bytes;
    int unit = 0;
    while (Math.abs(amount) >= 999.5 && unit < BYTE_UNITS.length - 1) {
      amount /= 1024;
      unit++;
    }
    String digits = unit == 0 || amount >= 99.95 ? "%.0f" : amount >= 9.995 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, digits, amount) + " " + BYTE_UNITS[unit];
  }

  /** {@code 42s}, {@code 3m 05s}, {@code 2h 10m}, {@code 5d 03h}. */
  public static String duration(long seconds) {
    if (seconds < 60) {
      return seconds + "s";
    }
    if (seconds < 3_600) {
      return String.format(Locale.ROOT, "%dm %02ds", seconds / 60, seconds % 60);
    }
    if (seconds < 86_400) {
      return String.format(Locale.ROOT, "%dh %02dm", seconds / 3_600, seconds / 60 % 60);
    }
    return String.format(Locale.ROOT, "%dd %02dh", seconds / 86_400, seconds / 3_600 % 24);
  }

  /** {@code 33.3%} for 0.333. */
  public static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f%%", share * 100);
  }

  /** {@code 1,234,567}. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }
}
