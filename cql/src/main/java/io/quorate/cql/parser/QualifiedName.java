package io.quorate.cql.parser;

import org.jspecify.annotations.Nullable;

/**
 * The name of a table or type.
 *
 * @param keyspace null where the text names none
 */
public record QualifiedName(@Nullable String keyspace, String name) {
  @Override
  public String toString() {
    return keyspace == null ? name : keyspace + "." + name;
  }
}
