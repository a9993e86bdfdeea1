package io.quorate.coordinator.metadata;

import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.UserType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Schema, nodes and ownership at one epoch. Immutable: a change gives a new value, and readers see
 * the old one or the new one. The epoch grows by one with each change that took effect.
 */
public final class ClusterMetadata {
  /** What a node knows before it has heard of any other. */
  public static final ClusterMetadata EMPTY =
      new ClusterMetadata(0, 0, new TreeMap<>(), new TreeMap<>());

  private final long epoch;
  private final long schemaEpoch;
  private final SortedMap<String, KeyspaceMetadata> keyspaces;
  private final SortedMap<UUID, NodeInfo> nodes;
  private final UUID schemaVersion;
  private final TokenRing ring;
  private final Map<UUID, TableMetadata> tablesById = new HashMap<>();
  private final Map<String, List<List<NodeInfo>>> replicasByKeyspace = new HashMap<>();

  /**
   * @param schemaEpoch epoch of the last change of the schema
   */
  ClusterMetadata(
      long epoch,
      long schemaEpoch,
      SortedMap<String, KeyspaceMetadata> keyspaces,
      SortedMap<UUID, NodeInfo> nodes) {
    this.epoch = epoch;
    this.schemaEpoch = schemaEpoch;
    this.keyspaces = Collections.unmodifiableSortedMap(keyspaces);
    this.nodes = Collections.unmodifiableSortedMap(nodes);
    this.schemaVersion =
        UUID.nameUUIDFromBytes(("schema " + schemaEpoch).getBytes(StandardCharsets.UTF_8));
    this.ring = new TokenRing(nodes.values());
    Map<Replication, List<List<NodeInfo>>> byReplication = new HashMap<>();
    for (KeyspaceMetadata keyspace : keyspaces.values()) {
      replicasByKeyspace.put(
          keyspace.name(), byReplication.computeIfAbsent(keyspace.replication(), ring::replicas));
      keyspace.tables().values().forEach(table -> tablesById.put(table.id(), table));
    }
  }

  public long epoch() {
    return epoch;
  }

  long schemaEpoch() {
    return schemaEpoch;
  }

  /** The same on all nodes that have the same schema. */
  public UUID schemaVersion() {
    return schemaVersion;
  }

  public Collection<KeyspaceMetadata> keyspaces() {
    return keyspaces.values();
  }

  public @Nullable KeyspaceMetadata keyspace(String name) {
    return keyspaces.get(name);
  }

  public @Nullable TableMetadata table(String keyspace, String table) {
    KeyspaceMetadata found = keyspaces.get(keyspace);
    return found == null ? null : found.table(table);
  }

  public @Nullable TableMetadata table(UUID id) {
    return tablesById.get(id);
  }

  /** All nodes, by host id. */
  public Collection<NodeInfo> nodes() {
    return nodes.values();
  }

  public @Nullable NodeInfo node(UUID hostId) {
    return nodes.get(hostId);
  }

  public TokenRing ring() {
    return ring;
  }

  /** Replicas of a token in a keyspace, the primary first; none when the keyspace is unknown. */
  public List<NodeInfo> replicas(String keyspace, long token) {
    List<List<NodeInfo>> replicas = replicasByKeyspace.get(keyspace);
    return replicas == null || replicas.isEmpty() ? List.of() : replicas.get(ring.rangeOf(token));
  }

  /** Whether a node is a replica of every token from {@code first} to {@code last}. */
  public boolean ownsAll(UUID hostId, String keyspace, long first, long last) {
    long token = first;
    while (true) {
      if (replicas(keyspace, token).stream().noneMatch(node -> node.hostId().equals(hostId))) {
        return false;
      }
      long end = ring.lastTokenOfRange(token);
      if (end >= last) {
        return true;
      }
      token = end + 1;
    }
  }

