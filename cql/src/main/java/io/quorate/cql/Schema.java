package io.quorate.cql;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.cql.parser.QualifiedName;
import io.quorate.cql.system.SystemTables;
import io.quorate.cql.system.VirtualTable;
import io.quorate.protocol.types.TypeParser;
import org.jspecify.annotations.Nullable;

/** Names looked up in one snapshot of the metadata. Immutable. */
record Schema(ClusterMetadata metadata, SystemTables system, @Nullable String currentKeyspace) {

  String keyspaceOf(QualifiedName name) {
    String keyspace = name.keyspace() != null ? name.keyspace() : currentKeyspace;
    if (keyspace == null) {
      throw RequestException.invalid(
          "No keyspace has been specified. USE a keyspace, or explicitly specify"
              + " keyspace.tablename");
    }
    return keyspace;
  }

  KeyspaceMetadata keyspace(String name) {
    KeyspaceMetadata keyspace = metadata.keyspace(name);
    if (keyspace == null) {
      if (system.isSystem(name)) {
        throw RequestException.invalid(name + " keyspace is not user-modifiable.");
      }
      throw RequestException.invalid("keyspace " + name + " does not exist");
    }
    return keyspace;
  }

  boolean hasKeyspace(String name) {
    return metadata.keyspace(name) != null || system.isSystem(name);
  }

  @Nullable VirtualTable virtualTable(QualifiedName name) {
    String keyspace = keyspaceOf(name);
    if (!system.isSystem(keyspace)) {
      return null;
    }
    VirtualTable table = system.table(keyspace, name.name());
    if (table == null) {
      throw RequestException.invalid("table " + name.name() + " does not exist");
    }
    return table;
  }

  TableMetadata table(QualifiedName name) {
    TableMetadata table = keyspace(keyspaceOf(name)).table(name.name());
    if (table == null) {
      throw RequestException.invalid("table " + name.name() + " does not exist");
    }
    return table;
  }

  /** The user types that a name in {@code keyspace} may mean. */
  TypeParser.UserTypes userTypes(String keyspace) {
    KeyspaceMetadata found = metadata.keyspace(keyspace);
    return (typeKeyspace, name) -> {
      if (typeKeyspace != null && !typeKeyspace.equals(keyspace)) {
        throw RequestException.invalid(
            "Statement on keyspace "
                + keyspace
                + " cannot refer to a user type in keyspace "
                + typeKeyspace
                + "; user types can only be used in the keyspace they are defined"
                + " in");
      }
      return found == null ? null : found.type(name);
    };
  }
}
