package io.quorate.tools;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value as a node answers it, read by name. What is missing reads as nothing, zero or empty,
 * so that a newer tool can ask an older node.
 */
public record Json(@Nullable Object value) {

  /** Parses a text. */
  public static Json parse(String text) throws IOException {
    return new Json(JSON.std.anyFrom(text));
  }

  /** The value as text of JSON. */
  public String write() {
    try {
      return JSON.std.asString(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What stands under a name of an object. */
  public Json at(String name) {
    return new Json(value instanceof Map<?, ?> map ? map.get(name) : null);
  }

  /** The elements of an array. */
  public List<Json> elements() {
    List<Json> elements = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(element -> elements.add(new Json(element)));
    }
    return elements;
  }

  /** The fields of an object, in the order of the text. */
  public Map<String, Json> fields() {
    Map<String, Json> fields = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((name, field) -> fields.put(String.valueOf(name), new Json(field)));
    }
    return fields;
  }

  public boolean isNull() {
    return value == null;
  }

  public boolean isArray() {
    return value instanceof List;
  }

  /** A scalar as text; empty for null. */
  public String text() {
    return value == null ? "" : value.toString();
  }

  public String text(String name) {
    return at(name).text();
  }

  public long number(String name) {
    return at(name).value instanceof Number number ? number.longValue() : 0;
  }

  public double real(String name) {
    return at(name).value instanceof Number number ? number.doubleValue() : 0;
  }

  public boolean bool(String name) {
    return Boolean.TRUE.equals(at(name).value);
  }
}
