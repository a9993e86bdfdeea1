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
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Schema, nodes and ownership at one epoch. Immutable: a change gives a new value, and readers see
 * the old one or the new one. The epoch grows by one with each change that took effect.
 */
public final class ClusterMetadata {
  /** What a node knows before it has heard of any other. */
  public static final ClusterMetadata EMPTY =
      new ClusterMetadata(0, 0, new TreeMap<>(), Topology.EMPTY, Collections.emptySortedSet());

  private final long epoch;
  private final long schemaEpoch;
  private final SortedMap<String, KeyspaceMetadata> keyspaces;
  private final Topology topology;
  private final SortedSet<String> features;
  private final UUID schemaVersion;
  private final Map<UUID, TableMetadata> tablesById = new HashMap<>();
  private final List<NodeInfo> owners;

  /** Who answers reads at ONE. */
  private final Ownership reading;

  /** In whom requests need their level too while ownership changes; null when it does not. */
  private final @Nullable Ownership other;

  /**
   * @param schemaEpoch epoch of the last change of the schema
   * @param features that are switched on
   */
  ClusterMetadata(
      long epoch,
      long schemaEpoch,
      SortedMap<String, KeyspaceMetadata> keyspaces,
      Topology topology,
      SortedSet<String> features) {
    this(null, epoch, schemaEpoch, keyspaces, topology, features);
  }

  /**
   * @param before what this was made of: owners that are the same are not worked out again
   */
  private ClusterMetadata(
      @Nullable ClusterMetadata before,
      long epoch,
      long schemaEpoch,
      SortedMap<String, KeyspaceMetadata> keyspaces,
      Topology topology,
      SortedSet<String> features) {
    this.features = Collections.unmodifiableSortedSet(features);
    this.epoch = epoch;
    this.schemaEpoch = schemaEpoch;
    this.keyspaces = Collections.unmodifiableSortedMap(keyspaces);
    this.topology = topology;
    this.owners = topology.nodes().values().stream().filter(node -> !node.isWitness()).toList();
    this.schemaVersion =
        UUID.nameUUIDFromBytes(("schema " + schemaEpoch).getBytes(StandardCharsets.UTF_8));
    for (KeyspaceMetadata keyspace : keyspaces.values()) {
      keyspace.tables().values().forEach(table -> tablesById.put(table.id(), table));
    }
    this.reading = owners(before, Transition.Step.READ_NEW);
    this.other =
        topology.transitions().isEmpty() ? null : owners(before, Transition.Step.WRITE_BOTH);
  }

  /**
   * Who owns what when the changes at a step have ended. A range is concerned by one change at most
   * ({@link Overlaps}): at {@code READ_NEW} it has its owners after in the one ring and those
   * before in the other, at {@code WRITE_BOTH} the other way round, and all others make no
   * difference.
   */
  private Ownership owners(@Nullable ClusterMetadata before, Transition.Step step) {
    return ownership(before, topology.nodesAfter(step), keyspaces);
  }

