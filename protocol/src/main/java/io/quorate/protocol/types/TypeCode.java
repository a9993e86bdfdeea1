package io.quorate.protocol.types;

import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.TupleType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.CqlType.VectorType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Types on the wire (native protocol v5, section 4.2.5.2).
 *
 * <pre>
 * type := u16 id, then for
 *   0000 custom  string: the class name; used for vectors, the only custom type known here
 *   0020 list    type                 0021 map    type | type              0022 set  type
 *   0030 user    string keyspace | string name | u16 n | n times: string name | type
 *   0031 tuple   u16 n | n times: type
 * </pre>
 *
 * <p>Whether a type is frozen is not told; collections and user types come back not frozen.
 */
public final class TypeCode {
  private TypeCode() {}

  private static final int CUSTOM = 0x0000;
  private static final int LIST = 0x0020;
  private static final int MAP = 0x0021;
  private static final int SET = 0x0022;
  private static final int USER = 0x0030;
  private static final int TUPLE = 0x0031;
  private static final int VARCHAR_OF_OLD = 0x000A;

  private static final int MAX_DEPTH = 32;

  private static final String MARSHAL = "org.apache.cassandra.db.marshal.";
  private static final Pattern VECTOR =
      Pattern.compile(
          Pattern.quote(MARSHAL)
              + "VectorType\\(\\s*"
              + Pattern.quote(MARSHAL)
              + "(\\w+)Type\\s*,\\s*(\\d{1,5})\\s*\\)");

  private static int code(Scalar type) {
    return switch (type) {
      case ASCII -> 0x0001;
      case BIGINT -> 0x0002;
      case BLOB -> 0x0003;
      case BOOLEAN -> 0x0004;
      case COUNTER -> 0x0005;
      case DECIMAL -> 0x0006;
      case DOUBLE -> 0x0007;
      case FLOAT -> 0x0008;
      case INT -> 0x0009;
      case TIMESTAMP -> 0x000B;
      case UUID -> 0x000C;
      case TEXT -> 0x000D;
      case VARINT -> 0x000E;
      case TIMEUUID -> 0x000F;
      case INET -> 0x0010;
      case DATE -> 0x0011;
      case TIME -> 0x0012;
      case SMALLINT -> 0x0013;
      case TINYINT -> 0x0014;
      case DURATION -> 0x0015;
    };
  }

  /** Appends a type. */
  public static void encode(CqlType type, ByteSink out) {
    switch (type.kind()) {
      case SCALAR -> out.writeShort(code((Scalar) type));
      case LIST -> {
        out.writeShort(LIST);
        encode(((ListType) type).element(), out);
      }
      case SET -> {
        out.writeShort(SET);
        encode(((SetType) type).element(), out);
      }
      case MAP -> {
        out.writeShort(MAP);
        encode(((MapType) type).key(), out);
        encode(((MapType) type).value(), out);
      }
      case USER -> {
        UserType user = (UserType) type;
        out.writeShort(USER);
        string(user.keyspace(), out);
        string(user.name(), out);
        out.writeShort(user.fieldNames().size());
        for (int i = 0; i < user.fieldNames().size(); i++) {
          string(user.fieldNames().get(i), out);
          encode(user.fieldTypes().get(i), out);
        }
      }
      case TUPLE -> {
        List<CqlType> fields = ((TupleType) type).fieldTypes();
        out.writeShort(TUPLE);
        out.writeShort(fields.size());
        for (CqlType field : fields) {
          encode(field, out);
        }
      }
      case VECTOR -> {
        VectorType vector = (VectorType) type;
        out.writeShort(CUSTOM);
        string(
            MARSHAL
                + "VectorType("
                + MARSHAL
                + marshalName((Scalar) vector.element())
                + "Type , "
                + vector.dimension()
                + ")",
            out);
      }
    }
  }

  private static String marshalName(Scalar element) {
    return switch (element) {
      case BIGINT -> "Long";
      case INT -> "Int32";
      case TIMEUUID -> "TimeUUID";
      case UUID -> "UUID";
      default -> {
        String name = element.toString();
        yield name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
      }
    };
  }

  private static void string(String text, ByteSink out) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeShort(bytes.length);
    out.write(bytes);
  }

  /** Reads types out of a message. Owned by its user; not thread-safe. */
  public static final class Reader {
    private final byte[] bytes;
    private final int end;
    private int position;

    public Reader(byte[] bytes, int offset, int end) {
      this.bytes = bytes;
      this.position = offset;
      this.end = end;
    }

    /** The offset behind what was read. */
    public int position() {
      return position;
    }

    /**
     * Reads a type.
     *
     * @throws InvalidTypeException for an unknown or truncated one
     */
    public CqlType read() {
      return read(0);
    }

    private CqlType read(int depth) {
      if (depth > MAX_DEPTH) {
        throw new InvalidTypeException("A type nested deeper than " + MAX_DEPTH);
      }
      int id = unsignedShort();
      switch (id) {
        case CUSTOM -> {
          return custom(string());
        }
        case LIST -> {
          return new ListType(read(depth + 1), false);
        }
        case SET -> {
          return new SetType(read(depth + 1), false);
        }
        case MAP -> {
          CqlType key = read(depth + 1);
          return new MapType(key, read(depth + 1), false);
        }
        case USER -> {
          return user(depth);
        }
        case TUPLE -> {
          int count = unsignedShort();
          List<CqlType> fields = new ArrayList<>();
          for (int i = 0; i < count; i++) {
            fields.add(read(depth + 1));
          }
          return new TupleType(fields);
        }
        case VARCHAR_OF_OLD -> {
          return Scalar.TEXT;
        }
        default -> {
          for (Scalar scalar : Scalar.values()) {
            if (code(scalar) == id) {
              return scalar;
            }
          }
          throw new InvalidTypeException("Unknown type id " + id);
        }
      }
    }

    private UserType user(int depth) {
      String keyspace = string();
      String name = string();
      int count = unsignedShort();
      List<String> names = new ArrayList<>();
      List<CqlType> types = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        names.add(string());
        types.add(read(depth + 1));
      }
      return new UserType(keyspace, name, names, types, false);
    }

    private static CqlType custom(String className) {
      Matcher matcher = VECTOR.matcher(className);
      if (matcher.matches()) {
        for (Scalar scalar : Scalar.values()) {
          if (scalar.fixedLengthBytes() != CqlType.VARIABLE_LENGTH
              && marshalName(scalar).equals(matcher.group(1))) {
            return new VectorType(scalar, Integer.parseInt(matcher.group(2)));
          }
        }
      }
      throw new InvalidTypeException("Unknown custom type " + className);
    }

    private int unsignedShort() {
      if (end - position < 2) {
        throw new InvalidTypeException("A type is cut short");
      }
      int value = BigEndian.readUnsignedShort(bytes, position);
      position += 2;
      return value;
    }

    private String string() {
      int length = unsignedShort();
      if (end - position < length) {
        throw new InvalidTypeException("A type's name is cut short");
      }
      String text = new String(bytes, position, length, StandardCharsets.UTF_8);
      position += length;
      return text;
    }
  }
}
