package io.quorate.cql.parser;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a SELECT gives for each row. {@code toString} is the name of the result's column. */
public sealed interface Selector {

  record Column(String name) implements Selector {
    @Override
    public String toString() {
      return name;
    }
  }

  /** {@code count(*)}. */
  record CountAll() implements Selector {
    @Override
    public String toString() {
      return "count";
    }
  }

  record Call(String function, List<Selector> arguments) implements Selector {
    @Override
    public String toString() {
      String inside =
          arguments.stream().map(Object::toString).collect(Collectors.joining(", ", "(", ")"));
      return switch (function) {
        case "writetime", "ttl", "maxwritetime" -> function + inside;
        default -> "system." + function.toLowerCase(Locale.ROOT) + inside;
      };
    }
  }

  record Cast(Selector argument, String type) implements Selector {
    @Override
    public String toString() {
      return "cast(" + argument + " as " + type + ")";
    }
  }

  /** A field of a user type. */
  record Field(Selector of, String name) implements Selector {
    @Override
    public String toString() {
      return of + "." + name;
    }
  }

  /** An element of a map or list. */
  record Element(Selector of, Term key) implements Selector {
    @Override
    public String toString() {
      return of + "[" + key + "]";
    }
  }

  record Literal(Term.Literal literal) implements Selector {
    @Override
    public String toString() {
      return literal.toString();
    }
  }

  /** A selector with the name that the result shall have. */
  record Aliased(Selector selector, @Nullable String alias) {
    public String columnName() {
      return alias != null ? alias : selector.toString();
    }
  }
}
