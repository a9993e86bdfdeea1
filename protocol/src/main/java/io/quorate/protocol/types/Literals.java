package io.quorate.protocol.types;

import io.quorate.protocol.types.CqlType.Scalar;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Scalars from the text of a literal, without its quotes. */
public final class Literals {
  private Literals() {}

  private static final Pattern TIMESTAMP =
      Pattern.compile(
          "(\\d{4,}-\\d{1,2}-\\d{1,2})"
              + "(?:[ T](\\d{1,2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,9})?)?))?"
              + " ?([Zz]|[+-]\\d{2}(?::?\\d{2})?|[A-Za-z][A-Za-z0-9/_+-]*)?");
  private static final Pattern IP =
      Pattern.compile("(?:\\d{1,3}\\.){3}\\d{1,3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*");
  private static final Pattern UUID_TEXT =
      Pattern.compile("[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}");

  /**
   * The bytes of the value that {@code text} stands for.
   *
   * @throws InvalidValueException in the words of Cassandra
   */
  public static byte[] parse(Scalar type, String text) {
    try {
      return JavaValues.encode(type, object(type, text));
    } catch (NumberFormatException | ArithmeticException e) {
      throw new InvalidValueException(
          "Unable to make " + typeName(type) + " from '" + text + "'", e);
    } catch (DateTimeException e) {
      throw new InvalidValueException(
          "Unable to coerce '" + text + "' to a " + type + " (" + e.getMessage() + ")", e);
    }
  }

  private static String typeName(Scalar type) {
    return switch (type) {
      case TINYINT -> "byte";
      case SMALLINT -> "short";
      case BIGINT, COUNTER -> "long";
      case VARINT -> "BigInteger";
      case DECIMAL -> "BigDecimal";
      default -> type.toString();
    };
  }

  private static Object object(Scalar type, String text) {
    return switch (type) {
      case ASCII, TEXT -> text;
      case BIGINT, COUNTER -> Long.valueOf(text);
      case BLOB -> blob(text);
      case BOOLEAN -> bool(text);
      case DATE -> date(text);
      case DECIMAL -> new BigDecimal(text);
      case DOUBLE -> Double.valueOf(special(text));
      case DURATION -> Durations.parse(text);
      case FLOAT -> Float.valueOf(special(text));
      case INET -> inet(text);
      case INT -> Integer.valueOf(text);
      case SMALLINT -> Short.valueOf(text);
      case TIME -> time(text);
      case TIMESTAMP -> timestamp(text);
      case TIMEUUID, UUID -> uuid(text);
      case TINYINT -> Byte.valueOf(text);
      case VARINT -> new BigInteger(text);
    };
  }

  private static String special(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "nan", "-nan" -> "NaN";
      case "infinity" -> "Infinity";
      case "-infinity" -> "-Infinity";
      default -> text;
    };
  }

  private static ByteBuffer blob(String text) {
    if (!text.startsWith("0x") && !text.startsWith("0X")) {
      throw new InvalidValueException("A blob begins with 0x: " + text);
    }
    try {
      return ByteBuffer.wrap(HexFormat.of().parseHex(text, 2, text.length()));
    } catch (IllegalArgumentException e) {
      throw new InvalidValueException(
          "An hex string representing bytes must have an even length of hex digits", e);
    }
  }

  private static Boolean bool(String text) {
    if (text.equalsIgnoreCase("true")) {
      return true;
    }
    if (text.equalsIgnoreCase("false")) {
      return false;
    }
    throw new InvalidValueException("Unable to make boolean from '" + text + "'");
  }

  private static boolean isInteger(String text) {
    int digits = text.startsWith("-") ? 1 : 0;
    return text.length() > digits && text.chars().skip(digits).allMatch(c -> c >= '0' && c <= '9');
  }

  private static LocalDate date(String text) {
    if (isInteger(text)) {
      return LocalDate.ofEpochDay(Long.parseLong(text) - (1L << 31));
    }
    return LocalDate.parse(text);
  }

  private static LocalTime time(String text) {
    return isInteger(text) ? LocalTime.ofNanoOfDay(Long.parseLong(text)) : LocalTime.parse(text);
  }

  private static Instant timestamp(String text) {
    if (isInteger(text)) {
      return Instant.ofEpochMilli(Long.parseLong(text));
    }
    if (text.equalsIgnoreCase("now")) {
      throw new InvalidValueException("Unable to parse a date/time from 'now': use now()");
    }
    Matcher matcher = TIMESTAMP.matcher(text);
    if (!matcher.matches()) {
      throw new InvalidValueException("Unable to parse a date/time from '" + text + "'");
    }
    String[] ymd = matcher.group(1).split("-", -1);
    LocalDate date =
        LocalDate.of(Integer.parseInt(ymd[0]), Integer.parseInt(ymd[1]), Integer.parseInt(ymd[2]));
    String clock = matcher.group(2);
    LocalTime time =
        clock == null
            ? LocalTime.MIDNIGHT
            : LocalTime.parse(clock.indexOf(':') == 1 ? "0" + clock : clock);
    String zone = matcher.group(3);
    ZoneId zoneId =
        zone == null
            ? ZoneOffset.UTC
            : zone.equalsIgnoreCase("z") ? ZoneOffset.UTC : ZoneId.of(zone);
    return date.atTime(time).atZone(zoneId).toInstant();
  }

  private static InetAddress inet(String text) {
    // A literal address only: a host name would be looked up.
    if (!IP.matcher(text).matches()) {
      throw new InvalidValueException("Unable to make inet address from '" + text + "'");
    }
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      throw new InvalidValueException("Unable to make inet address from '" + text + "'", e);
    }
  }

  private static UUID uuid(String text) {
    if (!UUID_TEXT.matcher(text).matches()) {
      throw new InvalidValueException("Unable to make UUID from '" + text + "'");
    }
    return UUID.fromString(text);
  }
}
