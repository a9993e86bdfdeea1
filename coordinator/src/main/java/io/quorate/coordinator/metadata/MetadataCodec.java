package io.quorate.coordinator.metadata;

import io.quorate.coordinator.metadata.TableMetadata.DroppedColumn;
import io.quorate.environment.Endpoint;
import io.quorate.protocol.types.CqlType.UserType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Metadata as bytes: changes for the metadata ring's log, the whole for its snapshots.
 *
 * <pre>
 *   change   := version u8 (2 or 3) | kind u8 | fields of the record, in order
 *               (3 is the start of a transition with other dead nodes, or that accepts a loss: to
 *               its fields of version 2 it adds: host ids of the others | accepts loss u8)
 *   snapshot := version u8 (3 to 6) | epoch i64 | schema epoch i64 | keyspaces | nodes
 *             | ownership epoch i64 | removed host ids | 0 u8, or 1 u8 | transition
 *             | features, a list of texts
 *               (4 has a transition that takes out others too, whose host ids are its last
 *               field; 5 has a list of transitions as version 4 has them, instead of at most one;
 *               version 2 has no features; version 1 no line but the first)
 *             | truncations, a list of: table id | epoch i64
 *               (version 6, which is that of 5 but for them; there are some)
 *   node     := fields of the record, in order; a node's features are not in changes of version 1
 *               nor in snapshots before version 3
 *   text     := modified UTF-8 behind its length u16;   list := count i32 | elements
 * </pre>
 *
 * What an earlier build can say is written as it wrote it: members of two builds can read each
 * other. The same value gives the same bytes, so replicas compare their states by comparing
 * snapshots.
 */
public final class MetadataCodec {
  private static final int CHANGES_WITH_FEATURES = 2;
  private static final int CHANGES_WITH_OTHERS = 3;
  private static final int SNAPSHOTS_WITH_FEATURES = 3;
  private static final int SNAPSHOTS_WITH_OTHERS = 4;
  private static final int SNAPSHOTS_WITH_TRANSITIONS = 5;
  private static final int SNAPSHOTS_WITH_TRUNCATIONS = 6;

  private MetadataCodec() {}

  /** The change's code: never give one out twice. */
  private static int code(MetadataChange change) {
    return switch (change) {
      case MetadataChange.CreateKeyspace c -> 1;
      case MetadataChange.AlterKeyspace c -> 2;
      case MetadataChange.DropKeyspace c -> 3;
      case MetadataChange.CreateTable c -> 4;
      case MetadataChange.AlterTable c -> 5;
      case MetadataChange.DropTable c -> 6;
      case MetadataChange.CreateType c -> 7;
      case MetadataChange.AlterType c -> 8;
      case MetadataChange.DropType c -> 9;
      case MetadataChange.RegisterNode c -> 10;
      // 11 was in builds before the first release.
      case MetadataChange.BeginTransition c -> 12;
      case MetadataChange.AcknowledgeStep c -> 13;
      case MetadataChange.FinishStreaming c -> 14;
      case MetadataChange.CancelTransition c -> 15;
      case MetadataChange.EnableFeature c -> 16;
      case MetadataChange.TruncateTable c -> 17;
    };
  }

