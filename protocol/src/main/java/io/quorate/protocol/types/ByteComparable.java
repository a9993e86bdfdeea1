package io.quorate.protocol.types;

import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.TupleType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.CqlType.VectorType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;

/**
 * Values as bytes whose unsigned lexicographic order is the order of the type. Each form ends
 * itself, so forms can follow each other and still compare, and none is a prefix of another of its
 * type, so inverting all bits reverses the order.
 *
 * <pre>
 * boolean                  00 | 01
 * tinyint .. bigint        two's complement with the sign bit flipped
 * timestamp, time, counter as bigint
 * date                     its 4 bytes, which are unsigned already
 * float, double            IEEE bits: sign flipped if positive, all bits if negative; one NaN, last
 * uuid                     version u4 | version 1: time high, mid, low; else the other bits | low half
 * timeuuid                 as uuid of version 1, each byte of the low half with its top bit flipped
 * text, ascii, blob, inet, duration
 *                          the bytes, 00 written as 00 FF, then 00 01
 * varint                   length u8: 80 + n if >= 0, 7F - n if negative (n &lt; 7E; else FF or 00,
 *                          and the length in 4 bytes, inverted if negative) | n bytes, shortest
 * decimal                  80 zero | C0, then if positive: exponent as varint | digits, two in a
 *                          byte, plus 1 | 00       | 40 and the same inverted if negative
 * list, set                (40 | element)* | 38         a null or empty element: 3C, 3E
 * map                      (40 | key | 40 | value)* | 38
 * tuple, user type         for each field of the type 40 | value, or 3C null, or 3E empty
 * vector                   its elements
 * </pre>
 *
 * <p>{@code decode} gives back the value, with two exceptions that the order makes necessary: equal
 * decimals of different scale come back alike (1.0 as 1), and all NaNs as one. The empty relic of a
 * type of fixed length has no form of its own and is refused outside collections and tuples.
 */
public final class ByteComparable {
  private ByteComparable() {}

  private static final int END = 0x38;
  private static final int NULL = 0x3C;
  private static final int EMPTY = 0x3E;
  private static final int PRESENT = 0x40;

  private static final int ESCAPED = 0x00;
  private static final int ESCAPED_ZERO = 0xFF;
  private static final int TERMINATOR = 0x01;

  private static final int LONG_LENGTH = 0x7E;

  private static final int DECIMAL_ZERO = 0x80;
  private static final int DECIMAL_POSITIVE = 0xC0;
  private static final int DECIMAL_NEGATIVE = 0x40;

  private static final long TIMEUUID_LOW_FLIP = 0x8080808080808080L;

  /**
   * Appends the form of a value.
   *
   * @throws InvalidValueException for bytes that are no value of the type
   */
  public static void encode(CqlType type, byte[] bytes, int offset, int length, ByteSink out) {
    switch (type.kind()) {
      case SCALAR -> scalar((Scalar) type, bytes, offset, length, out);
      case LIST -> elements(((ListType) type).element(), bytes, offset, length, out);
      case SET -> elements(((SetType) type).element(), bytes, offset, length, out);
      case MAP -> entries((MapType) type, bytes, offset, length, out);
      case TUPLE -> fields(((TupleType) type).fieldTypes(), bytes, offset, length, out);
      case USER -> fields(((UserType) type).fieldTypes(), bytes, offset, length, out);
      case VECTOR -> {
        VectorType vector = (VectorType) type;
        int size = vector.element().fixedLengthBytes();
        expectLength(vector, length, size * vector.dimension());
        for (int i = 0; i < vector.dimension(); i++) {
          encode(vector.element(), bytes, offset + i * size, size, out);
        }
      }
    }
  }

  /** The form of a value, as an array of its own. */
  public static byte[] encode(CqlType type, byte[] value) {
    ByteSink out = new ByteSink(value.length + 8);
    encode(type, value, 0, value.length, out);
    return out.toByteArray();
  }

  /**
   * Appends to {@code out} the value whose form starts at {@code offset}.
   *
   * @return the offset behind the form
   * @throws InvalidValueException for bytes that are no form of the type
   */
  public static int decode(CqlType type, byte[] bytes, int offset, ByteSink out) {
    try {
      return new Decoder(bytes, out).decode(type, offset);
    } catch (IndexOutOfBoundsException e) {
      throw new InvalidValueException("The byte-comparable form of a " + type + " is cut short", e);
    }
  }

  /** Compares two values of a type. Empty sorts first where the type has no order for it. */
  public static int compare(CqlType type, byte[] left, byte[] right) {
    boolean emptyIsOrdinary = type.fixedLengthBytes() == CqlType.VARIABLE_LENGTH;
    if (!emptyIsOrdinary && (left.length == 0 || right.length == 0)) {
      return Integer.compare(left.length, right.length);
    }
    return Arrays.compareUnsigned(encode(type, left), encode(type, right));
  }

