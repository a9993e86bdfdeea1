package io.quorate.protocol.types;

import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.TupleType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.CqlType.VectorType;
import java.util.List;

/** Whether bytes are a value of a type. What comes from a client passes here before it is kept. */
public final class ValueCheck {
  private ValueCheck() {}

  private static final long HIGH_BITS = 0x8080808080808080L;

  /**
   * Returns if the bytes are a value of the type.
   *
   * @throws InvalidValueException saying what is wrong
   */
  public static void check(CqlType type, byte[] bytes, int offset, int length) {
    switch (type.kind()) {
      case SCALAR -> scalar((Scalar) type, bytes, offset, length);
      case LIST -> collection(((ListType) type).element(), "list", bytes, offset, length);
      case SET -> collection(((SetType) type).element(), "set", bytes, offset, length);
      case MAP -> map((MapType) type, bytes, offset, length);
      case TUPLE -> fields(((TupleType) type).fieldTypes(), "tuple", bytes, offset, length);
      case USER -> fields(((UserType) type).fieldTypes(), "user type", bytes, offset, length);
      case VECTOR -> vector((VectorType) type, bytes, offset, length);
    }
  }

  private static void scalar(Scalar type, byte[] bytes, int offset, int length) {
    if (length == 0 && type.allowsEmpty()) {
      return;
    }
    switch (type) {
      case ASCII -> ascii(bytes, offset, length);
      case TEXT -> utf8(bytes, offset, length);
      case BLOB -> {}
      case BIGINT, COUNTER -> expect(length == 8, "Expected 8 or 0 byte long (%d)", length);
      case BOOLEAN -> expect(length == 1, "Expected 1 or 0 byte value (%d)", length);
      case DATE -> expect(length == 4, "Expected 4 byte long for date (%d)", length);
      case DECIMAL ->
          expect(length > 4, "Expected 0 or at least 5 bytes for a decimal (%d)", length);
      case DOUBLE -> expect(length == 8, "Expected 8 or 0 byte value for a double (%d)", length);
      case DURATION -> Durations.decode(bytes, offset, length);
      case FLOAT -> expect(length == 4, "Expected 4 or 0 byte value for a float (%d)", length);
      case INET ->
          expect(length == 4 || length == 16, "Expected 4 or 16 byte inetaddress; got %d", length);
      case INT -> expect(length == 4, "Expected 4 or 0 byte int (%d)", length);
      case SMALLINT -> expect(length == 2, "Expected 2 bytes for a smallint (%d)", length);
      case TIME -> {
        expect(length == 8, "Expected 8 byte long for time (%d)", length);
        long nanos = BigEndian.readLong(bytes, offset);
        if (nanos < 0 || nanos >= 86_400_000_000_000L) {
          throw new InvalidValueException("Input long out of bounds: " + nanos);
        }
      }
      case TIMESTAMP -> expect(length == 8, "Expected 8 or 0 byte long for date (%d)", length);
      case TIMEUUID -> {
        expect(length == 16, "UUID should be 16 or 0 bytes (%d)", length);
        if ((bytes[offset + 6] & 0xF0) != 0x10) {
          throw new InvalidValueException("Invalid version for TimeUUID type.");
        }
      }
      case TINYINT -> expect(length == 1, "Expected 1 byte for a tinyint (%d)", length);
      case UUID -> expect(length == 16, "UUID should be 16 or 0 bytes (%d)", length);
      case VARINT -> {}
    }
  }

  private static void expect(boolean holds, String message, int length) {
    if (!holds) {
      throw new InvalidValueException(String.format(message, length));
    }
  }

  private static void ascii(byte[] bytes, int offset, int length) {
    int at = asciiPrefix(bytes, offset, length);
    if (at < length) {
      throw new InvalidValueException("Invalid byte for ascii: " + bytes[offset + at]);
    }
  }

  /** How many leading bytes are ASCII; eight at a time, since nearly all text is. */
  private static int asciiPrefix(byte[] bytes, int offset, int length) {
    int at = 0;
    while (at + 8 <= length && (BigEndian.readLong(bytes, offset + at) & HIGH_BITS) == 0) {
      at += 8;
    }
    while (at < length && bytes[offset + at] >= 0) {
      at++;
    }
    return at;
  }

  /** UTF-8 as RFC 3629 has it: shortest forms only, no surrogates, nothing above U+10FFFF. */
  private static void utf8(byte[] bytes, int offset, int length) {
    int at = offset + asciiPrefix(bytes, offset, length);
    int end = offset + length;
    while (at < end) {
      int lead = bytes[at] & 0xFF;
      int size =
          lead < 0x80
              ? 1
              : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
      boolean valid = size != 0 && end - at >= size;
      if (valid && size > 1) {
        int second = bytes[at + 1] & 0xFF;
        int least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        int most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        valid = second >= least && second <= most;
        for (int i = 2; i < size; i++) {
          valid &= (bytes[at + i] & 0xC0) == 0x80;
        }
      }
      if (!valid) {
        throw new InvalidValueException("String didn't validate.");
      }
      at += size;
    }
  }

  private static void collection(
      CqlType element, String what, byte[] bytes, int offset, int length) {
    ElementCursor cursor = ElementCursor.ofCollection(bytes, offset, length, 1);
    while (cursor.next()) {
      element(element, what, cursor);
    }
    expectEnd(cursor, what);
  }

  private static void map(MapType type, byte[] bytes, int offset, int length) {
    ElementCursor cursor = ElementCursor.ofCollection(bytes, offset, length, 2);
    while (cursor.next()) {
      element(type.key(), "map", cursor);
      cursor.next();
      element(type.value(), "map", cursor);
    }
    expectEnd(cursor, "map");
  }

  private static void element(CqlType type, String what, ElementCursor cursor) {
    if (cursor.isNull()) {
      throw new InvalidValueException("null is not supported inside collections: " + what);
    }
    check(type, cursor.bytes(), cursor.offset(), cursor.length());
  }

  private static void fields(
      List<CqlType> types, String what, byte[] bytes, int offset, int length) {
    ElementCursor cursor = ElementCursor.ofTuple(bytes, offset, length);
    for (int i = 0; i < types.size() && cursor.next(); i++) {
      if (!cursor.isNull()) {
        check(types.get(i), bytes, cursor.offset(), cursor.length());
      }
    }
    if (!cursor.isAtEnd()) {
      throw new InvalidValueException(
          "Invalid remaining data after end of "
              + what
              + " value: expected "
              + types.size()
              + " fields");
    }
  }

  private static void vector(VectorType type, byte[] bytes, int offset, int length) {
    int size = type.element().fixedLengthBytes();
    if (length != type.fixedLengthBytes()) {
      throw new InvalidValueException(
          "Invalid vector literal of type "
              + type
              + "; expected "
              + type.dimension()
              + " elements, but given "
              + length / size);
    }
    for (int i = 0; i < type.dimension(); i++) {
      check(type.element(), bytes, offset + i * size, size);
    }
  }

  private static void expectEnd(ElementCursor cursor, String what) {
    if (!cursor.isAtEnd()) {
      throw new InvalidValueException("Unexpected extraneous bytes after " + what + " value");
    }
  }
}
