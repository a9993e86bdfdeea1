package io.quorate.coordinator.metadata;

import io.quorate.protocol.types.CqlType.UserType;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A keyspace with all that is in it. Tables and types are sorted by name. */
public record KeyspaceMetadata(
    String name,
    Replication replication,
    boolean durableWrites,
    SortedMap<String, TableMetadata> tables,
    SortedMap<String, UserType> types) {

  public KeyspaceMetadata {
    tables = Collections.unmodifiableSortedMap(new TreeMap<>(tables));
    types = Collections.unmodifiableSortedMap(new TreeMap<>(types));
  }

  public KeyspaceMetadata(String name, Replication replication, boolean durableWrites) {
    this(name, replication, durableWrites, new TreeMap<>(), new TreeMap<>());
  }

  public @Nullable TableMetadata table(String tableName) {
    return tables.get(tableName);
  }

  public @Nullable UserType type(String typeName) {
    return types.get(typeName);
  }

  KeyspaceMetadata with(TableMetadata table) {
    SortedMap<String, TableMetadata> changed = new TreeMap<>(tables);
    changed.put(table.name(), table);
    return new KeyspaceMetadata(name, replication, durableWrites, changed, types);
  }

  KeyspaceMetadata withoutTable(String tableName) {
    SortedMap<String, TableMetadata> changed = new TreeMap<>(tables);
    changed.remove(tableName);
    return new KeyspaceMetadata(name, replication, durableWrites, changed, types);
  }

  KeyspaceMetadata with(
      SortedMap<String, TableMetadata> newTables, SortedMap<String, UserType> newTypes) {
    return new KeyspaceMetadata(name, replication, durableWrites, newTables, newTypes);
  }
}