  /** What {@code change} makes of this. Pure: the same on every replica of the metadata ring. */
  public ChangeOutcome apply(MetadataChange change) {
    return switch (change) {
      case MetadataChange.CreateKeyspace create -> {
        String name = create.keyspace().name();
        if (keyspaces.containsKey(name)) {
          yield create.ifNotExists()
              ? new ChangeOutcome.Unchanged()
              : new ChangeOutcome.AlreadyExists(
                  name, "", "Cannot add existing keyspace \"" + name + "\"");
        }
        yield schemaWith(create.keyspace());
      }
      case MetadataChange.AlterKeyspace alter -> {
        KeyspaceMetadata old = keyspaces.get(alter.name());
        yield old == null
            ? unknownKeyspace(alter.name())
            : schemaWith(
                new KeyspaceMetadata(
                    old.name(),
                    alter.replication(),
                    alter.durableWrites(),
                    alter.commitLogSync(),
                    old.tables(),
                    old.types()));
      }
      case MetadataChange.DropKeyspace drop -> {
        if (!keyspaces.containsKey(drop.name())) {
          yield drop.ifExists() ? new ChangeOutcome.Unchanged() : unknownKeyspace(drop.name());
        }
        SortedMap<String, KeyspaceMetadata> kept = new TreeMap<>(keyspaces);
        kept.remove(drop.name());
        yield schema(kept);
      }
      case MetadataChange.CreateTable create -> createTable(create);
      case MetadataChange.AlterTable alter -> {
        KeyspaceMetadata keyspace = keyspaces.get(alter.after().keyspace());
        yield keyspace == null || !alter.before().equals(keyspace.table(alter.before().name()))
            ? new ChangeOutcome.Conflict()
            : schemaWith(keyspace.with(alter.after()));
      }
      case MetadataChange.DropTable drop -> {
        KeyspaceMetadata keyspace = keyspaces.get(drop.keyspace());
        if (keyspace == null || keyspace.table(drop.name()) == null) {
          yield drop.ifExists()
              ? new ChangeOutcome.Unchanged()
              : new ChangeOutcome.Invalid(
                  "Table '" + drop.keyspace() + "." + drop.name() + "' doesn't exist");
        }
        yield schemaWith(keyspace.withoutTable(drop.name()));
      }
      case MetadataChange.CreateType create -> createType(create);
      case MetadataChange.AlterType alter -> alterType(alter);
      case MetadataChange.DropType drop -> dropType(drop);
      case MetadataChange.RegisterNode register -> registerNode(register.node());
      case MetadataChange.RemoveNode remove -> {
        if (!nodes.containsKey(remove.hostId())) {
          yield new ChangeOutcome.Unchanged();
        }
        SortedMap<UUID, NodeInfo> kept = new TreeMap<>(nodes);
        kept.remove(remove.hostId());
        yield new ChangeOutcome.Applied(
            new ClusterMetadata(epoch + 1, schemaEpoch, new TreeMap<>(keyspaces), kept));
      }
    };
  }

  private ChangeOutcome createTable(MetadataChange.CreateTable create) {
    TableMetadata table = create.table();
    KeyspaceMetadata keyspace = keyspaces.get(table.keyspace());
    if (keyspace == null) {
      return unknownKeyspace(table.keyspace());
    }
    if (keyspace.table(table.name()) != null) {
      return create.ifNotExists()
          ? new ChangeOutcome.Unchanged()
          : new ChangeOutcome.AlreadyExists(
              table.keyspace(),
              table.name(),
              "Cannot add already existing table \""
                  + table.name()
                  + "\" to keyspace \""
                  + table.keyspace()
                  + "\"");
    }
    for (ColumnMetadata column : table.columns()) {
      for (UserType used : UserTypes.in(column.type())) {
        UserType known = keyspace.type(used.name());
        if (known == null || !known.freeze().equals(used.freeze())) {
          return new ChangeOutcome.Conflict();
        }
      }
    }
    return schemaWith(keyspace.with(table));
  }

  private ChangeOutcome createType(MetadataChange.CreateType create) {
    UserType type = create.type();
    KeyspaceMetadata keyspace = keyspaces.get(type.keyspace());
    if (keyspace == null) {
      return unknownKeyspace(type.keyspace());
    }
    if (keyspace.type(type.name()) != null) {
      return create.ifNotExists()
          ? new ChangeOutcome.Unchanged()
          : new ChangeOutcome.Invalid("A user type with name '" + type.name() + "' already exists");
    }
    SortedMap<String, UserType> types = new TreeMap<>(keyspace.types());
    types.put(type.name(), type);
    return schemaWith(keyspace.with(keyspace.tables(), types));
  }

