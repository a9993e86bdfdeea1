package io.quorate.cql;

import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.JavaValues;
import io.quorate.protocol.types.ValueFormat;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** {@code CAST (x AS type)}: numbers to numbers, moments to moments, anything plain to text. */
final class Casts {
  private Casts() {}

  static boolean isPossible(CqlType from, CqlType to) {
    if (!(from instanceof Scalar source) || !(to instanceof Scalar target)) {
      return false;
    }
    return source == target
        || (target.isText() && source != Scalar.BLOB)
        || (source.isNumeric() && target.isNumeric() && target != Scalar.COUNTER)
        || (target == Scalar.TIMESTAMP && (source == Scalar.TIMEUUID || source == Scalar.DATE))
        || (target == Scalar.DATE && (source == Scalar.TIMEUUID || source == Scalar.TIMESTAMP));
  }

  static byte @Nullable [] cast(CqlType from, CqlType to, byte @Nullable [] bytes) {
    Object value = JavaValues.decode(from, bytes);
    if (value == null || from.equals(to)) {
      return bytes;
    }
    Scalar source = (Scalar) from;
    Scalar target = (Scalar) to;
    if (target.isText()) {
      return JavaValues.encode(target, ValueFormat.plain(source, value));
    }
    if (value instanceof Number number) {
      return JavaValues.encode(target, number(number, target));
    }
    Instant instant =
        switch (value) {
          case UUID id -> Instant.ofEpochMilli(TimeUuids.millis(id));
          case LocalDate date -> date.atStartOfDay().toInstant(ZoneOffset.UTC);
          default -> (Instant) value;
        };
    return JavaValues.encode(
        target, target == Scalar.DATE ? instant.atZone(ZoneOffset.UTC).toLocalDate() : instant);
  }

  /** The number in a type's Java class; what does not fit is cut as Java's conversions cut it. */
  static Object number(Number number, Scalar target) {
    return switch (target) {
      case TINYINT -> number.byteValue();
      case SMALLINT -> number.shortValue();
      case INT -> number.intValue();
      case BIGINT, COUNTER -> number.longValue();
      case FLOAT -> number.floatValue();
      case DOUBLE -> number.doubleValue();
      case VARINT -> integer(number);
      case DECIMAL -> decimal(number);
      default -> throw new IllegalStateException(target + " is no number");
    };
  }

  private static BigInteger integer(Number number) {
    return switch (number) {
      case BigInteger exact -> exact;
      case BigDecimal exact -> exact.toBigInteger();
      case Double inexact -> finite(inexact).toBigInteger();
      case Float inexact -> finite(inexact).toBigInteger();
      default -> BigInteger.valueOf(number.longValue());
    };
  }

  static BigDecimal decimal(Number number) {
    return switch (number) {
      case BigDecimal exact -> exact;
      case BigInteger exact -> new BigDecimal(exact);
      case Double inexact -> finite(inexact);
      case Float inexact -> finite(inexact);
      default -> BigDecimal.valueOf(number.longValue());
    };
  }

  private static BigDecimal finite(Number number) {
    double value = number.doubleValue();
    if (!Double.isFinite(value)) {
      throw RequestException.invalid("Cannot convert " + value + " to an exact number");
    }
    return new BigDecimal(number.toString());
  }
}
