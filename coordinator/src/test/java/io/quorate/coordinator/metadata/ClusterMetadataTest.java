package io.quorate.coordinator.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.coordinator.metadata.ColumnMetadata.Kind;
import io.quorate.environment.Endpoint;
import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.UserType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Nodes that make different metadata of the same log disagree about who owns a row. */
class ClusterMetadataTest {
  private static final UserType ADDRESS =
      new UserType("ks", "address", List.of("street"), List.of(Scalar.TEXT), false);
  private static final KeyspaceMetadata KEYSPACE =
      new KeyspaceMetadata("ks", new Replication.Simple(3), true, CommitLogSync.BATCH);
  private static final TableMetadata TABLE =
      new TableMetadata(
          new UUID(1, 2),
          "ks",
          "t",
          List.of(
              new ColumnMetadata("k", Scalar.INT, Kind.PARTITION_KEY, 0, false, 0),
              new ColumnMetadata("c", Scalar.TEXT, Kind.CLUSTERING, 0, true, 1),
              new ColumnMetadata("a", ADDRESS.freeze(), Kind.REGULAR, -1, false, 2),
              new ColumnMetadata("l", new ListType(Scalar.INT, false), Kind.STATIC, -1, false, 3)),
          List.of(),
          4,
          TableOptions.DEFAULT);