  private static void scalar(Scalar type, byte[] bytes, int offset, int length, ByteSink out) {
    int fixed = type.fixedLengthBytes();
    if (fixed != CqlType.VARIABLE_LENGTH) {
      expectLength(type, length, fixed);
    }
    switch (type) {
      case ASCII, TEXT, BLOB, INET, DURATION -> escaped(bytes, offset, length, out);
      case BOOLEAN -> out.writeByte(bytes[offset] == 0 ? 0 : 1);
      case TINYINT -> out.writeByte(bytes[offset] ^ 0x80);
      case SMALLINT -> out.writeShort(BigEndian.readShort(bytes, offset) ^ 0x8000);
      case INT -> out.writeInt(BigEndian.readInt(bytes, offset) ^ Integer.MIN_VALUE);
      case BIGINT, COUNTER, TIMESTAMP, TIME ->
          out.writeLong(BigEndian.readLong(bytes, offset) ^ Long.MIN_VALUE);
      case DATE -> out.writeInt(BigEndian.readInt(bytes, offset));
      case FLOAT -> {
        int bits = Float.floatToIntBits(Float.intBitsToFloat(BigEndian.readInt(bytes, offset)));
        out.writeInt(bits < 0 ? ~bits : bits ^ Integer.MIN_VALUE);
      }
      case DOUBLE -> {
        long bits =
            Double.doubleToLongBits(Double.longBitsToDouble(BigEndian.readLong(bytes, offset)));
        out.writeLong(bits < 0 ? ~bits : bits ^ Long.MIN_VALUE);
      }
      case UUID -> {
        out.writeLong(uuidHigh(BigEndian.readLong(bytes, offset)));
        out.writeLong(BigEndian.readLong(bytes, offset + 8));
      }
      case TIMEUUID -> {
        out.writeLong(uuidHigh(BigEndian.readLong(bytes, offset)));
        out.writeLong(BigEndian.readLong(bytes, offset + 8) ^ TIMEUUID_LOW_FLIP);
      }
      case VARINT -> varint(length == 0 ? BigInteger.ZERO : integer(bytes, offset, length), out);
      case DECIMAL -> decimal(bytes, offset, length, out);
    }
  }

  private static void expectLength(CqlType type, int length, int expected) {
    if (length != expected) {
      throw new InvalidValueException(
          "A " + type + " of " + length + " bytes has no place in an order: expected " + expected);
    }
  }

  private static void escaped(byte[] bytes, int offset, int length, ByteSink out) {
    int end = offset + length;
    int from = offset;
    for (int i = offset; i < end; i++) {
      if (bytes[i] == ESCAPED) {
        out.write(bytes, from, i + 1 - from);
        out.writeByte(ESCAPED_ZERO);
        from = i + 1;
      }
    }
    out.write(bytes, from, end - from);
    out.writeShort(ESCAPED << 8 | TERMINATOR);
  }

  /** Version first, then (version 1) the time from its high bits down. */
  private static long uuidHigh(long high) {
    long version = high >>> 12 & 0xF;
    if (version == 1) {
      return version << 60 | (high & 0xFFF) << 48 | (high >>> 16 & 0xFFFF) << 32 | high >>> 32;
    }
    return version << 60 | high >>> 16 << 12 | (high & 0xFFF);
  }

  private static long uuidHighBack(long form) {
    long version = form >>> 60;
    if (version == 1) {
      return form << 32 | (form >>> 32 & 0xFFFF) << 16 | version << 12 | (form >>> 48 & 0xFFF);
    }
    return (form >>> 12 & 0xFFFF_FFFF_FFFFL) << 16 | version << 12 | (form & 0xFFF);
  }

  private static BigInteger integer(byte[] bytes, int offset, int length) {
    return new BigInteger(bytes, offset, length);
  }

  private static void varint(BigInteger value, ByteSink out) {
    byte[] shortest = value.toByteArray();
    int n = shortest.length;
    boolean negative = value.signum() < 0;
    if (n < LONG_LENGTH) {
      out.writeByte(negative ? 0x7F - n : 0x80 + n);
    } else {
      out.writeByte(negative ? 0x00 : 0xFF);
      out.writeInt(negative ? ~n : n);
    }
    out.write(shortest);
  }