  private static Ownership ownership(
      @Nullable ClusterMetadata before,
      SortedMap<UUID, NodeInfo> nodes,
      SortedMap<String, KeyspaceMetadata> keyspaces) {
    if (before != null && before.reading.isOf(nodes.values())) {
      return before.reading.in(keyspaces.values());
    }
    if (before != null && before.other != null && before.other.isOf(nodes.values())) {
      return before.other.in(keyspaces.values());
    }
    return new Ownership(nodes.values(), keyspaces.values());
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

  /**
   * The epoch at which a table was truncated last; 0 for never. What was planned before counts for
   * nothing.
   */
  public long truncatedAt(TableMetadata table) {
    KeyspaceMetadata keyspace = keyspaces.get(table.keyspace());
    return keyspace == null ? 0 : keyspace.truncations().getOrDefault(table.id(), 0L);
  }

  /** The nodes that own something, by host id. */
  public Collection<NodeInfo> nodes() {
    return owners;
  }

  /** All nodes: those that own something, those that are on their way, and the witnesses. */
  public Collection<NodeInfo> members() {
    return topology.members().values();
  }

  /** A node, or a witness, of the cluster; one that is on its way is not. */
  public @Nullable NodeInfo node(UUID hostId) {
    return topology.nodes().get(hostId);
  }

  /** A node of {@link #members}. */
  public @Nullable NodeInfo member(UUID hostId) {
    return topology.members().get(hostId);
  }

  Topology topology() {
    return topology;
  }

  /** The changes of ownership under way, in the order in which they began. */
  public List<Transition> transitions() {
    return topology.transitions();
  }

  /** Whether ownership changes. */
  public boolean isChanging() {
    return !topology.transitions().isEmpty();
  }

  /** A change of ownership under way; null when there is none of this number. */
  public @Nullable Transition transition(long number) {
    return topology.transition(number);
  }

  /** The change of ownership under way that a node is the subject of; null when there is none. */
  public @Nullable Transition transitionOf(UUID hostId) {
    for (Transition transition : topology.transitions()) {
      if (transition.node().hostId().equals(hostId)) {
        return transition;
      }
    }
    return null;
  }

  /** Which change a new one would have to wait for, and why; null when it need not wait. */
  public @Nullable String waitsFor(MetadataChange.BeginTransition change) {
    return topology.waitsFor(change, features, keyspaces.values());
  }

  /** As it will be when all changes of ownership under way have ended. */
  public ClusterMetadata settled() {
    Topology ended =
        new Topology(
            topology.nodesAfter(), List.of(), topology.ownershipEpoch(), topology.removed());
    return new ClusterMetadata(epoch, schemaEpoch, new TreeMap<>(keyspaces), ended, features);
  }

  /** A request that was planned before this epoch may ask the wrong nodes. */
  public long ownershipEpoch() {
    return topology.ownershipEpoch();
  }

  /**
   * What the cluster does that not every build could, by name. A feature is switched on when all
   * nodes know it, and never off: so a node of an older build among others is not sent what it
   * cannot read, and one that comes later is refused.
   */
  public SortedSet<String> features() {
    return features;
  }

  /** Whether a node was of the cluster and will never be again. */
  public boolean isRemoved(UUID hostId) {
    return topology.removed().contains(hostId);
  }

  /** The host ids that were of the cluster and will never be again. */
  public Collection<UUID> removed() {
    return topology.removed();
  }

  /** Whether there may be rows anywhere. */
  public boolean hasTables() {
    return !tablesById.isEmpty();
  }

  /** The ring of those who answer reads. */
  public TokenRing ring() {
    return reading.ring();
  }

  /** The nodes that will own something when all changes of ownership under way have ended. */
  public Collection<NodeInfo> nodesAfter() {
    return topology.nodesAfter().values().stream().filter(node -> !node.isWitness()).toList();
  }

  /**
   * What tokens in a data centre are to be even for: the keyspace with most replicas there; three
   * over racks, as long as there is none.
   */
  public TokenAllocation.Goal allocationGoal(String datacenter) {
    int most = 0;
    boolean overRacks = true;
    for (KeyspaceMetadata keyspace : keyspaces.values()) {
      int factor =
          switch (keyspace.replication()) {
            case Replication.Simple simple -> simple.factor();
            case Replication.NetworkTopology topology ->
                topology.factors().getOrDefault(datacenter, 0);
            case Replication.Local local -> 0;
          };
      if (factor > most) {
        most = factor;
        overRacks = !(keyspace.replication() instanceof Replication.Simple);
      }
    }
    return new TokenAllocation.Goal(most == 0 ? 3 : most, overRacks);
  }

  /**
   * Who is asked for a token in a keyspace, the primary first; none when the keyspace is unknown.
   */
  public List<NodeInfo> replicas(String keyspace, long token) {
    return reading.replicas(keyspace, token);
  }

  /**
   * The set of replicas in which a request needs its level too, because ownership changes; none
   * when it is that of {@link #replicas}.
   */
  public List<NodeInfo> otherReplicas(String keyspace, long token) {
    if (other == null) {
      return List.of();
    }
    List<NodeInfo> others = other.replicas(keyspace, token);
    return Ownership.isSame(others, reading.replicas(keyspace, token)) ? List.of() : others;
  }

  /** The last token, from {@code token} upwards, up to which nobody's range ends or begins. */
  public long lastTokenOfRange(long token) {
    long end = reading.ring().lastTokenOfRange(token);
    return other == null ? end : Math.min(end, other.ring().lastTokenOfRange(token));
  }

  /** Whether a node is a replica of every token from {@code first} to {@code last}. */
  public boolean ownsAll(UUID hostId, String keyspace, long first, long last) {
    long token = first;
    while (true) {
      boolean owns =
          reading.isReplica(hostId, keyspace, token)
              || (other != null && other.isReplica(hostId, keyspace, token));
      if (!owns) {
        return false;
      }
      long end = lastTokenOfRange(token);
      if (end >= last) {
        return true;
      }
      token = end + 1;
    }
  }

  /** What all new owners have to fetch in a transition under way; nothing when reads have moved. */
  public List<Receivers.Fetch> fetches(Transition transition) {
    if (transition.step() != Transition.Step.WRITE_BOTH) {
      return List.of();
    }
    Ownership before = new Ownership(topology.nodes().values(), keyspaces.values());
    Ownership after =
        new Ownership(transition.nodesAfter(topology.nodes()).values(), keyspaces.values());
    return Receivers.fetches(before, after, keyspaces.values(), transition.dead());
  }

  /**
   * Which rows may be lost with nodes that are dead, though they were acknowledged at QUORUM, in
   * words; empty when none.
   */
  public String losses(SortedSet<UUID> dead) {
    String losses = Losses.of(reading, keyspaces.values(), dead);
    return losses.isEmpty() && other != null ? Losses.of(other, keyspaces.values(), dead) : losses;
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
        yield createKeyspace(create.keyspace());
      }
      case MetadataChange.AlterKeyspace alter -> {
        KeyspaceMetadata old = keyspaces.get(alter.name());
        if (old != null && isChanging() && !old.replication().equals(alter.replication())) {
          yield new ChangeOutcome.Invalid(
              "the replication of keyspace "
                  + alter.name()
                  + " cannot be changed while nodes come or go");
        }
        yield old == null ? unknownKeyspace(alter.name()) : alterKeyspace(old, alter);
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
      case MetadataChange.TruncateTable truncate -> truncate(truncate.table());
      case MetadataChange.CreateType create -> createType(create);
      case MetadataChange.AlterType alter -> alterType(alter);
      case MetadataChange.DropType drop -> dropType(drop);
      case MetadataChange.RegisterNode register -> {
        String lacking = lacking(register.node());
        if (register.node().isWitness() && !features.contains(Feature.WITNESSES)) {
          yield new ChangeOutcome.Conflict(); // not before all nodes know what that is
        }
        yield lacking == null
            ? topology(topology.register(register.node(), hasTables(), epoch + 1))
            : new ChangeOutcome.Invalid(lacking);
      }
      case MetadataChange.BeginTransition begin -> {
        boolean isNew = topology.nodes().get(begin.node().hostId()) == null;
        String lacking = isNew ? lacking(begin.node()) : null;
        if (!features.contains(Feature.REMOVALS_TOGETHER) && !begin.others().isEmpty()) {
          lacking = "several nodes are removed at once only when all know how: upgrade them first";
        }
        yield lacking == null
            ? topology(topology.begin(begin, features, keyspaces.values(), epoch + 1))
            : new ChangeOutcome.Invalid(lacking);
      }
      case MetadataChange.EnableFeature enable -> enable(enable.name());
      case MetadataChange.AcknowledgeStep known ->
          topology(
              topology.acknowledge(known.transition(), known.step(), known.hostId(), epoch + 1));
      case MetadataChange.FinishStreaming done ->
          topology(topology.streamed(done.transition(), done.hostId(), epoch + 1));
      case MetadataChange.CancelTransition cancel ->
          topology(topology.cancel(cancel.transition(), epoch + 1));
    };
  }

