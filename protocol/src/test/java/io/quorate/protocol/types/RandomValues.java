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
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Random values of any type, edges more often than chance would have them. */
final class RandomValues {
  private final Random random;

  RandomValues(long seed) {
    this.random = new Random(seed);
  }

  Object next(CqlType type) {
    return switch (type.kind()) {
      case SCALAR -> scalar((Scalar) type);
      case LIST -> many(((ListType) type).element(), random.nextInt(4));
      case VECTOR -> many(((VectorType) type).element(), ((VectorType) type).dimension());
      case SET -> {
        Set<Object> set = new LinkedHashSet<>();
        for (Object element : many(((SetType) type).element(), random.nextInt(4))) {
          set.add(element);
        }
        yield set;
      }
      case MAP -> {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (Object key : many(((MapType) type).key(), random.nextInt(4))) {
          map.put(key, next(((MapType) type).value()));
        }
        yield map;
      }
      case TUPLE -> {
        List<@Nullable Object> fields = new ArrayList<>();
        for (CqlType field : ((TupleType) type).fieldTypes()) {
          fields.add(random.nextInt(5) == 0 ? null : next(field));
        }
        yield fields;
      }
      case USER -> {
        UserType user = (UserType) type;
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < user.fieldNames().size(); i++) {
          fields.put(
              user.fieldNames().get(i),
              random.nextInt(5) == 0 ? null : next(user.fieldTypes().get(i)));
        }
        yield fields;
      }
    };
  }

  private List<Object> many(CqlType element, int count) {
    List<Object> elements = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      elements.add(next(element));
    }
    return elements;
  }

  private long integer() {
    return switch (random.nextInt(6)) {
      case 0 -> random.nextInt(3) - 1;
      case 1 -> Long.MIN_VALUE + random.nextInt(2);
      case 2 -> Long.MAX_VALUE - random.nextInt(2);
      case 3 -> random.nextInt(1000) - 500;
      default -> random.nextLong() >> random.nextInt(64);
    };
  }

  private Object scalar(Scalar type) {
    return switch (type) {
      case ASCII -> text(128);
      case TEXT -> random.nextInt(8) == 0 ? "\u0000é漢\uD83D\uDE00" : text(0x700);
      case BIGINT, COUNTER -> integer();
      case BLOB -> ByteBuffer.wrap(bytes(random.nextInt(12)));
      case BOOLEAN -> random.nextBoolean();
      case DATE -> LocalDate.ofEpochDay(random.nextInt());
      case DECIMAL ->
          new BigDecimal(BigInteger.valueOf(integer()), random.nextInt(12) - 6)
              .multiply(BigDecimal.valueOf(random.nextInt(3) * 10L));
      case DOUBLE -> random.nextInt(3) == 0 ? special() : Double.longBitsToDouble(integer());
      case DURATION -> {
        int sign = random.nextBoolean() ? 1 : -1;
        yield new CqlDuration(
            sign * random.nextInt(100),
            sign * random.nextInt(Integer.MAX_VALUE),
            sign * (integer() >>> 1));
      }
      case FLOAT ->
          random.nextInt(3) == 0 ? (float) special() : Float.intBitsToFloat((int) integer());
      case INET -> inet();
      case INT -> (int) integer();
      case SMALLINT -> (short) integer();
      case TIME -> LocalTime.ofNanoOfDay(Math.floorMod(integer(), 86_400_000_000_000L));
      case TIMESTAMP -> Instant.ofEpochMilli(integer());
      case TIMEUUID -> uuid(1);
      case TINYINT -> (byte) integer();
      case UUID -> uuid(random.nextInt(3) == 0 ? 1 : random.nextInt(8));
      case VARINT ->
          random.nextInt(10) == 0
              ? new BigInteger(1200, random).negate().shiftRight(random.nextInt(1200))
              : random.nextInt(10) == 0
                  ? new BigInteger(1200, random).shiftRight(random.nextInt(1200))
                  : BigInteger.valueOf(integer());
    };
  }

  private double special() {
    double[] all = {
      0.0, -0.0, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1, -1
    };
    return all[random.nextInt(all.length)];
  }

  private UUID uuid(int version) {
    long high = (integer() & ~0xF000L) | ((long) version << 12);
    return new UUID(high, integer());
  }

  private InetAddress inet() {
    try {
      return InetAddress.getByAddress(bytes(random.nextBoolean() ? 4 : 16));
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  private String text(int bound) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      text.append((char) (random.nextInt(3) == 0 ? random.nextInt(2) : random.nextInt(bound)));
    }
    return text.toString();
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] =
          switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> (byte) 0xFF;
            case 2 -> 1;
            default -> (byte) random.nextInt();
          };
    }
    return bytes;
  }
}