  public static byte[] encode(MetadataChange change) {
    return write(out -> {
      boolean hasOthers =
          change instanceof MetadataChange.BeginTransition begin
              && (begin.acceptsLoss() || !begin.others().isEmpty());
      out.writeByte(hasOthers ? CHANGES_WITH_OTHERS : CHANGES_WITH_FEATURES);
      out.writeByte(code(change));
      switch (change) {
        case MetadataChange.CreateKeyspace c -> {
          writeKeyspace(out, c.keyspace());
          out.writeBoolean(c.ifNotExists());
        }
        case MetadataChange.AlterKeyspace c -> {
          out.writeUTF(c.name());
          writeReplication(out, c.replication());
          writeDurability(out, c.durableWrites(), c.commitLogSync());
        }
        case MetadataChange.DropKeyspace c -> {
          out.writeUTF(c.name());
          out.writeBoolean(c.ifExists());
        }
        case MetadataChange.CreateTable c -> {
          writeTable(out, c.table());
          out.writeBoolean(c.ifNotExists());
        }
        case MetadataChange.AlterTable c -> {
          writeTable(out, c.before());
          writeTable(out, c.after());
        }
        case MetadataChange.DropTable c -> {
          out.writeUTF(c.keyspace());
          out.writeUTF(c.name());
          out.writeBoolean(c.ifExists());
        }
        case MetadataChange.CreateType c -> {
          TypeCodec.write(out, c.type());
          out.writeBoolean(c.ifNotExists());
        }
        case MetadataChange.AlterType c -> {
          TypeCodec.write(out, c.before());
          TypeCodec.write(out, c.after());
        }
        case MetadataChange.DropType c -> {
          out.writeUTF(c.keyspace());
          out.writeUTF(c.name());
          out.writeBoolean(c.ifExists());
        }
        case MetadataChange.RegisterNode c -> writeNode(out, c.node());
        case MetadataChange.BeginTransition c -> {
          out.writeUTF(c.kind().name());
          writeNode(out, c.node());
          writeOptional(out, c.replaced());
          out.writeBoolean(c.forced());
          if (hasOthers) {
            writeUuids(out, c.others());
            out.writeBoolean(c.acceptsLoss());
          }
        }
        case MetadataChange.AcknowledgeStep c -> {
          out.writeLong(c.transition());
          out.writeUTF(c.step().name());
          writeUuid(out, c.hostId());
        }
        case MetadataChange.FinishStreaming c -> {
          out.writeLong(c.transition());
          writeUuid(out, c.hostId());
        }
        case MetadataChange.CancelTransition c -> out.writeLong(c.transition());
        case MetadataChange.EnableFeature c -> out.writeUTF(c.name());
        case MetadataChange.TruncateTable c -> writeUuid(out, c.table());
      }
    });
  }

  /**
   * @throws IllegalArgumentException when the bytes are not a change of a known version
   */
  public static MetadataChange decodeChange(byte[] bytes) {
    return read(
        bytes,
        CHANGES_WITH_OTHERS,
        (version, in) -> {
          boolean hasFeatures = version >= CHANGES_WITH_FEATURES;
          int code = in.readByte();
          return switch (code) {
            case 1 -> new MetadataChange.CreateKeyspace(readKeyspace(in), in.readBoolean());
            case 2 -> readAlterKeyspace(in);
            case 3 -> new MetadataChange.DropKeyspace(in.readUTF(), in.readBoolean());
            case 4 -> new MetadataChange.CreateTable(readTable(in), in.readBoolean());
            case 5 -> new MetadataChange.AlterTable(readTable(in), readTable(in));
            case 6 -> new MetadataChange.DropTable(in.readUTF(), in.readUTF(), in.readBoolean());
            case 7 ->
                new MetadataChange.CreateType((UserType) TypeCodec.read(in), in.readBoolean());
            case 8 ->
                new MetadataChange.AlterType(
                    (UserType) TypeCodec.read(in), (UserType) TypeCodec.read(in));
            case 9 -> new MetadataChange.DropType(in.readUTF(), in.readUTF(), in.readBoolean());
            case 10 -> new MetadataChange.RegisterNode(readNode(in, hasFeatures));
            case 12 -> readBegin(in, hasFeatures, version >= CHANGES_WITH_OTHERS);
            case 13 ->
                new MetadataChange.AcknowledgeStep(in.readLong(), step(in.readUTF()), readUuid(in));
            case 14 -> new MetadataChange.FinishStreaming(in.readLong(), readUuid(in));
            case 15 -> new MetadataChange.CancelTransition(in.readLong());
            case 16 -> new MetadataChange.EnableFeature(in.readUTF());
            case 17 -> new MetadataChange.TruncateTable(readUuid(in));
            default -> throw new IOException("metadata change of unknown kind " + code);
          };
        });
  }

