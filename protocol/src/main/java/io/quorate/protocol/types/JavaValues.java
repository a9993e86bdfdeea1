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
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Values as Java objects.
 *
 * <pre>
 * ascii, text       String           inet        InetAddress      list, vector  List
 * tinyint           Byte             date        LocalDate        set           Set
 * smallint          Short            time        LocalTime        map           Map
 * int               Integer          timestamp   Instant          tuple         List, with nulls
 * bigint, counter   Long             duration    CqlDuration      user type     Map by field, with nulls
 * varint            BigInteger       uuid        UUID             blob          ByteBuffer
 * decimal           BigDecimal       timeuuid    UUID             boolean       Boolean
 * float, double     Float, Double
 * </pre>
 */
public final class JavaValues {
  private JavaValues() {}

  private static final long DATE_EPOCH = 1L << 31;

  /**
   * The value as an object; null for the empty relic of a type that gives it no meaning.
   *
   * @throws InvalidValueException if the bytes are no value of the type
   */
  public static @Nullable Object decode(CqlType type, byte[] bytes, int offset, int length) {
    return switch (type.kind()) {
      case SCALAR -> scalar((Scalar) type, bytes, offset, length);
      case LIST -> list(((ListType) type).element(), bytes, offset, length);
      case SET ->
          Collections.unmodifiableSet(
              new LinkedHashSet<>(list(((SetType) type).element(), bytes, offset, length)));
      case MAP -> map((MapType) type, bytes, offset, length);
      case TUPLE -> fields(((TupleType) type).fieldTypes(), bytes, offset, length);
      case USER -> userType((UserType) type, bytes, offset, length);
      case VECTOR -> vector((VectorType) type, bytes, offset, length);
    };
  }

  /** As {@link #decode(CqlType, byte[], int, int)}, where null bytes are a null value. */
  public static @Nullable Object decode(CqlType type, byte @Nullable [] bytes) {
    return bytes == null ? null : decode(type, bytes, 0, bytes.length);
  }

  private static @Nullable Object scalar(Scalar type, byte[] bytes, int offset, int length) {
    ValueCheck.check(type, bytes, offset, length);
    if (length == 0 && !type.isEmptyMeaningful()) {
      return null;
    }
    return switch (type) {
      case ASCII -> new String(bytes, offset, length, StandardCharsets.US_ASCII);
      case TEXT -> new String(bytes, offset, length, StandardCharsets.UTF_8);
      case BIGINT, COUNTER -> BigEndian.readLong(bytes, offset);
      case BLOB -> {
        byte[] copy = new byte[length];
        System.arraycopy(bytes, offset, copy, 0, length);
        yield ByteBuffer.wrap(copy);
      }
      case BOOLEAN -> bytes[offset] != 0;
      case DATE ->
          LocalDate.ofEpochDay(
              Integer.toUnsignedLong(BigEndian.readInt(bytes, offset)) - DATE_EPOCH);
      case DECIMAL ->
          new BigDecimal(
              new BigInteger(bytes, offset + 4, length - 4), BigEndian.readInt(bytes, offset));
      case DOUBLE -> Double.longBitsToDouble(BigEndian.readLong(bytes, offset));
      case DURATION -> Durations.decode(bytes, offset, length);
      case FLOAT -> Float.intBitsToFloat(BigEndian.readInt(bytes, offset));
      case INET -> inet(bytes, offset, length);
      case INT -> BigEndian.readInt(bytes, offset);
      case SMALLINT -> (short) BigEndian.readShort(bytes, offset);
      case TIME -> LocalTime.ofNanoOfDay(BigEndian.readLong(bytes, offset));
      case TIMESTAMP -> Instant.ofEpochMilli(BigEndian.readLong(bytes, offset));
      case TIMEUUID, UUID ->
          new UUID(BigEndian.readLong(bytes, offset), BigEndian.readLong(bytes, offset + 8));
      case TINYINT -> bytes[offset];
      case VARINT -> new BigInteger(bytes, offset, length);
    };
  }

  private static InetAddress inet(byte[] bytes, int offset, int length) {
    byte[] address = new byte[length];
    System.arraycopy(bytes, offset, address, 0, length);
    try {
      return InetAddress.getByAddress(address);
    } catch (UnknownHostException e) {
      throw new InvalidValueException("An address of " + length + " bytes", e);
    }
  }