  private static void decimal(byte[] bytes, int offset, int length, ByteSink out) {
    if (length < 5) {
      throw new InvalidValueException("A decimal of " + length + " bytes");
    }
    BigInteger unscaled = integer(bytes, offset + 4, length - 4);
    if (unscaled.signum() == 0) {
      out.writeByte(DECIMAL_ZERO);
      return;
    }
    boolean negative = unscaled.signum() < 0;
    out.writeByte(negative ? DECIMAL_NEGATIVE : DECIMAL_POSITIVE);
    int from = out.length();
    String digits = unscaled.abs().toString();
    long exponent = digits.length() - (long) BigEndian.readInt(bytes, offset);
    varint(BigInteger.valueOf(exponent), out);
    int significant = digits.length();
    while (digits.charAt(significant - 1) == '0') {
      significant--;
    }
    for (int i = 0; i < significant; i += 2) {
      int tens = digits.charAt(i) - '0';
      int ones = i + 1 < significant ? digits.charAt(i + 1) - '0' : 0;
      out.writeByte(tens * 10 + ones + 1);
    }
    out.writeByte(0);
    if (negative) {
      out.invertFrom(from);
    }
  }

  private static void elements(
      CqlType element, byte[] bytes, int offset, int length, ByteSink out) {
    ElementCursor cursor = ElementCursor.ofCollection(bytes, offset, length, 1);
    while (cursor.next()) {
      marked(element, cursor, out);
    }
    out.writeByte(END);
  }

  private static void entries(MapType type, byte[] bytes, int offset, int length, ByteSink out) {
    ElementCursor cursor = ElementCursor.ofCollection(bytes, offset, length, 2);
    while (cursor.next()) {
      marked(type.key(), cursor, out);
      cursor.next();
      marked(type.value(), cursor, out);
    }
    out.writeByte(END);
  }

  private static void fields(
      List<CqlType> types, byte[] bytes, int offset, int length, ByteSink out) {
    ElementCursor cursor = ElementCursor.ofTuple(bytes, offset, length);
    for (CqlType type : types) {
      if (cursor.next()) {
        marked(type, cursor, out);
      } else {
        out.writeByte(NULL);
      }
    }
  }

  private static void marked(CqlType type, ElementCursor cursor, ByteSink out) {
    if (cursor.isNull()) {
      out.writeByte(NULL);
    } else if (cursor.length() == 0) {
      out.writeByte(EMPTY);
    } else {
      out.writeByte(PRESENT);
      encode(type, cursor.bytes(), cursor.offset(), cursor.length(), out);
    }
  }

  /** Reads forms back. Lives for one value. */
  private static final class Decoder {
    private final byte[] bytes;
    private final ByteSink out;

    Decoder(byte[] bytes, ByteSink out) {
      this.bytes = bytes;
      this.out = out;
    }

    int decode(CqlType type, int at) {
      return switch (type.kind()) {
        case SCALAR -> scalar((Scalar) type, at);
        case LIST -> elements(((ListType) type).element(), at);
        case SET -> elements(((SetType) type).element(), at);
        case MAP -> entries((MapType) type, at);
        case TUPLE -> fields(((TupleType) type).fieldTypes(), at);
        case USER -> fields(((UserType) type).fieldTypes(), at);
        case VECTOR -> {
          VectorType vector = (VectorType) type;
          int next = at;
          for (int i = 0; i < vector.dimension(); i++) {
            next = decode(vector.element(), next);
          }
          yield next;
        }
      };
    }

    private int scalar(Scalar type, int at) {
      switch (type) {
        case ASCII, TEXT, BLOB, INET, DURATION -> {
          return escaped(at);
        }
        case BOOLEAN -> out.writeByte(bytes[at]);
        case TINYINT -> out.writeByte(bytes[at] ^ 0x80);
        case SMALLINT -> out.writeShort(BigEndian.readShort(bytes, at) ^ 0x8000);
        case INT -> out.writeInt(BigEndian.readInt(bytes, at) ^ Integer.MIN_VALUE);
        case BIGINT, COUNTER, TIMESTAMP, TIME ->
            out.writeLong(BigEndian.readLong(bytes, at) ^ Long.MIN_VALUE);
        case DATE -> out.writeInt(BigEndian.readInt(bytes, at));
        case FLOAT -> {
          int form = BigEndian.readInt(bytes, at);
          out.writeInt(form < 0 ? form ^ Integer.MIN_VALUE : ~form);
        }
        case DOUBLE -> {
          long form = BigEndian.readLong(bytes, at);
          out.writeLong(form < 0 ? form ^ Long.MIN_VALUE : ~form);
        }
        case UUID -> {
          out.writeLong(uuidHighBack(BigEndian.readLong(bytes, at)));
          out.writeLong(BigEndian.readLong(bytes, at + 8));
        }
        case TIMEUUID -> {
          out.writeLong(uuidHighBack(BigEndian.readLong(bytes, at)));
          out.writeLong(BigEndian.readLong(bytes, at + 8) ^ TIMEUUID_LOW_FLIP);
        }
        case VARINT -> {
          return varint(at);
        }
        case DECIMAL -> {
          return decimal(at);
        }
      }
      return at + type.fixedLengthBytes();
    }