  private ChangeOutcome alterType(MetadataChange.AlterType alter) {
    KeyspaceMetadata keyspace = keyspaces.get(alter.after().keyspace());
    if (keyspace == null || !alter.before().equals(keyspace.type(alter.before().name()))) {
      return new ChangeOutcome.Conflict();
    }
    SortedMap<String, UserType> types = new TreeMap<>();
    keyspace
        .types()
        .forEach((name, type) ->
            types.put(
                name,
                name.equals(alter.after().name())
                    ? alter.after()
                    : (UserType) UserTypes.replace(type, alter.after())));
    SortedMap<String, TableMetadata> tables = new TreeMap<>();
    keyspace
        .tables()
        .forEach((name, table) -> {
          List<ColumnMetadata> columns = new ArrayList<>();
          for (ColumnMetadata column : table.columns()) {
            CqlType changed = UserTypes.replace(column.type(), alter.after());
            columns.add(column.withType(changed));
          }
          tables.put(name, table.withColumns(columns));
        });
    return schemaWith(keyspace.with(tables, types));
  }

  private ChangeOutcome dropType(MetadataChange.DropType drop) {
    KeyspaceMetadata keyspace = keyspaces.get(drop.keyspace());
    if (keyspace == null || keyspace.type(drop.name()) == null) {
      return drop.ifExists()
          ? new ChangeOutcome.Unchanged()
          : new ChangeOutcome.Invalid(
              "Type '" + drop.keyspace() + "." + drop.name() + "' doesn't exist");
    }
    String inUse = UserTypes.userOf(keyspace, drop.name());
    if (inUse != null) {
      return new ChangeOutcome.Invalid(
          "Cannot drop user type '"
              + drop.keyspace()
              + "."
              + drop.name()
              + "' as it is still used by "
              + inUse);
    }
    SortedMap<String, UserType> types = new TreeMap<>(keyspace.types());
    types.remove(drop.name());
    return schemaWith(keyspace.with(keyspace.tables(), types));
  }

  private ChangeOutcome registerNode(NodeInfo node) {
    NodeInfo known = nodes.get(node.hostId());
    if (node.equals(known)) {
      return new ChangeOutcome.Unchanged();
    }
    if (known != null && !known.samePlacement(node)) {
      return new ChangeOutcome.Invalid(
          "node " + node.hostId() + " owns other tokens, or stands in another rack, already");
    }
    if (known == null && !tablesById.isEmpty()) {
      // Ownership would move at once, and the rows would stay where they are: reads would miss
      // them.
      return new ChangeOutcome.Invalid(
          "a node cannot be added to a cluster that has tables: streaming to it is not supported"
              + " yet");
    }
    for (NodeInfo other : nodes.values()) {
      if (other.hostId().equals(node.hostId())) {
        continue;
      }
      if (other.internode().equals(node.internode())) {
        return new ChangeOutcome.Invalid(
            "address " + node.internode() + " belongs to node " + other.hostId());
      }
      if (!Collections.disjoint(other.tokens(), node.tokens())) {
        return new ChangeOutcome.Conflict(); // chosen from a ring that has changed meanwhile
      }
    }
    SortedMap<UUID, NodeInfo> changed = new TreeMap<>(nodes);
    changed.put(node.hostId(), node);
    return new ChangeOutcome.Applied(
        new ClusterMetadata(epoch + 1, schemaEpoch, new TreeMap<>(keyspaces), changed));
  }

  private static ChangeOutcome unknownKeyspace(String name) {
    return new ChangeOutcome.Invalid("Keyspace '" + name + "' doesn't exist");
  }

  private ChangeOutcome schemaWith(KeyspaceMetadata keyspace) {
    SortedMap<String, KeyspaceMetadata> changed = new TreeMap<>(keyspaces);
    changed.put(keyspace.name(), keyspace);
    return schema(changed);
  }

  private ChangeOutcome schema(SortedMap<String, KeyspaceMetadata> changed) {
    return new ChangeOutcome.Applied(
        new ClusterMetadata(epoch + 1, epoch + 1, changed, new TreeMap<>(nodes)));
  }
}