  private static List<@Nullable Object> list(
      CqlType element, byte[] bytes, int offset, int length) {
    ElementCursor cursor = ElementCursor.ofCollection(bytes, offset, length, 1);
    List<@Nullable Object> elements = new ArrayList<>(cursor.count());
    while (cursor.next()) {
      elements.add(element(element, cursor));
    }
    return Collections.unmodifiableList(elements);
  }

  private static Map<@Nullable Object, @Nullable Object> map(
      MapType type, byte[] bytes, int offset, int length) {
    ElementCursor cursor = ElementCursor.ofCollection(bytes, offset, length, 2);
    Map<@Nullable Object, @Nullable Object> entries = new LinkedHashMap<>();
    while (cursor.next()) {
      Object key = element(type.key(), cursor);
      cursor.next();
      entries.put(key, element(type.value(), cursor));
    }
    return Collections.unmodifiableMap(entries);
  }

  private static List<@Nullable Object> fields(
      List<CqlType> types, byte[] bytes, int offset, int length) {
    ElementCursor cursor = ElementCursor.ofTuple(bytes, offset, length);
    List<@Nullable Object> fields = new ArrayList<>(types.size());
    for (CqlType type : types) {
      fields.add(cursor.next() ? element(type, cursor) : null);
    }
    return Collections.unmodifiableList(fields);
  }

  private static Map<String, @Nullable Object> userType(
      UserType type, byte[] bytes, int offset, int length) {
    List<@Nullable Object> fields = fields(type.fieldTypes(), bytes, offset, length);
    Map<String, @Nullable Object> byName = new LinkedHashMap<>();
    for (int i = 0; i < fields.size(); i++) {
      byName.put(type.fieldNames().get(i), fields.get(i));
    }
    return Collections.unmodifiableMap(byName);
  }

  private static List<@Nullable Object> vector(
      VectorType type, byte[] bytes, int offset, int length) {
    ValueCheck.check(type, bytes, offset, length);
    int size = type.element().fixedLengthBytes();
    List<@Nullable Object> elements = new ArrayList<>(type.dimension());
    for (int i = 0; i < type.dimension(); i++) {
      elements.add(decode(type.element(), bytes, offset + i * size, size));
    }
    return Collections.unmodifiableList(elements);
  }

  private static @Nullable Object element(CqlType type, ElementCursor cursor) {
    return cursor.isNull() ? null : decode(type, cursor.bytes(), cursor.offset(), cursor.length());
  }

  /**
   * The bytes of an object.
   *
   * @throws InvalidValueException if the object is none that the type maps to
   */
  public static byte[] encode(CqlType type, Object value) {
    ByteSink out = new ByteSink();
    encode(type, value, out);
    return out.toByteArray();
  }

  /** Appends the bytes of an object. */
  public static void encode(CqlType type, Object value, ByteSink out) {
    try {
      switch (type.kind()) {
        case SCALAR -> encodeScalar((Scalar) type, value, out);
        case LIST -> encodeAll(((ListType) type).element(), (Collection<?>) value, out);
        case SET -> encodeSet(((SetType) type).element(), (Collection<?>) value, out);
        case MAP -> encodeMap((MapType) type, (Map<?, ?>) value, out);
        case TUPLE -> encodeFields(((TupleType) type).fieldTypes(), (List<?>) value, out);
        case USER -> encodeUserType((UserType) type, (Map<?, ?>) value, out);
        case VECTOR -> {
          VectorType vector = (VectorType) type;
          List<?> elements = (List<?>) value;
          if (elements.size() != vector.dimension()) {
            throw new InvalidValueException(
                "A " + vector + " cannot be made of " + elements.size() + " elements");
          }
          for (Object element : elements) {
            encode(vector.element(), element, out);
          }
        }
      }
    } catch (ClassCastException e) {
      throw new InvalidValueException(
          "A " + type + " cannot be made of a " + value.getClass().getSimpleName(), e);
    }
  }