  private @Nullable String lacking(NodeInfo node) {
    SortedSet<String> missing = new TreeSet<>(features);
    missing.removeAll(node.features());
    return missing.isEmpty() ? null : lacking(node.internode().toString(), missing);
  }

  /** Why a node that lacks features cannot be of the cluster. */
  public static String lacking(String node, SortedSet<String> missing) {
    return "the build of "
        + node
        + " is too old for this cluster: it does not know "
        + String.join(", ", missing);
  }

  private ChangeOutcome enable(String feature) {
    if (features.contains(feature)) {
      return new ChangeOutcome.Unchanged();
    }
    for (NodeInfo node : members()) {
      if (!node.features().contains(feature)) {
        return new ChangeOutcome.Invalid(node.internode() + " does not know " + feature);
      }
    }
    SortedSet<String> more = new TreeSet<>(features);
    more.add(feature);
    return new ChangeOutcome.Applied(
        new ClusterMetadata(
            this, epoch + 1, schemaEpoch, new TreeMap<>(keyspaces), topology, more));
  }

  private ChangeOutcome topology(Topology.Outcome outcome) {
    return switch (outcome) {
      case Topology.Outcome.Changed changed ->
          new ChangeOutcome.Applied(
              new ClusterMetadata(
                  this,
                  epoch + 1,
                  schemaEpoch,
                  new TreeMap<>(keyspaces),
                  changed.topology(),
                  features));
      case Topology.Outcome.Unchanged unchanged -> new ChangeOutcome.Unchanged();
      case Topology.Outcome.Conflict conflict -> new ChangeOutcome.Conflict();
      case Topology.Outcome.Refused refused -> new ChangeOutcome.Invalid(refused.why());
    };
  }