  private static MetadataChange readBegin(
      DataInputStream in, boolean hasFeatures, boolean hasOthers) throws IOException {
    Transition.Kind kind = kind(in.readUTF());
    NodeInfo node = readNode(in, hasFeatures);
    UUID replaced = readOptional(in);
    boolean forced = in.readBoolean();
    return hasOthers
        ? new MetadataChange.BeginTransition(
            kind, node, replaced, readUuids(in), forced, in.readBoolean())
        : new MetadataChange.BeginTransition(kind, node, replaced, forced);
  }

  /** The version of the format comes first. */
  public static byte[] encode(ClusterMetadata metadata) {
    return write(out -> {
      List<Transition> transitions = metadata.transitions();
      int version = version(metadata);
      out.writeByte(version);
      out.writeLong(metadata.epoch());
      out.writeLong(metadata.schemaEpoch());
      out.writeInt(metadata.keyspaces().size());
      for (KeyspaceMetadata keyspace : metadata.keyspaces()) {
        writeKeyspace(out, keyspace);
      }
      out.writeInt(metadata.topology().nodes().size());
      for (NodeInfo node : metadata.topology().nodes().values()) {
        writeNode(out, node);
      }
      out.writeLong(metadata.ownershipEpoch());
      writeUuids(out, metadata.topology().removed());
      if (version >= SNAPSHOTS_WITH_TRANSITIONS) {
        out.writeInt(transitions.size());
      } else {
        out.writeBoolean(!transitions.isEmpty());
      }
      for (Transition transition : transitions) {
        writeTransition(out, transition, version >= SNAPSHOTS_WITH_OTHERS);
      }
      writeTexts(out, metadata.features());
      if (version == SNAPSHOTS_WITH_TRUNCATIONS) {
        writeTruncations(out, metadata);
      }
    });
  }

  /** The lowest that can say it. */
  private static int version(ClusterMetadata metadata) {
    if (metadata.keyspaces().stream().anyMatch(keyspace -> !keyspace.truncations().isEmpty())) {
      return SNAPSHOTS_WITH_TRUNCATIONS;
    }
    List<Transition> transitions = metadata.transitions();
    if (transitions.size() > 1) {
      return SNAPSHOTS_WITH_TRANSITIONS;
    }
    boolean hasOthers = transitions.stream().anyMatch(each -> !each.others().isEmpty());
    return hasOthers ? SNAPSHOTS_WITH_OTHERS : SNAPSHOTS_WITH_FEATURES;
  }

  private static void writeTruncations(DataOutputStream out, ClusterMetadata metadata)
      throws IOException {
    SortedMap<UUID, Long> all = new TreeMap<>();
    metadata.keyspaces().forEach(keyspace -> all.putAll(keyspace.truncations()));
    out.writeInt(all.size());
    for (Map.Entry<UUID, Long> one : all.entrySet()) {
      writeUuid(out, one.getKey());
      out.writeLong(one.getValue());
    }
  }

