package io.quorate.protocol.types;

import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.TupleType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.CqlType.VectorType;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values as text: as CQL that reads back as the same value, or as JSON. */
public final class ValueFormat {
  private ValueFormat() {}

  private static final DateTimeFormatter TIMESTAMP =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.nnnnnnnnn", Locale.ROOT);

  /** A CQL literal; {@code null} for no bytes. */
  public static String toCql(CqlType type, byte @Nullable [] value) {
    StringBuilder out = new StringBuilder();
    cql(type, JavaValues.decode(type, value), out);
    return out.toString();
  }

  /** JSON as {@code SELECT JSON} and {@code toJson} have it; {@code null} for no bytes. */
  public static String toJson(CqlType type, byte @Nullable [] value) {
    StringBuilder out = new StringBuilder();
    json(type, JavaValues.decode(type, value), out);
    return out.toString();
  }

  /** A scalar without quotes, as a table shows it. */
  public static String plain(Scalar type, Object value) {
    return switch (type) {
      case TIMESTAMP -> TIMESTAMP.format((Instant) value);
      case TIME -> TIME.format((LocalTime) value);
      case INET -> ((InetAddress) value).getHostAddress();
      case BLOB -> hex((ByteBuffer) value);
      default -> value.toString();
    };
  }

  private static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return "0x" + HexFormat.of().formatHex(bytes);
  }

  private static void cql(CqlType type, @Nullable Object value, StringBuilder out) {
    if (value == null) {
      out.append("null");
      return;
    }
    switch (type.kind()) {
      case SCALAR -> {
        Scalar scalar = (Scalar) type;
        String text = plain(scalar, value);
        switch (scalar) {
          case ASCII, TEXT, TIMESTAMP, DATE, TIME, INET ->
              out.append('\'').append(text.replace("'", "''")).append('\'');
          default -> out.append(text);
        }
      }
      case LIST -> cqlAll(((ListType) type).element(), (Collection<?>) value, "[]", out);
      case SET -> cqlAll(((SetType) type).element(), (Collection<?>) value, "{}", out);
      case VECTOR -> cqlAll(((VectorType) type).element(), (Collection<?>) value, "[]", out);
      case MAP -> {
        MapType map = (MapType) type;
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
          out.append(separator);
          cql(map.key(), entry.getKey(), out);
          out.append(": ");
          cql(map.value(), entry.getValue(), out);
          separator = ", ";
        }
        out.append('}');
      }
      case TUPLE -> {
        Iterator<CqlType> types = ((TupleType) type).fieldTypes().iterator();
        out.append('(');
        String separator = "";
        for (Object field : (List<?>) value) {
          out.append(separator);
          cql(types.next(), field, out);
          separator = ", ";
        }
        out.append(')');
      }
      case USER -> {
        Iterator<CqlType> types = ((UserType) type).fieldTypes().iterator();
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> field : ((Map<?, ?>) value).entrySet()) {
          out.append(separator).append(Identifiers.quoteIfNeeded((String) field.getKey()));
          out.append(": ");
          cql(types.next(), field.getValue(), out);
          separator = ", ";
        }
        out.append('}');
      }
    }
  }

  private static void cqlAll(
      CqlType element, Collection<?> values, String brackets, StringBuilder out) {
    out.append(brackets.charAt(0));
    String separator = "";
    for (Object value : values) {
      out.append(separator);
      cql(element, value, out);
      separator = ", ";
    }
    out.append(brackets.charAt(1));
  }

  private static void json(CqlType type, @Nullable Object value, StringBuilder out) {
    if (value == null) {
      out.append("null");
      return;
    }
    switch (type.kind()) {
      case SCALAR -> {
        Scalar scalar = (Scalar) type;
        String text = plain(scalar, value);
        boolean isFinite =
            !(value instanceof Double d && !Double.isFinite(d))
                && !(value instanceof Float f && !Float.isFinite(f));
        if (scalar == Scalar.BOOLEAN || (scalar.isNumeric() && isFinite)) {
          out.append(text);
        } else {
          quote(text, out);
        }
      }
      case LIST -> jsonAll(((ListType) type).element(), (Collection<?>) value, out);
      case SET -> jsonAll(((SetType) type).element(), (Collection<?>) value, out);
      case VECTOR -> jsonAll(((VectorType) type).element(), (Collection<?>) value, out);
      case MAP -> {
        MapType map = (MapType) type;
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
          out.append(separator);
          StringBuilder key = new StringBuilder();
          json(map.key(), entry.getKey(), key);
          // A JSON key is a string, whatever the type.
          if (key.charAt(0) == '"') {
            out.append(key);
          } else {
            quote(key.toString(), out);
          }
          out.append(": ");
          json(map.value(), entry.getValue(), out);
          separator = ", ";
        }
        out.append('}');
      }
      case TUPLE -> {
        Iterator<CqlType> types = ((TupleType) type).fieldTypes().iterator();
        out.append('[');
        String separator = "";
        for (Object field : (List<?>) value) {
          out.append(separator);
          json(types.next(), field, out);
          separator = ", ";
        }
        out.append(']');
      }
      case USER -> {
        Iterator<CqlType> types = ((UserType) type).fieldTypes().iterator();
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> field : ((Map<?, ?>) value).entrySet()) {
          out.append(separator);
          quote((String) field.getKey(), out);
          out.append(": ");
          json(types.next(), field.getValue(), out);
          separator = ", ";
        }
        out.append('}');
      }
    }
  }

  private static void jsonAll(CqlType element, Collection<?> values, StringBuilder out) {
    out.append('[');
    String separator = "";
    for (Object value : values) {
      out.append(separator);
      json(element, value, out);
      separator = ", ";
    }
    out.append(']');
  }

  /** Appends a JSON string. */
  public static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < 0x20) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
