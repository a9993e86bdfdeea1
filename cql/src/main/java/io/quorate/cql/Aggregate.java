package io.quorate.cql;

import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteComparable;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.JavaValues;
import java.math.BigDecimal;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * A function over all rows. Immutable; {@link #begin} gives the state of one execution.
 *
 * @param argument null for {@code count(*)}
 */
record Aggregate(Kind kind, CqlType type, @Nullable ColumnValue argument) {

  /** Which function. */
  enum Kind {
    COUNT,
    MIN,
    MAX,
    SUM,
    AVG,
    /** The value of the first row: what a plain column is beside aggregates. */
    FIRST
  }

  /**
   * The aggregate of a name.
   *
   * @return null if there is none of that name
   */
  static @Nullable Aggregate of(String name, ColumnValue argument) {
    CqlType type = argument.type();
    return switch (name) {
      case "count" -> new Aggregate(Kind.COUNT, Scalar.BIGINT, argument);
      case "min" -> new Aggregate(Kind.MIN, type, argument);
      case "max" -> new Aggregate(Kind.MAX, type, argument);
      case "sum", "avg" -> {
        if (!(type instanceof Scalar scalar) || !scalar.isNumeric()) {
          throw RequestException.invalid(
              "Invalid call to function " + name + ", none of its type signatures match: " + type);
        }
        yield new Aggregate(name.equals("sum") ? Kind.SUM : Kind.AVG, type, argument);
      }
      default -> null;
    };
  }

  State begin() {
    return new State();
  }

  /** What one execution has seen. Owned by it. */
  final class State {
    private long count;
    private byte @Nullable [] extreme;
    private boolean any;
    private BigDecimal exactSum = BigDecimal.ZERO;
    private double inexactSum;

    void add(RowBuffer row) {
      byte[] value = argument == null ? null : argument.bytes(row);
      if (kind == Kind.FIRST) {
        extreme = any ? extreme : value;
        any = true;
        return;
      }
      if (argument != null && value == null) {
        return;
      }
      count++;
      switch (kind) {
        case COUNT, FIRST -> {}
        case MIN, MAX -> addExtreme(value);
        case SUM, AVG -> addNumber(value);
      }
    }

    private void addExtreme(byte @Nullable [] value) {
      if (value == null) {
        return;
      }
      byte[] known = extreme;
      int order = known == null ? 0 : ByteComparable.compare(type, value, known);
      if (known == null || (kind == Kind.MIN ? order < 0 : order > 0)) {
        extreme = value;
      }
    }

    private void addNumber(byte @Nullable [] value) {
      Number number = (Number) JavaValues.decode(type, value);
      if (number == null) {
        return;
      }
      if (isInexact()) {
        inexactSum += number.doubleValue();
      } else {
        exactSum = exactSum.add(Casts.decimal(number));
      }
    }

    private boolean isInexact() {
      return type == Scalar.DOUBLE || type == Scalar.FLOAT;
    }

    byte @Nullable [] result() {
      return switch (kind) {
        case COUNT -> BigEndian.ofLong(count);
        case MIN, MAX, FIRST -> extreme;
        case SUM -> number(isInexact() ? (Number) inexactSum : exactSum);
        case AVG -> average();
      };
    }

    private byte[] average() {
      if (isInexact()) {
        return number(count == 0 ? 0.0 : inexactSum / count);
      }
      if (count == 0) {
        return number(BigDecimal.ZERO);
      }
      BigDecimal divisor = BigDecimal.valueOf(count);
      // Whole numbers are cut towards zero; decimals keep the scale of their sum.
      int scale = type == Scalar.DECIMAL ? exactSum.scale() : 0;
      RoundingMode rounding = type == Scalar.DECIMAL ? RoundingMode.HALF_EVEN : RoundingMode.DOWN;
      return number(exactSum.divide(divisor, scale, rounding));
    }

    private byte[] number(Number value) {
      return JavaValues.encode(type, Casts.number(value, (Scalar) type));
    }
  }
}