  private static void readTruncations(
      DataInputStream in, SortedMap<String, KeyspaceMetadata> keyspaces) throws IOException {
    SortedMap<UUID, Long> all = new TreeMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      all.put(readUuid(in), in.readLong());
    }
    keyspaces.replaceAll((name, keyspace) -> {
      SortedMap<UUID, Long> own = new TreeMap<>();
      for (TableMetadata table : keyspace.tables().values()) {
        Long epoch = all.get(table.id());
        if (epoch != null) {
          own.put(table.id(), epoch);
        }
      }
      return keyspace.withTruncations(own);
    });
  }

  private static void writeTransition(
      DataOutputStream out, Transition transition, boolean hasOthers) throws IOException {
    out.writeLong(transition.number());
    out.writeUTF(transition.kind().name());
    writeNode(out, transition.node());
    writeOptional(out, transition.replaced());
    out.writeUTF(transition.step().name());
    writeUuids(out, transition.awaited());
    writeUuids(out, transition.receivers());
    if (hasOthers) {
      writeUuids(out, transition.others());
    }
  }

  private static Transition readTransition(
      DataInputStream in, boolean hasFeatures, boolean hasOthers) throws IOException {
    long number = in.readLong();
    Transition.Kind kind = kind(in.readUTF());
    NodeInfo node = readNode(in, hasFeatures);
    UUID replaced = readOptional(in);
    Transition.Step step = step(in.readUTF());
    SortedSet<UUID> awaited = readUuids(in);
    SortedSet<UUID> receivers = readUuids(in);
    SortedSet<UUID> others = hasOthers ? readUuids(in) : new TreeSet<>();
    return new Transition(number, kind, node, replaced, others, step, awaited, receivers);
  }

  private static Transition.Kind kind(String name) throws IOException {
    try {
      return Transition.Kind.valueOf(name);
    } catch (IllegalArgumentException e) {
      throw new IOException("transition of unknown kind " + name, e);
    }
  }

  private static Transition.Step step(String name) throws IOException {
    try {
      return Transition.Step.valueOf(name);
    } catch (IllegalArgumentException e) {
      throw new IOException("unknown step " + name + " of a transition", e);
    }
  }

  private static void writeOptional(DataOutputStream out, @Nullable UUID uuid) throws IOException {
    out.writeBoolean(uuid != null);
    if (uuid != null) {
      writeUuid(out, uuid);
    }
  }

  private static @Nullable UUID readOptional(DataInputStream in) throws IOException {
    return in.readBoolean() ? readUuid(in) : null;
  }

  private static void writeUuids(DataOutputStream out, SortedSet<UUID> uuids) throws IOException {
    out.writeInt(uuids.size());
    for (UUID uuid : uuids) {
      writeUuid(out, uuid);
    }
  }

  private static SortedSet<UUID> readUuids(DataInputStream in) throws IOException {
    SortedSet<UUID> uuids = new TreeSet<>();
    for (int left = in.readInt(); left > 0; left--) {
      uuids.add(readUuid(in));
    }
    return uuids;
  }

  /**
   * @throws IllegalArgumentException when the bytes are not a snapshot of a known version
   */
  public static ClusterMetadata decode(byte[] bytes) {
    return read(
        bytes,
        SNAPSHOTS_WITH_TRUNCATIONS,
        (version, in) -> {
          boolean hasFeatures = version >= SNAPSHOTS_WITH_FEATURES;
          long epoch = in.readLong();
          long schemaEpoch = in.readLong();
          SortedMap<String, KeyspaceMetadata> keyspaces = new TreeMap<>();
          for (int left = in.readInt(); left > 0; left--) {
            KeyspaceMetadata keyspace = readKeyspace(in);
            keyspaces.put(keyspace.name(), keyspace);
          }
          SortedMap<UUID, NodeInfo> nodes = new TreeMap<>();
          for (int left = in.readInt(); left > 0; left--) {
            NodeInfo node = readNode(in, hasFeatures);
            nodes.put(node.hostId(), node);
          }
          if (version == 1) {
            return new ClusterMetadata(
                epoch,
                schemaEpoch,
                keyspaces,
                new Topology(nodes, List.of(), 0, new TreeSet<>()),
                new TreeSet<>());
          }
          long ownershipEpoch = in.readLong();
          SortedSet<UUID> removed = readUuids(in);
          int left =
              version >= SNAPSHOTS_WITH_TRANSITIONS ? in.readInt() : in.readBoolean() ? 1 : 0;
          List<Transition> transitions = new ArrayList<>();
          for (; left > 0; left--) {
            transitions.add(readTransition(in, hasFeatures, version >= SNAPSHOTS_WITH_OTHERS));
          }
          SortedSet<String> features = hasFeatures ? readTexts(in) : new TreeSet<>();
          if (version == SNAPSHOTS_WITH_TRUNCATIONS) {
            readTruncations(in, keyspaces);
          }
          return new ClusterMetadata(
              epoch,
              schemaEpoch,
              keyspaces,
              new Topology(nodes, transitions, ownershipEpoch, removed),
              features);
        });
  }

  private interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  private interface Reader<T> {
    T read(int version, DataInputStream in) throws IOException;
  }

  private static byte[] write(Writer writer) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      writer.write(new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException("an array does not fail, a text may be too long", e);
    }
    return bytes.toByteArray();
  }

  private static <T> T read(byte[] bytes, int known, Reader<T> reader) {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    try {
      int version = in.readByte();
      if (version < 1 || version > known) {
        throw new IOException("version " + version + " of metadata is not in 1.." + known);
      }
      T value = reader.read(version, in);
      if (in.available() > 0) {
        throw new IOException(in.available() + " bytes too many");
      }
      return value;
    } catch (IOException e) {
      throw new IllegalArgumentException("not metadata: " + e.getMessage(), e);
    }
  }

  private static void writeUuid(DataOutputStream out, UUID uuid) throws IOException {
    out.writeLong(uuid.getMostSignificantBits());
    out.writeLong(uuid.getLeastSignificantBits());
  }

  private static UUID readUuid(DataInputStream in) throws IOException {
    return new UUID(in.readLong(), in.readLong());
  }

  private static void writeKeyspace(DataOutputStream out, KeyspaceMetadata keyspace)
      throws IOException {
    out.writeUTF(keyspace.name());
    writeReplication(out, keyspace.replication());
    writeDurability(out, keyspace.durableWrites(), keyspace.commitLogSync());
    out.writeInt(keyspace.types().size());
    for (UserType type : keyspace.types().values()) {
      TypeCodec.write(out, type);
    }
    out.writeInt(keyspace.tables().size());
    for (TableMetadata table : keyspace.tables().values()) {
      writeTable(out, table);
    }
  }

  private static MetadataChange readAlterKeyspace(DataInputStream in) throws IOException {
    String name = in.readUTF();
    Replication replication = readReplication(in);
    int durability = in.readUnsignedByte();
    return new MetadataChange.AlterKeyspace(
        name, replication, durableWrites(durability), commitLogSync(durability));
  }

  /** The lowest bit: durable writes; those above it: when they are acknowledged. */
  private static void writeDurability(
      DataOutputStream out, boolean durableWrites, CommitLogSync commitLogSync) throws IOException {
    out.writeByte(commitLogSync.code() << 1 | (durableWrites ? 1 : 0));
  }

  private static boolean durableWrites(int durability) {
    return (durability & 1) != 0;
  }

  private static CommitLogSync commitLogSync(int durability) throws IOException {
    CommitLogSync sync = CommitLogSync.ofCode(durability >>> 1);
    if (sync == null) {
      throw new IOException("durability " + durability + " is not known");
    }
    return sync;
  }

  private static KeyspaceMetadata readKeyspace(DataInputStream in) throws IOException {
    String name = in.readUTF();
    Replication replication = readReplication(in);
    int durability = in.readUnsignedByte();
    SortedMap<String, UserType> types = new TreeMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      UserType type = (UserType) TypeCodec.read(in);
      types.put(type.name(), type);
    }
    SortedMap<String, TableMetadata> tables = new TreeMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      TableMetadata table = readTable(in);
      tables.put(table.name(), table);
    }
    return new KeyspaceMetadata(
        name,
        replication,
        durableWrites(durability),
        commitLogSync(durability),
        tables,
        types,
        new TreeMap<>());
  }

  private static void writeReplication(DataOutputStream out, Replication replication)
      throws IOException {
    switch (replication) {
      case Replication.Simple simple -> {
        out.writeByte(1);
        out.writeInt(simple.factor());
      }
      case Replication.NetworkTopology topology -> {
        out.writeByte(2);
        out.writeInt(topology.factors().size());
        for (Map.Entry<String, Integer> factor : topology.factors().entrySet()) {
          out.writeUTF(factor.getKey());
          out.writeInt(factor.getValue());
        }
      }
      case Replication.Local local -> out.writeByte(3);
    }
  }

  private static Replication readReplication(DataInputStream in) throws IOException {
    int code = in.readByte();
    return switch (code) {
      case 1 -> new Replication.Simple(in.readInt());
      case 2 -> {
        SortedMap<String, Integer> factors = new TreeMap<>();
        for (int left = in.readInt(); left > 0; left--) {
          factors.put(in.readUTF(), in.readInt());
        }
        yield new Replication.NetworkTopology(factors);
      }
      case 3 -> new Replication.Local();
      default -> throw new IOException("replication of unknown kind " + code);
    };
  }

  private static void writeTable(DataOutputStream out, TableMetadata table) throws IOException {
    writeUuid(out, table.id());
    out.writeUTF(table.keyspace());
    out.writeUTF(table.name());
    out.writeInt(table.columns().size());
    for (ColumnMetadata column : table.columns()) {
      writeColumn(out, column);
    }
    out.writeInt(table.dropped().size());
    for (DroppedColumn dropped : table.dropped()) {
      writeColumn(out, dropped.column());
      out.writeLong(dropped.droppedAtMicros());
    }
    out.writeInt(table.nextColumnId());
    OptionsCodec.write(out, table.options());
  }

  private static TableMetadata readTable(DataInputStream in) throws IOException {
    UUID id = readUuid(in);
    String keyspace = in.readUTF();
    String name = in.readUTF();
    List<ColumnMetadata> columns = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      columns.add(readColumn(in));
    }
    List<DroppedColumn> dropped = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      dropped.add(new DroppedColumn(readColumn(in), in.readLong()));
    }
    int nextColumnId = in.readInt();
    return new TableMetadata(
        id, keyspace, name, columns, dropped, nextColumnId, OptionsCodec.read(in));
  }

  private static void writeColumn(DataOutputStream out, ColumnMetadata column) throws IOException {
    out.writeUTF(column.name());
    TypeCodec.write(out, column.type());
    out.writeUTF(column.kind().text());
    out.writeInt(column.position());
    out.writeBoolean(column.descending());
    out.writeInt(column.id());
  }

  private static ColumnMetadata readColumn(DataInputStream in) throws IOException {
    return new ColumnMetadata(
        in.readUTF(),
        TypeCodec.read(in),
        columnKind(in.readUTF()),
        in.readInt(),
        in.readBoolean(),
        in.readInt());
  }

  private static ColumnMetadata.Kind columnKind(String text) throws IOException {
    for (ColumnMetadata.Kind kind : ColumnMetadata.Kind.values()) {
      if (kind.text().equals(text)) {
        return kind;
      }
    }
    throw new IOException("column of unknown kind " + text);
  }

  private static void writeNode(DataOutputStream out, NodeInfo node) throws IOException {
    writeUuid(out, node.hostId());
    writeEndpoint(out, node.internode());
    writeEndpoint(out, node.nativeTransport());
    out.writeUTF(node.datacenter());
    out.writeUTF(node.rack());
    out.writeUTF(node.releaseVersion());
    out.writeInt(node.tokens().size());
    for (long token : node.tokens()) {
      out.writeLong(token);
    }
    writeTexts(out, node.features());
  }

  private static void writeTexts(DataOutputStream out, SortedSet<String> texts) throws IOException {
    out.writeInt(texts.size());
    for (String text : texts) {
      out.writeUTF(text);
    }
  }

  private static SortedSet<String> readTexts(DataInputStream in) throws IOException {
    SortedSet<String> texts = new TreeSet<>();
    for (int left = in.readInt(); left > 0; left--) {
      texts.add(in.readUTF());
    }
    return texts;
  }

  private static NodeInfo readNode(DataInputStream in, boolean hasFeatures) throws IOException {
    UUID hostId = readUuid(in);
    Endpoint internode = readEndpoint(in);
    Endpoint nativeTransport = readEndpoint(in);
    String datacenter = in.readUTF();
    String rack = in.readUTF();
    String releaseVersion = in.readUTF();
    List<Long> tokens = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      tokens.add(in.readLong());
    }
    SortedSet<String> features = hasFeatures ? readTexts(in) : new TreeSet<>();
    return new NodeInfo(
        hostId, internode, nativeTransport, datacenter, rack, releaseVersion, tokens, features);
  }

  private static void writeEndpoint(DataOutputStream out, Endpoint endpoint) throws IOException {
    out.writeUTF(endpoint.host());
    out.writeInt(endpoint.port());
  }

  private static Endpoint readEndpoint(DataInputStream in) throws IOException {
    return new Endpoint(in.readUTF(), in.readInt());
  }
}