    private int escaped(int start) {
      int from = start;
      int at = start;
      while (true) {
        if (bytes[at] != ESCAPED) {
          at++;
        } else if ((bytes[at + 1] & 0xFF) == ESCAPED_ZERO) {
          out.write(bytes, from, at + 1 - from);
          at += 2;
          from = at;
        } else if (bytes[at + 1] == TERMINATOR) {
          out.write(bytes, from, at - from);
          return at + 2;
        } else {
          throw new InvalidValueException("An unknown escape in a byte-comparable form");
        }
      }
    }

    private int varint(int at) {
      int head = bytes[at] & 0xFF;
      boolean isLong = head == 0x00 || head == 0xFF;
      int length =
          head == 0xFF
              ? BigEndian.readInt(bytes, at + 1)
              : head == 0x00
                  ? ~BigEndian.readInt(bytes, at + 1)
                  : head >= 0x80 ? head - 0x80 : 0x7F - head;
      int start = at + (isLong ? 5 : 1);
      if (length < 1 || length > bytes.length - start) {
        throw new InvalidValueException("A varint of " + length + " bytes");
      }
      out.write(bytes, start, length);
      return start + length;
    }

    private int decimal(int at) {
      int head = bytes[at] & 0xFF;
      if (head == DECIMAL_ZERO) {
        out.writeInt(0);
        out.writeByte(0);
        return at + 1;
      }
      boolean negative = head == DECIMAL_NEGATIVE;
      if (!negative && head != DECIMAL_POSITIVE) {
        throw new InvalidValueException("An unknown start of a decimal");
      }
      byte[] form = bytes;
      int start = at + 1;
      if (negative) {
        ByteSink inverted = new ByteSink();
        inverted.write(bytes, start, bytes.length - start);
        inverted.invertFrom(0);
        form = inverted.toByteArray();
        start = 0;
      }
      ByteSink exponentBytes = new ByteSink();
      int digitsAt = new Decoder(form, exponentBytes).varint(start);
      long exponent = new BigInteger(exponentBytes.toByteArray()).longValueExact();
      StringBuilder digits = new StringBuilder();
      int i = digitsAt;
      for (; form[i] != 0; i++) {
        int pair = form[i] - 1;
        if (pair < 0 || pair > 99) {
          throw new InvalidValueException("A decimal with a digit out of range");
        }
        digits.append((char) ('0' + pair / 10)).append((char) ('0' + pair % 10));
      }
      if (digits.length() == 0) {
        throw new InvalidValueException("A decimal without digits");
      }
      if (digits.charAt(digits.length() - 1) == '0') {
        digits.setLength(digits.length() - 1);
      }
      BigInteger unscaled = new BigInteger(digits.toString());
      BigDecimal value =
          new BigDecimal(
              negative ? unscaled.negate() : unscaled, Math.toIntExact(digits.length() - exponent));
      // 1E+2 is written back as 100, unless that would take a page.
      if (value.scale() < 0 && value.scale() > -64) {
        value = value.setScale(0);
      }
      out.writeInt(value.scale());
      out.write(value.unscaledValue().toByteArray());
      return at + 1 + (i + 1 - start);
    }

    private int elements(CqlType element, int start) {
      int countAt = out.length();
      out.writeInt(0);
      int count = 0;
      int at = start;
      while (bytes[at] != END) {
        at = marked(element, at);
        count++;
      }
      out.overwriteInt(countAt, count);
      return at + 1;
    }

    private int entries(MapType type, int start) {
      int countAt = out.length();
      out.writeInt(0);
      int count = 0;
      int at = start;
      while (bytes[at] != END) {
        at = marked(type.value(), marked(type.key(), at));
        count++;
      }
      out.overwriteInt(countAt, count);
      return at + 1;
    }

    private int fields(List<CqlType> types, int start) {
      int at = start;
      for (CqlType type : types) {
        at = marked(type, at);
      }
      return at;
    }

    private int marked(CqlType type, int at) {
      switch (bytes[at]) {
        case NULL -> {
          out.writeInt(-1);
          return at + 1;
        }
        case EMPTY -> {
          out.writeInt(0);
          return at + 1;
        }
        case PRESENT -> {
          int lengthAt = out.length();
          out.writeInt(0);
          int next = decode(type, at + 1);
          out.overwriteInt(lengthAt, out.length() - lengthAt - 4);
          return next;
        }
        default -> throw new InvalidValueException("An unknown mark in a byte-comparable form");
      }
    }
  }
}
