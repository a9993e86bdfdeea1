package io.quorate.protocol.types;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as bytes and as text.
 *
 * <pre>
 * duration := vint months | vint days | vint nanos
 * vint     := zigzag, then 1-9 bytes: as many leading one bits as bytes follow the first
 * </pre>
 *
 * <p>Native protocol v5, section 6.8.
 */
final class Durations {
  private Durations() {}

  private static final Pattern UNITS =
      Pattern.compile(
          "(-)?(?:(\\d+)y)?(?:(\\d+)mo)?(?:(\\d+)w)?(?:(\\d+)d)?(?:(\\d+)h)?(?:(\\d+)m)?"
              + "(?:(\\d+)s)?(?:(\\d+)ms)?(?:(\\d+)(?:us|µs))?(?:(\\d+)ns)?",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern ISO =
      Pattern.compile(
          "(-)?P(?:(\\d+)Y)?(?:(\\d+)M)?(?:(\\d+)W)?(?:(\\d+)D)?"
              + "(?:T(?:(\\d+)H)?(?:(\\d+)M)?(?:(\\d+)S)?)?");

  private static final long[] NANOS_PER_UNIT = {
    3_600_000_000_000L, 60_000_000_000L, 1_000_000_000L, 1_000_000L, 1_000L, 1L
  };

  static CqlDuration parse(String text) {
    Matcher matcher = (text.contains("P") ? ISO : UNITS).matcher(text);
    if (!matcher.matches() || text.isEmpty() || text.equals("-") || text.endsWith("P")) {
      throw new InvalidValueException("Unable to convert '" + text + "' to a duration");
    }
    try {
      long months = Math.addExact(Math.multiplyExact(number(matcher, 2), 12), number(matcher, 3));
      long days = Math.addExact(Math.multiplyExact(number(matcher, 4), 7), number(matcher, 5));
      long nanos = 0;
      for (int group = 6; group <= matcher.groupCount(); group++) {
        nanos =
            Math.addExact(
                nanos, Math.multiplyExact(number(matcher, group), NANOS_PER_UNIT[group - 6]));
      }
      int sign = matcher.group(1) == null ? 1 : -1;
      return new CqlDuration(
          sign * Math.toIntExact(months), sign * Math.toIntExact(days), sign * nanos);
    } catch (ArithmeticException | NumberFormatException e) {
      throw new InvalidValueException("Invalid duration, it is too long: " + text, e);
    }
  }

  private static long number(Matcher matcher, int group) {
    String digits = matcher.group(group);
    return digits == null ? 0 : Long.parseLong(digits);
  }

  static void encode(CqlDuration duration, ByteSink out) {
    writeVint(duration.months(), out);
    writeVint(duration.days(), out);
    writeVint(duration.nanos(), out);
  }

  static CqlDuration decode(byte[] bytes, int offset, int length) {
    if (length < 3) {
      throw new InvalidValueException("Expected at least 3 bytes for a duration (" + length + ")");
    }
    int end = offset + length;
    int daysAt = offset + vintLength(bytes, offset, end);
    int nanosAt = daysAt + vintLength(bytes, daysAt, end);
    if (nanosAt + vintLength(bytes, nanosAt, end) != end) {
      throw new InvalidValueException("Unexpected extraneous bytes after duration value");
    }
    long months = readVint(bytes, offset);
    long days = readVint(bytes, daysAt);
    if (months != (int) months || days != (int) days) {
      throw new InvalidValueException(
          "The duration months and days must be 32 bits integers but were " + months + ", " + days);
    }
    return new CqlDuration((int) months, (int) days, readVint(bytes, nanosAt));
  }

  private static void writeVint(long value, ByteSink out) {
    long zigzag = (value << 1) ^ (value >> 63);
    int bits = 64 - Long.numberOfLeadingZeros(zigzag | 1);
    int extra = bits > 56 ? 8 : (bits - 1) / 7;
    if (extra == 8) {
      out.writeByte(0xFF);
      out.writeLong(zigzag);
      return;
    }
    out.writeByte((int) (zigzag >>> (8 * extra)) | (0xFF00 >>> extra & 0xFF));
    for (int i = extra - 1; i >= 0; i--) {
      out.writeByte((int) (zigzag >>> (8 * i)));
    }
  }

  private static int vintLength(byte[] bytes, int at, int end) {
    if (at >= end) {
      throw new InvalidValueException("Not enough bytes to read a duration");
    }
    int length = 1 + Integer.numberOfLeadingZeros(~(bytes[at] << 24 | 0x00FFFFFF) | 0x00800000);
    if (length > end - at) {
      throw new InvalidValueException("Not enough bytes to read a duration");
    }
    return length;
  }

  private static long readVint(byte[] bytes, int at) {
    int extra = vintLength(bytes, at, bytes.length) - 1;
    long zigzag = extra == 8 ? 0 : bytes[at] & (0xFF >>> extra);
    for (int i = 1; i <= extra; i++) {
      zigzag = zigzag << 8 | (bytes[at + i] & 0xFF);
    }
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }
}
