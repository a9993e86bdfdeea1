package io.quorate.cql.parser;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A value as written. */
public sealed interface Term {

  /** What a literal looks like; with the type of its column this decides what it means. */
  enum LiteralKind {
    STRING,
    INTEGER,
    FLOAT,
    BOOLEAN,
    DURATION,
    UUID,
    HEX,
    NULL
  }

  /** A scalar; {@code text} is without quotes. */
  record Literal(LiteralKind kind, String text) implements Term {
    @Override
    public String toString() {
      return kind == LiteralKind.STRING ? "'" + text + "'" : text;
    }
  }

  /**
   * A value to come.
   *
   * @param index among the statement's markers, from 0
   * @param name null for a question mark
   */
  record Marker(int index, @Nullable String name) implements Term {
    @Override
    public String toString() {
      return name == null ? "?" : ":" + name;
    }
  }

  record ListOf(List<Term> elements) implements Term {
    @Override
    public String toString() {
      return joined(elements, "[", "]");
    }
  }

  /** Also {@code {}}, which may be an empty map as well. */
  record SetOf(List<Term> elements) implements Term {
    @Override
    public String toString() {
      return joined(elements, "{", "}");
    }
  }

  record Entry(Term key, Term value) {
    @Override
    public String toString() {
      return key + ": " + value;
    }
  }

  record MapOf(List<Entry> entries) implements Term {
    @Override
    public String toString() {
      return joined(entries, "{", "}");
    }
  }

  record Field(String name, Term value) {
    @Override
    public String toString() {
      return name + ": " + value;
    }
  }

  /** A user type's value. */
  record Fields(List<Field> fields) implements Term {
    @Override
    public String toString() {
      return joined(fields, "{", "}");
    }
  }

  record TupleOf(List<Term> elements) implements Term {
    @Override
    public String toString() {
      return joined(elements, "(", ")");
    }
  }

  /** The values behind IN. */
  record InList(List<Term> elements) implements Term {
    @Override
    public String toString() {
      return joined(elements, "(", ")");
    }
  }

  /** A function's result; {@code function} in lower case unless quoted. */
  record Call(String function, List<Term> arguments) implements Term {
    @Override
    public String toString() {
      return function + joined(arguments, "(", ")");
    }
  }

  /** A value of a stated type. */
  record Hint(String type, Term term) implements Term {
    @Override
    public String toString() {
      return "(" + type + ")" + term;
    }
  }

  private static String joined(List<?> parts, String before, String after) {
    return parts.stream().map(Object::toString).collect(Collectors.joining(", ", before, after));
  }
}
