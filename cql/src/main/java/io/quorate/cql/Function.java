package io.quorate.cql;

import io.quorate.protocol.types.CqlType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A function of the language.
 *
 * @param isPure whether equal arguments give equal results, so that it may be applied early
 */
record Function(String name, List<CqlType> parameters, CqlType result, boolean isPure, Body body) {

  /** What it does. Arguments and result are values' bytes, or null. */
  @FunctionalInterface
  interface Body {
    byte @Nullable [] apply(ExecutionContext context, @Nullable Object[] arguments);
  }

  byte @Nullable [] apply(ExecutionContext context, @Nullable Object[] arguments) {
    return body.apply(context, arguments);
  }
}
