package io.quorate.cql.parser;

import java.util.List;
import java.util.stream.Collectors;

/** One condition of a WHERE clause. */
public record Relation(Target target, Operator operator, Term value) {

  /** What is compared. */
  public sealed interface Target {
    /** The names of the columns that take part. */
    List<String> columns();
  }

  public record Column(String name) implements Target {
    @Override
    public List<String> columns() {
      return List.of(name);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** {@code (a, b)}: several clustering columns compared as one. */
  public record Columns(List<String> columns) implements Target {
    @Override
    public String toString() {
      return columns.stream().collect(Collectors.joining(", ", "(", ")"));
    }
  }

  /** {@code token(a, b)}. */
  public record Token(List<String> columns) implements Target {
    @Override
    public String toString() {
      return columns.stream().collect(Collectors.joining(", ", "token(", ")"));
    }
  }

  /** {@code m[key]}. */
  public record Element(String name, Term key) implements Target {
    @Override
    public List<String> columns() {
      return List.of(name);
    }

    @Override
    public String toString() {
      return name + "[" + key + "]";
    }
  }

  /** How it is compared. */
  public enum Operator {
    EQUAL("="),
    LESS("<"),
    LESS_OR_EQUAL("<="),
    GREATER(">"),
    GREATER_OR_EQUAL(">="),
    NOT_EQUAL("!="),
    IN("IN"),
    CONTAINS("CONTAINS"),
    CONTAINS_KEY("CONTAINS KEY"),
    LIKE("LIKE"),
    IS_NOT_NULL("IS NOT");

    private final String text;

    Operator(String text) {
      this.text = text;
    }

    public boolean isRange() {
      return this == LESS || this == LESS_OR_EQUAL || this == GREATER || this == GREATER_OR_EQUAL;
    }

    public boolean isLowerBound() {
      return this == GREATER || this == GREATER_OR_EQUAL;
    }

    public boolean isInclusive() {
      return this == LESS_OR_EQUAL || this == GREATER_OR_EQUAL;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  @Override
  public String toString() {
    return target + " " + operator + " " + value;
  }
}