  /** Changes that do not overlap in the keyspaces that there are must not do so in a new one. */
  private ChangeOutcome createKeyspace(KeyspaceMetadata keyspace) {
    List<Overlaps.Overlap> overlaps =
        Overlaps.of(topology.nodes(), topology.transitions(), List.of(keyspace));
    if (!overlaps.isEmpty()) {
      Overlaps.Overlap overlap = overlaps.getFirst();
      return new ChangeOutcome.Invalid(
          "keyspace "
              + keyspace.name()
              + " cannot have this replication before "
              + Overlaps.name(overlap.one())
              + " or "
              + Overlaps.name(overlap.other())
              + " has ended: they would overlap in it");
    }
    return schemaWith(keyspace);
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

  private ChangeOutcome truncate(UUID id) {
    TableMetadata table = tablesById.get(id);
    KeyspaceMetadata keyspace = table == null ? null : keyspaces.get(table.keyspace());
    if (keyspace == null || !features.contains(Feature.TRUNCATIONS)) {
      return new ChangeOutcome.Conflict();
    }
    SortedMap<String, KeyspaceMetadata> changed = new TreeMap<>(keyspaces);
    changed.put(keyspace.name(), keyspace.truncated(id, epoch + 1));
    return new ChangeOutcome.Applied(
        new ClusterMetadata(this, epoch + 1, schemaEpoch, changed, topology, features));
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

  private static ChangeOutcome unknownKeyspace(String name) {
    return new ChangeOutcome.Invalid("Keyspace '" + name + "' doesn't exist");
  }

  private ChangeOutcome alterKeyspace(KeyspaceMetadata old, MetadataChange.AlterKeyspace alter) {
    SortedMap<String, KeyspaceMetadata> changed = new TreeMap<>(keyspaces);
    changed.put(
        old.name(),
        new KeyspaceMetadata(
            old.name(),
            alter.replication(),
            alter.durableWrites(),
            alter.commitLogSync(),
            old.tables(),
            old.types(),
            old.truncations()));
    boolean hasOtherOwners = !old.replication().equals(alter.replication());
    Topology owned =
        hasOtherOwners
            ? new Topology(topology.nodes(), topology.transitions(), epoch + 1, topology.removed())
            : topology;
    return new ChangeOutcome.Applied(
        new ClusterMetadata(this, epoch + 1, epoch + 1, changed, owned, features));
  }

  private ChangeOutcome schemaWith(KeyspaceMetadata keyspace) {
    SortedMap<String, KeyspaceMetadata> changed = new TreeMap<>(keyspaces);
    changed.put(keyspace.name(), keyspace);
    return schema(changed);
  }

  private ChangeOutcome schema(SortedMap<String, KeyspaceMetadata> changed) {
    return new ChangeOutcome.Applied(
        new ClusterMetadata(this, epoch + 1, epoch + 1, changed, topology, features));
  }
}
