package io.quorate.coordinator.metadata;

import io.quorate.protocol.types.CqlType.UserType;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A keyspace with all that is in it. Tables and types are sorted by name.
 *
 * @param durableWrites whether writes go to the commit log
 * @param commitLogSync when they are acknowledged, if so
 * @param truncations of each table that was truncated, by id, the epoch of the last time
 */
public record KeyspaceMetadata(
    String name,
    Replication replication,
    boolean durableWrites,
    CommitLogSync commitLogSync,
    SortedMap<String, TableMetadata> tables,
    SortedMap<String, UserType> types,
    SortedMap<UUID, Long> truncations) {

  public KeyspaceMetadata {
    tables = Collections.unmodifiableSortedMap(new TreeMap<>(tables));
    types = Collections.unmodifiableSortedMap(new TreeMap<>(types));
    truncations = Collections.unmodifiableSortedMap(new TreeMap<>(truncations));
  }

  public KeyspaceMetadata(String name, Replication replication, boolean durableWrites) {
    this(name, replication, durableWrites, CommitLogSync.DEFAULT);
  }

  public KeyspaceMetadata(
      String name, Replication replication, boolean durableWrites, CommitLogSync commitLogSync) {
    this(
        name,
        replication,
        durableWrites,
        commitLogSync,
        new TreeMap<>(),
        new TreeMap<>(),
        new TreeMap<>());
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
    return with(changed, types);
  }

  KeyspaceMetadata withoutTable(String tableName) {
    SortedMap<String, TableMetadata> changed = new TreeMap<>(tables);
    TableMetadata gone = changed.remove(tableName);
    SortedMap<UUID, Long> truncated = new TreeMap<>(truncations);
    if (gone != null) {
      truncated.remove(gone.id());
    }
    return new KeyspaceMetadata(
        name, replication, durableWrites, commitLogSync, changed, types, truncated);
  }

  KeyspaceMetadata withTruncations(SortedMap<UUID, Long> others) {
    return new KeyspaceMetadata(
        name, replication, durableWrites, commitLogSync, tables, types, others);
  }

  KeyspaceMetadata truncated(UUID table, long epoch) {
    SortedMap<UUID, Long> truncated = new TreeMap<>(truncations);
    truncated.put(table, epoch);
    return withTruncations(truncated);
  }

  KeyspaceMetadata with(
      SortedMap<String, TableMetadata> newTables, SortedMap<String, UserType> newTypes) {
    return new KeyspaceMetadata(
        name, replication, durableWrites, commitLogSync, newTables, newTypes, truncations);
  }
}