  private static void encodeScalar(Scalar type, Object value, ByteSink out) {
    switch (type) {
      case ASCII, TEXT -> {
        byte[] bytes = ((String) value).getBytes(StandardCharsets.UTF_8);
        ValueCheck.check(type, bytes, 0, bytes.length);
        out.write(bytes);
      }
      case BIGINT, COUNTER -> out.writeLong((Long) value);
      case BLOB -> {
        ByteBuffer buffer = ((ByteBuffer) value).duplicate();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        out.write(bytes);
      }
      case BOOLEAN -> out.writeByte((Boolean) value ? 1 : 0);
      case DATE -> {
        long days = ((LocalDate) value).toEpochDay() + DATE_EPOCH;
        if (days < 0 || days > 0xFFFF_FFFFL) {
          throw new InvalidValueException("A date out of range: " + value);
        }
        out.writeInt((int) days);
      }
      case DECIMAL -> {
        out.writeInt(((BigDecimal) value).scale());
        out.write(((BigDecimal) value).unscaledValue().toByteArray());
      }
      case DOUBLE -> out.writeLong(Double.doubleToRawLongBits((Double) value));
      case DURATION -> Durations.encode((CqlDuration) value, out);
      case FLOAT -> out.writeInt(Float.floatToRawIntBits((Float) value));
      case INET -> out.write(((InetAddress) value).getAddress());
      case INT -> out.writeInt((Integer) value);
      case SMALLINT -> out.writeShort((Short) value);
      case TIME -> out.writeLong(((LocalTime) value).toNanoOfDay());
      case TIMESTAMP -> out.writeLong(((Instant) value).toEpochMilli());
      case TIMEUUID, UUID -> {
        UUID uuid = (UUID) value;
        if (type == Scalar.TIMEUUID && uuid.version() != 1) {
          throw new InvalidValueException("Invalid version for TimeUUID type.");
        }
        out.writeUuid(uuid);
      }
      case TINYINT -> out.writeByte((Byte) value);
      case VARINT -> out.write(((BigInteger) value).toByteArray());
    }
  }

  private static void encodeAll(CqlType element, Collection<?> values, ByteSink out) {
    out.writeInt(values.size());
    for (Object value : values) {
      encodeElement(element, value, out);
    }
  }

  /** Sets and maps go out in their type's order, the order in which they are stored. */
  private static void encodeSet(CqlType element, Collection<?> values, ByteSink out) {
    List<byte[]> encoded = new ArrayList<>(values.size());
    for (Object value : values) {
      encoded.add(encode(element, value));
    }
    encoded.sort((left, right) -> ByteComparable.compare(element, left, right));
    out.writeInt(encoded.size());
    for (byte[] bytes : encoded) {
      out.writeValue(bytes, 0, bytes.length);
    }
  }

  private static void encodeMap(MapType type, Map<?, ?> values, ByteSink out) {
    List<Map.Entry<byte[], ?>> encoded = new ArrayList<>(values.size());
    for (Map.Entry<?, ?> entry : values.entrySet()) {
      encoded.add(Map.entry(encode(type.key(), entry.getKey()), entry.getValue()));
    }
    encoded.sort(
        (left, right) -> ByteComparable.compare(type.key(), left.getKey(), right.getKey()));
    out.writeInt(encoded.size());
    for (Map.Entry<byte[], ?> entry : encoded) {
      out.writeValue(entry.getKey(), 0, entry.getKey().length);
      encodeElement(type.value(), entry.getValue(), out);
    }
  }

  private static void encodeUserType(UserType type, Map<?, ?> values, ByteSink out) {
    Set<?> unknown = new LinkedHashSet<>(values.keySet());
    unknown.removeAll(new LinkedHashSet<>(type.fieldNames()));
    if (!unknown.isEmpty()) {
      throw new InvalidValueException("Unknown field " + unknown + " of " + type);
    }
    List<@Nullable Object> fields = new ArrayList<>(type.fieldNames().size());
    for (String name : type.fieldNames()) {
      fields.add(values.get(name));
    }
    encodeFields(type.fieldTypes(), fields, out);
  }

  private static void encodeFields(List<CqlType> types, List<?> values, ByteSink out) {
    if (values.size() > types.size()) {
      throw new InvalidValueException(
          "A tuple of " + types.size() + " fields cannot be made of " + values.size());
    }
    for (int i = 0; i < values.size(); i++) {
      Object value = values.get(i);
      if (value == null) {
        out.writeInt(-1);
      } else {
        encodeElement(types.get(i), value, out);
      }
    }
  }

  private static void encodeElement(CqlType type, Object value, ByteSink out) {
    int lengthAt = out.length();
    out.writeInt(0);
    encode(type, value, out);
    out.overwriteInt(lengthAt, out.length() - lengthAt - 4);
  }
}