  @Test
  void everyChangeSurvivesItsBytes() {
    UserType longer =
        new UserType(
            "ks", "address", List.of("street", "zip"), List.of(Scalar.TEXT, Scalar.INT), false);
    List<MetadataChange> changes =
        List.of(
            new MetadataChange.CreateKeyspace(KEYSPACE, true),
            new MetadataChange.AlterKeyspace(
                "ks",
                new Replication.NetworkTopology(new TreeMap<>(Map.of("dc1", 3, "dc2", 2))),
                false,
                CommitLogSync.PERIODIC),
            new MetadataChange.DropKeyspace("ks", true),
            new MetadataChange.CreateTable(TABLE, false),
            new MetadataChange.AlterTable(
                TABLE, TABLE.withoutColumn(TABLE.columns().getLast(), 77)),
            new MetadataChange.DropTable("ks", "t", false),
            new MetadataChange.CreateType(ADDRESS, true),
            new MetadataChange.AlterType(ADDRESS, longer),
            new MetadataChange.DropType("ks", "address", false),
            new MetadataChange.RegisterNode(feature(node(1, "dc1", "r1", 5, -7), "f", "g")),
            new MetadataChange.BeginTransition(
                Transition.Kind.REPLACE, node(1, "dc1", "r1", 5), new UUID(3, 4), true),
            new MetadataChange.BeginTransition(
                Transition.Kind.JOIN, node(1, "dc1", "r1", 5), null, false),
            new MetadataChange.BeginTransition(
                Transition.Kind.REMOVE,
                node(1, "dc1", "r1", 5),
                null,
                new TreeSet<>(List.of(new UUID(3, 4), new UUID(0, 2))),
                false,
                true),
            new MetadataChange.AcknowledgeStep(7, Transition.Step.READ_NEW, new UUID(3, 4)),
            new MetadataChange.FinishStreaming(7, new UUID(3, 4)),
            new MetadataChange.CancelTransition(7),
            new MetadataChange.EnableFeature("f"));
    for (MetadataChange change : changes) {
      byte[] bytes = MetadataCodec.encode(change);
      assertThat(MetadataCodec.decodeChange(bytes)).isEqualTo(change);
      for (int length = 0; length < bytes.length; length++) {
        byte[] cut = Arrays.copyOf(bytes, length);
        assertThatThrownBy(() -> MetadataCodec.decodeChange(cut))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void theWholeSurvivesItsBytes() {
    ClusterMetadata metadata = schema();
    byte[] bytes = MetadataCodec.encode(metadata);
    ClusterMetadata decoded = MetadataCodec.decode(bytes);
    assertThat(MetadataCodec.encode(decoded)).isEqualTo(bytes);
    assertThat(decoded.schemaVersion()).isEqualTo(metadata.schemaVersion());
    assertThat(decoded.table("ks", "t")).isEqualTo(TABLE);
  }

  @Test
  void aRaceOfTwoCreatesMakesOneTable() {
    ClusterMetadata metadata = schema();
    assertThat(metadata.apply(new MetadataChange.CreateTable(TABLE, true)))
        .isEqualTo(new ChangeOutcome.Unchanged());
    assertThat(metadata.apply(new MetadataChange.CreateTable(TABLE, false)))
        .isInstanceOf(ChangeOutcome.AlreadyExists.class);
  }

  @Test
  void anAlterFromAnOlderFormIsAConflict() {
    ClusterMetadata metadata = schema();
    TableMetadata first = TABLE.withColumn("x", Scalar.INT, Kind.REGULAR);
    TableMetadata second = TABLE.withColumn("y", Scalar.INT, Kind.REGULAR);
    metadata = applied(metadata, new MetadataChange.AlterTable(TABLE, first));
    assertThat(metadata.apply(new MetadataChange.AlterTable(TABLE, second)))
        .isEqualTo(new ChangeOutcome.Conflict());
  }

  @Test
  void aTypesNewFieldReachesTheColumnsThatHoldIt() {
    UserType longer =
        new UserType(
            "ks", "address", List.of("street", "zip"), List.of(Scalar.TEXT, Scalar.INT), false);
    ClusterMetadata metadata = applied(schema(), new MetadataChange.AlterType(ADDRESS, longer));
    TableMetadata table = metadata.table(TABLE.id());
    assertThat(table).isNotNull();
    ColumnMetadata column = table.column("a");
    assertThat(column).isNotNull();
    assertThat(column.type()).isEqualTo(longer.freeze());
    assertThat(metadata.apply(new MetadataChange.DropType("ks", "address", false)))
        .isInstanceOf(ChangeOutcome.Invalid.class);
  }

  @Test
  void aNodeThatWouldOwnRowsItDoesNotHaveIsRefused() {
    ClusterMetadata empty = ClusterMetadata.EMPTY;
    ClusterMetadata one =
        applied(empty, new MetadataChange.RegisterNode(node(1, "dc1", "r1", 5, -7)));
    MetadataChange second = new MetadataChange.RegisterNode(node(2, "dc1", "r1", 6));
    assertThat(one.apply(second)).isInstanceOf(ChangeOutcome.Applied.class);
    ClusterMetadata withTable = applied(one, new MetadataChange.CreateKeyspace(KEYSPACE, false));
    withTable = applied(withTable, new MetadataChange.CreateType(ADDRESS, false));
    withTable = applied(withTable, new MetadataChange.CreateTable(TABLE, false));
    assertThat(withTable.apply(second)).isEqualTo(new ChangeOutcome.Conflict());
    assertThat(one.apply(new MetadataChange.RegisterNode(node(3, "dc1", "r1", 5))))
        .as("a token chosen from an older ring")
        .isEqualTo(new ChangeOutcome.Conflict());
  }

  @Test
  void replicasAreDistinctNodesSpreadOverRacks() {
    Random random = new Random(5);
    for (int round = 0; round < 50; round++) {
      List<NodeInfo> nodes = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        long[] tokens = random.longs(8).toArray();
        nodes.add(node(i, "dc" + i % 2, "r" + i % 3, tokens));
      }
      TokenRing ring = new TokenRing(nodes);
      for (List<NodeInfo> replicas : ring.replicas(new Replication.Simple(3))) {
        assertThat(new HashSet<>(replicas)).hasSize(3);
      }
      Replication topology =
          new Replication.NetworkTopology(new TreeMap<>(Map.of("dc0", 3, "dc1", 3)));
      for (List<NodeInfo> replicas : ring.replicas(topology)) {
        for (String datacenter : List.of("dc0", "dc1")) {
          List<String> racks =
              replicas.stream()
                  .filter(replica -> replica.datacenter().equals(datacenter))
                  .map(NodeInfo::rack)
                  .toList();
          assertThat(racks).as("round " + round).containsExactlyInAnyOrder("r0", "r1", "r2");
        }
      }
    }
  }

  /** Who restores a snapshot works out all owners; who applied the changes, only what is new. */
  @Test
  void ownersThatWereTakenOverAreThoseThatAreWorkedOutAnew() {
    Replication over = new Replication.NetworkTopology(new TreeMap<>(Map.of("dc0", 2, "dc1", 1)));
    NodeInfo joining = node(9, "dc1", "r2", 77, -1_000);
    List<MetadataChange> changes =
        List.of(
            new MetadataChange.RegisterNode(node(1, "dc0", "r1", 5, -7, 300)),
            new MetadataChange.CreateKeyspace(KEYSPACE, false),
            new MetadataChange.RegisterNode(node(2, "dc1", "r1", 6, 200)),
            new MetadataChange.RegisterNode(node(3, "dc0", "r2", 100, -100)),
            new MetadataChange.CreateType(ADDRESS, false),
            new MetadataChange.CreateTable(TABLE, false),
            new MetadataChange.BeginTransition(Transition.Kind.JOIN, joining, null, false),
            new MetadataChange.CreateKeyspace(
                new KeyspaceMetadata("other", over, true, CommitLogSync.BATCH), false),
            new MetadataChange.DropKeyspace("other", false),
            new MetadataChange.CreateKeyspace(
                new KeyspaceMetadata("other", over, true, CommitLogSync.BATCH), false));
    ClusterMetadata metadata = ClusterMetadata.EMPTY;
    for (MetadataChange change : changes) {
      metadata = applied(metadata, change);
      ClusterMetadata anew = MetadataCodec.decode(MetadataCodec.encode(metadata));
      for (long token : new long[] {-2_000, -100, -50, 0, 6, 77, 90, 250, 1_000}) {
        for (String keyspace : List.of("ks", "other")) {
          assertThat(metadata.replicas(keyspace, token)).isEqualTo(anew.replicas(keyspace, token));
          assertThat(metadata.otherReplicas(keyspace, token))
              .isEqualTo(anew.otherReplicas(keyspace, token));
        }
      }
    }
    assertThat(metadata.otherReplicas("other", 77)).as("a change is under way").isNotEmpty();
  }

  @Test
  void aTokenBelongsToTheFirstNodeAtOrBehindIt() {
    TokenRing ring = new TokenRing(List.of(node(1, "d", "r", -100, 50), node(2, "d", "r", 0)));
    assertThat(ring.owner(ring.rangeOf(-100)).hostId()).isEqualTo(new UUID(0, 1));
    assertThat(ring.owner(ring.rangeOf(-99)).hostId()).isEqualTo(new UUID(0, 2));
    assertThat(ring.owner(ring.rangeOf(1)).hostId()).isEqualTo(new UUID(0, 1));
    assertThat(ring.owner(ring.rangeOf(51)).hostId()).as("around").isEqualTo(new UUID(0, 1));
  }

  /** Else a second data centre, whose tokens lie close behind the first one's, owns 0 %. */
  @Test
  void whatANodeOwnsIsAPartOfItsDatacentersRing() {
    long half = 1L << 62;
    TokenRing ring =
        new TokenRing(
            List.of(
                node(1, "a", "r", -half),
                node(2, "a", "r", half),
                node(3, "b", "r", -half + 1),
                node(4, "b", "r", 0),
                node(5, "c", "r", 7)));
    assertThat(ring.shares().values())
        .satisfiesExactly(
            first -> assertThat(first).isCloseTo(0.5, within(1e-9)),
            second -> assertThat(second).isCloseTo(0.5, within(1e-9)),
            third -> assertThat(third).isCloseTo(0.75, within(1e-9)),
            fourth -> assertThat(fourth).isCloseTo(0.25, within(1e-9)),
            alone -> assertThat(alone).isEqualTo(1));
  }

  private static NodeInfo feature(NodeInfo node, String... features) {
    return new NodeInfo(
        node.hostId(),
        node.internode(),
        node.nativeTransport(),
        node.datacenter(),
        node.rack(),
        node.releaseVersion(),
        node.tokens(),
        new TreeSet<>(List.of(features)));
  }

  /** If this breaks, a node is sent what its build cannot read. */
  @Test
  void aFeatureIsSwitchedOnWhenAllKnowItAndThenWhoDoesNotIsRefused() {
    NodeInfo young = feature(node(1, "dc", "r", 1), "f", "g");
    NodeInfo old = feature(node(2, "dc", "r", 2), "f");
    ClusterMetadata metadata =
        applied(ClusterMetadata.EMPTY, new MetadataChange.RegisterNode(young));
    metadata = applied(metadata, new MetadataChange.RegisterNode(old));
    assertThat(metadata.apply(new MetadataChange.EnableFeature("g")))
        .isEqualTo(new ChangeOutcome.Invalid("n2:1 does not know g"));
    metadata = applied(metadata, new MetadataChange.EnableFeature("f"));
    assertThat(metadata.features()).containsExactly("f");
    assertThat(metadata.apply(new MetadataChange.EnableFeature("f")))
        .isInstanceOf(ChangeOutcome.Unchanged.class);
    assertThat(metadata.apply(new MetadataChange.RegisterNode(node(3, "dc", "r", 3))))
        .isEqualTo(
            new ChangeOutcome.Invalid(
                "the build of n3:1 is too old for this cluster: it does not know f"));
    assertThat(
            metadata.apply(
                new MetadataChange.BeginTransition(
                    Transition.Kind.JOIN, node(3, "dc", "r", 3), null, false)))
        .isInstanceOf(ChangeOutcome.Invalid.class);
    NodeInfo upgraded = feature(node(2, "dc", "r", 2), "f", "g");
    metadata = applied(metadata, new MetadataChange.RegisterNode(upgraded));
    metadata = applied(metadata, new MetadataChange.EnableFeature("g"));
    ClusterMetadata back = MetadataCodec.decode(MetadataCodec.encode(metadata));
    assertThat(back.features()).containsExactly("f", "g");
    assertThat(back.node(upgraded.hostId())).isEqualTo(upgraded);
  }

  /** A witness that owned rows, or held up those who do, would be a node like any other. */
  @Test
  void aWitnessIsOfTheClusterAndOwnsNothing() {
    ClusterMetadata metadata = schema();
    NodeInfo witness = feature(node(9, "dc", "r9"), Feature.WITNESSES);
    assertThat(metadata.apply(new MetadataChange.RegisterNode(witness)))
        .as("not all nodes may know what that is")
        .isInstanceOf(ChangeOutcome.Conflict.class);
    metadata = applied(metadata, new MetadataChange.EnableFeature(Feature.WITNESSES));
    // There may be rows, and it joins at once all the same; also while another node joins.
    metadata = applied(metadata, new MetadataChange.RegisterNode(witness));
    assertThat(metadata.nodes()).isEmpty();
    assertThat(metadata.members()).containsExactly(witness);
    assertThat(metadata.ring().isEmpty()).isTrue();
    assertThat(MetadataCodec.decode(MetadataCodec.encode(metadata)).node(witness.hostId()))
        .isEqualTo(witness);

    NodeInfo data = feature(node(1, "dc", "r1", 5), Feature.WITNESSES);
    ClusterMetadata joining =
        applied(
            metadata, new MetadataChange.BeginTransition(Transition.Kind.JOIN, data, null, false));
    assertThat(joining.transitions().getFirst().awaited())
        .as("nobody waits for the witness")
        .containsExactly(data.hostId());
    applied(
        joining, new MetadataChange.RegisterNode(feature(node(8, "dc", "r8"), Feature.WITNESSES)));

    assertThat(metadata.apply(new MetadataChange.RegisterNode(node(9, "dc", "r9", 3))))
        .as("its role stays")
        .isInstanceOf(ChangeOutcome.Invalid.class);
    // It leaves like any other, and no keyspace misses it.
    ClusterMetadata leaving =
        applied(
            metadata,
            new MetadataChange.BeginTransition(Transition.Kind.REMOVE, witness, null, false));
    assertThat(leaving.fetches(leaving.transitions().getFirst())).isEmpty();
  }

  /** If this breaks, rows come back that were truncated, or new ones go with them. */
  @Test
  void itKnowsWhenATableWasTruncated() {
    ClusterMetadata metadata = ClusterMetadata.EMPTY;
    metadata =
        applied(
            metadata,
            new MetadataChange.RegisterNode(feature(node(1, "dc", "r", 10), Feature.TRUNCATIONS)));
    metadata = applied(metadata, new MetadataChange.CreateKeyspace(KEYSPACE, false));
    metadata = applied(metadata, new MetadataChange.CreateType(ADDRESS, false));
    metadata = applied(metadata, new MetadataChange.CreateTable(TABLE, false));
    MetadataChange truncation = new MetadataChange.TruncateTable(TABLE.id());
    assertThat(metadata.apply(truncation))
        .as("an earlier build could not read it")
        .isInstanceOf(ChangeOutcome.Conflict.class);
    metadata = applied(metadata, new MetadataChange.EnableFeature(Feature.TRUNCATIONS));
    assertThat(metadata.truncatedAt(TABLE)).isZero();
    assertThat(MetadataCodec.encode(metadata)[0])
        .as("as earlier builds write it")
        .isEqualTo((byte) 3);
    ClusterMetadata truncated =
        applied(metadata, MetadataCodec.decodeChange(MetadataCodec.encode(truncation)));
    assertThat(truncated.truncatedAt(TABLE)).isEqualTo(truncated.epoch());
    assertThat(truncated.schemaVersion())
        .as("drivers read it anew when it changes")
        .isEqualTo(metadata.schemaVersion());
    byte[] bytes = MetadataCodec.encode(truncated);
    assertThat(MetadataCodec.decode(bytes).truncatedAt(TABLE)).isEqualTo(truncated.epoch());
    assertThat(MetadataCodec.encode(MetadataCodec.decode(bytes))).isEqualTo(bytes);
    ClusterMetadata altered =
        applied(
            truncated,
            new MetadataChange.AlterKeyspace(
                "ks", new Replication.Simple(1), true, CommitLogSync.DEFAULT));
    assertThat(altered.truncatedAt(TABLE)).isEqualTo(truncated.epoch());
    ClusterMetadata dropped =
        applied(truncated, new MetadataChange.DropTable("ks", TABLE.name(), false));
    assertThat(dropped.truncatedAt(TABLE)).isZero();
    assertThat(dropped.apply(truncation)).isInstanceOf(ChangeOutcome.Conflict.class);
  }

  private static MetadataChange.BeginTransition removal(
      NodeInfo gone, boolean acceptsLoss, NodeInfo... others) {
    return new MetadataChange.BeginTransition(
        Transition.Kind.REMOVE,
        gone,
        null,
        new TreeSet<>(Arrays.stream(others).map(NodeInfo::hostId).toList()),
        false,
        acceptsLoss);
  }

  /** If this breaks, rows of which no replica is left go without a word. */
  @Test
  void severalAreRemovedTogetherAndNotWithoutAWordWhereRowsMayBeLost() {
    ClusterMetadata metadata = ClusterMetadata.EMPTY;
    List<NodeInfo> nodes = new ArrayList<>();
    for (int i = 1; i <= 6; i++) {
      NodeInfo node =
          feature(node(i, "dc", "r" + i % 3, i * 10L, i * 10L + 100), Feature.REMOVALS_TOGETHER);
      nodes.add(node);
      metadata = applied(metadata, new MetadataChange.RegisterNode(node));
    }
    KeyspaceMetadata overRacks =
        new KeyspaceMetadata(
            "ks",
            new Replication.NetworkTopology(new TreeMap<>(Map.of("dc", 3))),
            true,
            CommitLogSync.BATCH);
    metadata = applied(metadata, new MetadataChange.CreateKeyspace(overRacks, false));
    metadata = applied(metadata, new MetadataChange.CreateType(ADDRESS, false));
    metadata = applied(metadata, new MetadataChange.CreateTable(TABLE, false));
    assertThat(metadata.apply(removal(nodes.get(0), false, nodes.get(3))))
        .as("an earlier build could not read it")
        .isInstanceOf(ChangeOutcome.Invalid.class);
    metadata = applied(metadata, new MetadataChange.EnableFeature(Feature.REMOVALS_TOGETHER));

    ClusterMetadata rackGone = applied(metadata, removal(nodes.get(0), false, nodes.get(3)));
    Transition begun = rackGone.transitions().getFirst();
    assertThat(begun.dead()).containsExactly(new UUID(0, 1), new UUID(0, 4));
    assertThat(begun.awaited())
        .containsExactly(new UUID(0, 2), new UUID(0, 3), new UUID(0, 5), new UUID(0, 6));
    assertThat(rackGone.fetches(begun))
        .isNotEmpty()
        .allSatisfy(fetch -> {
          assertThat(fetch.sources()).isNotEmpty().doesNotContain(nodes.get(0), nodes.get(3));
          assertThat(begun.dead()).doesNotContain(fetch.receiver());
        });
    byte[] bytes = MetadataCodec.encode(rackGone);
    assertThat(MetadataCodec.decode(bytes).transitions()).containsExactly(begun);
    assertThat(MetadataCodec.encode(MetadataCodec.decode(bytes))).isEqualTo(bytes);

    assertThat(metadata.apply(removal(nodes.get(0), false, nodes.get(1))))
        .isInstanceOfSatisfying(
            ChangeOutcome.Invalid.class,
            invalid ->
                assertThat(invalid.message())
                    .contains("may be lost", "keyspace ks: ", " of 12 ranges", "accept"));
    applied(metadata, removal(nodes.get(0), true, nodes.get(1)));
    assertThat(metadata.apply(removal(nodes.get(0), true, node(9, "dc", "r", 7))))
        .isInstanceOf(ChangeOutcome.Invalid.class);
    assertThat(
            metadata.apply(removal(nodes.get(0), true, nodes.get(1), nodes.get(2), nodes.get(3))))
        .as("two nodes are too few for three replicas")
        .isInstanceOf(ChangeOutcome.Invalid.class);
  }

  /** If this breaks, a node of the build before stops in the middle of an upgrade. */
  @Test
  void whatAnEarlierBuildCanSayIsWrittenAsItWroteIt() {
    NodeInfo node = node(1, "dc", "r", 5);
    assertThat(MetadataCodec.encode(removal(node, false))[0]).isEqualTo((byte) 2);
    assertThat(MetadataCodec.encode(removal(node, true))[0]).isEqualTo((byte) 3);
    assertThat(MetadataCodec.encode(schema())[0]).isEqualTo((byte) 3);
  }

  private static ClusterMetadata schema() {
    ClusterMetadata metadata =
        applied(ClusterMetadata.EMPTY, new MetadataChange.CreateKeyspace(KEYSPACE, false));
    metadata = applied(metadata, new MetadataChange.CreateType(ADDRESS, false));
    return applied(metadata, new MetadataChange.CreateTable(TABLE, false));
  }

  private static ClusterMetadata applied(ClusterMetadata metadata, MetadataChange change) {
    ChangeOutcome outcome = metadata.apply(change);
    assertThat(outcome).isInstanceOf(ChangeOutcome.Applied.class);
    return ((ChangeOutcome.Applied) outcome).metadata();
  }

  private static NodeInfo node(int number, String datacenter, String rack, long... tokens) {
    Endpoint endpoint = new Endpoint("n" + number, 1);
    return new NodeInfo(
        new UUID(0, number),
        endpoint,
        endpoint,
        datacenter,
        rack,
        "v",
        Arrays.stream(tokens).boxed().toList());
  }
}
