package io.quorate.cql.system;

import io.quorate.coordinator.Coordinator;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All the tables that a node makes up, by name. Immutable, safe for concurrent use. */
public final class SystemTables {
  private final Map<String, Map<String, VirtualTable>> byKeyspace = new TreeMap<>();
  private final Collection<VirtualTable> all;
  private final String clusterName;

  public SystemTables(Coordinator coordinator, String clusterName) {
    this.clusterName = clusterName;
    Map<String, VirtualTable> sorted = new TreeMap<>();
    for (VirtualTable table : new NodeTables(coordinator, clusterName).all()) {
      sorted.put(table.metadata().toString(), table);
    }
    this.all = Collections.unmodifiableCollection(sorted.values());
    for (VirtualTable table : new SchemaTables(coordinator, () -> all).all()) {
      sorted.put(table.metadata().toString(), table);
    }
    for (VirtualTable table : all) {
      byKeyspace
          .computeIfAbsent(table.metadata().keyspace(), keyspace -> new TreeMap<>())
          .put(table.metadata().name(), table);
    }
  }

  public String clusterName() {
    return clusterName;
  }

  /** Whether a keyspace is the system's own and cannot be changed. */
  public boolean isSystem(String keyspace) {
    return byKeyspace.containsKey(keyspace);
  }

  /** Names of the system's keyspaces, in order. */
  public Collection<String> keyspaces() {
    return Collections.unmodifiableCollection(byKeyspace.keySet());
  }

  /** All tables, in the order of keyspace and name. */
  public Collection<VirtualTable> tables() {
    return all;
  }

  public @Nullable VirtualTable table(String keyspace, String name) {
    Map<String, VirtualTable> tables = byKeyspace.get(keyspace);
    return tables == null ? null : tables.get(name);
  }
}
