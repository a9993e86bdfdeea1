package io.quorate.coordinator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.Transition.Kind;
import io.quorate.coordinator.metadata.Transition.Step;
import io.quorate.environment.Endpoint;
import io.quorate.protocol.types.CqlType.Scalar;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Changes of ownership that go on at once where they should not leave rows with nobody who is asked
 * for them; where they could, an operator with many nodes waits for days.
 */
class OverlapsTest {
  private static final KeyspaceMetadata BOTH = keyspace("both", Map.of("dc1", 3, "dc2", 3));
  private static final KeyspaceMetadata FIRST = keyspace("first", Map.of("dc1", 3));
  private static final KeyspaceMetadata SECOND = keyspace("second", Map.of("dc2", 3));

  private static KeyspaceMetadata keyspace(String name, Map<String, Integer> factors) {
    return keyspace(name, new Replication.NetworkTopology(new TreeMap<>(factors)));
  }

  private static KeyspaceMetadata keyspace(String name, Replication replication) {
    return new KeyspaceMetadata(name, replication, true);
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
        Arrays.stream(tokens).boxed().toList(),
        Feature.KNOWN);
  }

  private static ClusterMetadata applied(ClusterMetadata metadata, MetadataChange change) {
    ChangeOutcome outcome = metadata.apply(change);
    assertThat(outcome).isInstanceOf(ChangeOutcome.Applied.class);
    return ((ChangeOutcome.Applied) outcome).metadata();
  }

  private static String refusal(ClusterMetadata metadata, MetadataChange change) {
    ChangeOutcome outcome = metadata.apply(change);
    assertThat(outcome).isInstanceOf(ChangeOutcome.Invalid.class);
    return ((ChangeOutcome.Invalid) outcome).message();
  }

  private static MetadataChange.BeginTransition begin(Kind kind, NodeInfo node) {
    return new MetadataChange.BeginTransition(kind, node, null, false);
  }

  private static ClusterMetadata cluster(List<NodeInfo> nodes, KeyspaceMetadata... keyspaces) {
    ClusterMetadata metadata = ClusterMetadata.EMPTY;
    for (NodeInfo node : nodes) {
      metadata = applied(metadata, new MetadataChange.RegisterNode(node));
    }
    for (String feature : Feature.KNOWN) {
      metadata = applied(metadata, new MetadataChange.EnableFeature(feature));
    }
    for (KeyspaceMetadata keyspace : keyspaces) {
      metadata = applied(metadata, new MetadataChange.CreateKeyspace(keyspace, false));
    }
    return metadata;
  }

  /** Four in each of two data centres, a few tokens each. */
  private static List<NodeInfo> twoDatacenters() {
    List<NodeInfo> nodes = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String datacenter = "dc" + (i % 2 + 1);
      nodes.add(node(i, datacenter, "r" + i / 2, i * 100L, i * 100L + 1000));
    }
    return nodes;
  }

  /** Says for all who are waited for that they know the step, until nothing is under way. */
  private static ClusterMetadata toTheEnd(ClusterMetadata metadata) {
    ClusterMetadata now = metadata;
    for (int round = 0; round < 20; round++) {
      for (Transition transition : now.transitions()) {
        now = further(now, transition.number());
      }
    }
    return now;
  }

  private static ClusterMetadata further(ClusterMetadata metadata, long number) {
    ClusterMetadata now = metadata;
    Transition transition = now.transition(number);
    if (transition == null) {
      return now;
    }
    TreeSet<UUID> dead = new TreeSet<>();
    now.transitions().forEach(each -> dead.addAll(each.dead()));
    if (transition.mayStream()) {
      for (UUID receiver : transition.receivers()) {
        now = applied(now, new MetadataChange.FinishStreaming(number, receiver));
      }
      return now;
    }
    for (UUID awaited : transition.awaited()) {
      if (!dead.contains(awaited)) {
        now = applied(now, new MetadataChange.AcknowledgeStep(number, transition.step(), awaited));
      }
    }
    return now;
  }

  @Test
  void changesInTwoDatacentersGoOnAtOnceWhereNoKeyspaceHasReplicasInBoth() {
    List<NodeInfo> nodes = twoDatacenters();
    ClusterMetadata metadata = cluster(nodes, FIRST, SECOND);
    metadata = applied(metadata, begin(Kind.LEAVE, nodes.get(0)));
    metadata = applied(metadata, begin(Kind.LEAVE, nodes.get(1)));
    byte[] bytes = MetadataCodec.encode(metadata);
    assertThat(bytes[0]).isEqualTo((byte) 5);
    assertThat(MetadataCodec.decode(bytes).transitions()).isEqualTo(metadata.transitions());
    assertThat(MetadataCodec.encode(MetadataCodec.decode(bytes))).isEqualTo(bytes);
    assertThat(withTruncation(metadata).transitions()).isEqualTo(metadata.transitions());

    long later = metadata.transitions().getLast().number();
    ClusterMetadata one = applied(metadata, new MetadataChange.CancelTransition(later));
    assertThat(one.transitions()).containsExactly(metadata.transitions().getFirst());
    assertThat(withTruncation(one).transitions()).isEqualTo(one.transitions());
    ClusterMetadata ended = toTheEnd(metadata);
    assertThat(ended.isChanging()).isFalse();
    assertThat(ended.removed()).containsExactly(new UUID(0, 0), new UUID(0, 1));

    assertThat(refusal(metadata, new MetadataChange.CreateKeyspace(BOTH, false)))
        .contains("keyspace both cannot have this replication before change ", "has ended");
    applied(ended, new MetadataChange.CreateKeyspace(BOTH, false));
  }

  /** As a snapshot has it in which a table was truncated, whatever else is under way. */
  private static ClusterMetadata withTruncation(ClusterMetadata metadata) {
    TableMetadata table =
        new TableMetadata(
            new UUID(1, 2),
            FIRST.name(),
            "t",
            List.of(
                new ColumnMetadata(
                    "k", Scalar.INT, ColumnMetadata.Kind.PARTITION_KEY, 0, false, 0)),
            List.of(),
            1,
            TableOptions.DEFAULT);
    ClusterMetadata truncated =
        applied(
            applied(metadata, new MetadataChange.CreateTable(table, false)),
            new MetadataChange.TruncateTable(table.id()));
    byte[] bytes = MetadataCodec.encode(truncated);
    assertThat(bytes[0]).isEqualTo((byte) 6);
    ClusterMetadata read = MetadataCodec.decode(bytes);
    assertThat(read.truncatedAt(table)).isEqualTo(truncated.epoch());
    assertThat(MetadataCodec.encode(read)).isEqualTo(bytes);
    return read;
  }

  @Test
  void whatOverlapsWaitsAndIsToldForWhat() {
    List<NodeInfo> nodes = twoDatacenters();
    ClusterMetadata metadata = cluster(nodes, FIRST, BOTH);
    metadata = applied(metadata, begin(Kind.LEAVE, nodes.get(0)));
    long number = metadata.transitions().getFirst().number();
    assertThat(refusal(metadata, begin(Kind.LEAVE, nodes.get(1))))
        .startsWith("another change of ownership is under way: change " + number + " (LEAVE of")
        .contains("they share ", " % of the ring, the first range ]", "of keyspace both");
    assertThat(refusal(metadata, begin(Kind.MOVE, nodes.get(0).movedTo("r9", List.of(7L)))))
        .contains("it is about the same node");
    assertThat(metadata.waitsFor(begin(Kind.LEAVE, nodes.get(1)))).contains("they share ");
    assertThat(metadata.settled().waitsFor(begin(Kind.LEAVE, nodes.get(1)))).isNull();
  }

  /** An earlier build could not read it. */
  @Test
  void oneAtATimeAsLongAsNotAllNodesKnowMore() {
    List<NodeInfo> nodes = twoDatacenters();
    ClusterMetadata metadata = ClusterMetadata.EMPTY;
    for (NodeInfo node : nodes) {
      metadata = applied(metadata, new MetadataChange.RegisterNode(node));
    }
    metadata = applied(metadata, new MetadataChange.CreateKeyspace(FIRST, false));
    metadata = applied(metadata, begin(Kind.LEAVE, nodes.get(0)));
    assertThat(refusal(metadata, begin(Kind.LEAVE, nodes.get(1))))
        .startsWith("another change of ownership is under way: change ");
  }

  /** Each would wait for the other's dead, for ever. */
  @Test
  void theDeadOfTwoRemovalsAreTakenOutTogether() {
    List<NodeInfo> nodes = twoDatacenters();
    ClusterMetadata metadata = cluster(nodes, FIRST, SECOND);
    metadata = applied(metadata, begin(Kind.REMOVE, nodes.get(0)));
    assertThat(refusal(metadata, begin(Kind.REMOVE, nodes.get(1)))).contains("remove all of them");
  }

  /** If this breaks, a node that has been taken out holds up the others for ever. */
  @Test
  void whoHasLeftIsNotWaitedForAnyMore() {
    List<NodeInfo> nodes = twoDatacenters();
    ClusterMetadata metadata = cluster(nodes, FIRST, SECOND);
    metadata = applied(metadata, begin(Kind.LEAVE, nodes.get(0)));
    long leaving = metadata.transitions().getFirst().number();
    metadata = applied(metadata, begin(Kind.REMOVE, nodes.get(1)));
    long removal = metadata.transitions().getLast().number();
    for (int step = 0; step < 3; step++) {
      metadata = further(metadata, leaving);
    }
    assertThat(metadata.transition(leaving)).isNotNull();
    assertThat(metadata.transitions().getFirst().awaited()).containsExactly(new UUID(0, 1));
    for (int step = 0; step < 3; step++) {
      metadata = further(metadata, removal);
    }
    assertThat(metadata.removed()).containsExactly(new UUID(0, 1));
    assertThat(metadata.transitions().getFirst().awaited()).doesNotContain(new UUID(0, 1));
    assertThat(toTheEnd(metadata).isChanging()).isFalse();
  }

  @Test
  void tooFewNodesAreLeftByAllChangesTogether() {
    List<NodeInfo> nodes = List.of(node(1, "dc1", "r", 1), node(2, "dc1", "r", 2));
    ClusterMetadata metadata = cluster(nodes, keyspace("lone", Map.of("dc1", 1)));
    metadata = applied(metadata, begin(Kind.LEAVE, nodes.get(0)));
    assertThat(metadata.apply(begin(Kind.LEAVE, nodes.get(1))))
        .isInstanceOf(ChangeOutcome.Invalid.class);
  }

  // ---------------------------------------------------------------------------------------------

  /** A random cluster whose changes begin, take steps, and are taken back in any order. */
  private static final class Walk {
    private final Random random;
    private final boolean obeysTheRule;
    private ClusterMetadata now;
    private int nextNode = 100;
    private int most;
    private @Nullable String broken;

    Walk(long seed, boolean obeysTheRule) {
      this.random = new Random(seed);
      this.obeysTheRule = obeysTheRule;
      List<NodeInfo> nodes = new ArrayList<>();
      int datacenters = 1 + random.nextInt(3);
      for (int i = 0; i < 4 + random.nextInt(8); i++) {
        nodes.add(randomNode(i, 1 + i % datacenters));
      }
      KeyspaceMetadata[] keyspaces = new KeyspaceMetadata[1 + random.nextInt(2)];
      for (int i = 0; i < keyspaces.length; i++) {
        keyspaces[i] = keyspace("k" + i, replication(datacenters));
      }
      now = cluster(nodes, keyspaces);
    }

    private NodeInfo randomNode(int number, int datacenter) {
      long[] tokens = random.longs(1 + random.nextInt(3)).toArray();
      return node(number, "dc" + datacenter, "r" + random.nextInt(3), tokens);
    }

    private Replication replication(int datacenters) {
      if (random.nextInt(3) == 0) {
        return new Replication.Simple(1 + random.nextInt(2));
      }
      TreeMap<String, Integer> factors = new TreeMap<>();
      factors.put("dc" + (1 + random.nextInt(datacenters)), 1 + random.nextInt(3));
      return new Replication.NetworkTopology(factors);
    }

    void go() {
      for (int step = 0; step < 40 && broken == null; step++) {
        List<Transition> underWay = now.transitions();
        most = Math.max(most, underWay.size());
        if (underWay.isEmpty() || random.nextInt(3) == 0) {
          begin();
        } else {
          Transition one = underWay.get(random.nextInt(underWay.size()));
          boolean cancels = random.nextInt(6) == 0 && one.step() == Step.WRITE_BOTH;
          take(
              cancels
                  ? applied(now, new MetadataChange.CancelTransition(one.number()))
                  : further(now, one.number()));
        }
      }
      if (broken == null && toTheEnd(now).isChanging()) {
        broken = "it does not end: " + toTheEnd(now).transitions();
      }
    }

    private void begin() {
      List<NodeInfo> nodes = List.copyOf(now.nodes());
      NodeInfo one = nodes.get(random.nextInt(nodes.size()));
      int datacenter = Integer.parseInt(one.datacenter().substring(2));
      MetadataChange.BeginTransition change =
          switch (random.nextInt(5)) {
            case 0 -> OverlapsTest.begin(Kind.JOIN, randomNode(nextNode++, datacenter));
            case 1 -> OverlapsTest.begin(Kind.LEAVE, one);
            case 2 -> OverlapsTest.begin(Kind.REMOVE, one);
            case 3 -> {
              NodeInfo other = randomNode(nextNode, datacenter);
              yield OverlapsTest.begin(Kind.MOVE, one.movedTo(other.rack(), other.tokens()));
            }
            default -> {
              NodeInfo young = node(nextNode++, one.datacenter(), one.rack());
              yield new MetadataChange.BeginTransition(
                  Kind.REPLACE, young.movedTo(one.rack(), one.tokens()), one.hostId(), false);
            }
          };
      if (obeysTheRule) {
        if (now.apply(change) instanceof ChangeOutcome.Applied applied) {
          take(applied.metadata());
        }
        return;
      }
      // As if there were no others.
      ClusterMetadata alone = metadata(now.epoch(), List.of());
      boolean isNew =
          now.transitions().stream().noneMatch(each -> each.subjects().contains(one.hostId()));
      if (isNew && alone.apply(change) instanceof ChangeOutcome.Applied applied) {
        List<Transition> both = new ArrayList<>(now.transitions());
        both.addAll(applied.metadata().transitions());
        take(metadata(now.epoch() + 1, both));
      }
    }

    private ClusterMetadata metadata(long epoch, List<Transition> transitions) {
      SortedMap<String, KeyspaceMetadata> keyspaces = new TreeMap<>();
      now.keyspaces().forEach(keyspace -> keyspaces.put(keyspace.name(), keyspace));
      Topology topology = now.topology();
      return new ClusterMetadata(
          epoch,
          now.schemaEpoch(),
          keyspaces,
          new Topology(topology.nodes(), transitions, epoch, topology.removed()),
          now.features());
    }

    /**
     * A step is sound when it gives a range a second set of replicas, or takes one away, or does
     * neither: so who reads after it meets who wrote before it.
     */
    private void take(ClusterMetadata next) {
      TreeSet<Long> ends = new TreeSet<>();
      for (ClusterMetadata metadata : List.of(now, next)) {
        for (NodeInfo node : metadata.members()) {
          ends.addAll(node.tokens());
        }
        metadata.transitions().forEach(transition -> ends.addAll(transition.node().tokens()));
      }
      for (KeyspaceMetadata keyspace : next.keyspaces()) {
        for (long end : ends) {
          List<SortedSet<UUID>> before = sets(now, keyspace.name(), end);
          List<SortedSet<UUID>> after = sets(next, keyspace.name(), end);
          if (!before.containsAll(after) && !after.containsAll(before)) {
            broken = before + " before, " + after + " after, of " + next.transitions();
          }
        }
      }
      for (Transition transition : next.transitions()) {
        for (Receivers.Fetch fetch : next.fetches(transition)) {
          for (Transition other : next.transitions()) {
            boolean takesOut =
                other.number() != transition.number()
                    && (other.leaving().contains(fetch.receiver())
                        || fetch.sources().stream()
                            .anyMatch(source -> other.leaving().contains(source.hostId())));
            if (takesOut) {
              broken = other + " takes out who is needed for " + transition;
            }
          }
        }
      }
      now = next;
    }

    private static List<SortedSet<UUID>> sets(
        ClusterMetadata metadata, String keyspace, long token) {
      List<SortedSet<UUID>> sets = new ArrayList<>();
      sets.add(ids(metadata.replicas(keyspace, token)));
      List<NodeInfo> others = metadata.otherReplicas(keyspace, token);
      if (!others.isEmpty()) {
        sets.add(ids(others));
      }
      return sets;
    }

    private static SortedSet<UUID> ids(List<NodeInfo> nodes) {
      TreeSet<UUID> ids = new TreeSet<>();
      nodes.forEach(node -> ids.add(node.hostId()));
      return ids;
    }
  }

  @Test
  void inAnyOrderOfStepsWhoReadsMeetsWhoWrote() {
    int together = 0;
    int threeTogether = 0;
    for (long seed = 1; seed <= 600; seed++) {
      Walk walk = new Walk(seed, true);
      walk.go();
      assertThat(walk.broken).as("seed %d", seed).isNull();
      together += walk.most >= 2 ? 1 : 0;
      threeTogether += walk.most >= 3 ? 1 : 0;
    }
    // A run in which nothing goes on at once proves nothing.
    assertThat(together).isGreaterThan(100);
    assertThat(threeTogether).isPositive();
  }

  @Test
  void withoutTheRuleTheyMissEachOther() {
    long caught = 0;
    for (long seed = 1; seed <= 20 && caught == 0; seed++) {
      Walk walk = new Walk(seed, false);
      walk.go();
      caught = walk.broken == null ? 0 : seed;
    }
    assertThat(caught).isPositive();
  }
}
