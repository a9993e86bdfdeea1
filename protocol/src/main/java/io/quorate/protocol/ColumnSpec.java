package io.quorate.protocol;

import io.quorate.protocol.types.CqlType;

/** One column of a result, or one marker of a prepared statement. */
public record ColumnSpec(String keyspace, String table, String name, CqlType type) {}
