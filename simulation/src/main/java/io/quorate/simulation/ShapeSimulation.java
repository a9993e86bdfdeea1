package io.quorate.simulation;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.environment.simulated.SimulatedWorld.SimulationFailure;
import io.quorate.hintedhandoff.HintStats;
import io.quorate.node.Node;
import io.quorate.node.NodeState;
import io.quorate.node.VoterPolicy;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.raft.RaftNode;
import io.quorate.raft.Role;
import io.quorate.raft.SafetyChecker;
import io.quorate.simulation.FlawedMessaging.Flaw;
import io.quorate.simulation.History.Kind;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * One run: a cluster of three to nine nodes, in one rack or three, whose shape changes while
 * clients write and read, the schema changes, the leadership of the metadata ring moves, and
 * everything goes wrong that may; then all heals, and must work. What is checked after each step is
 * in {@link MetadataWatch}; at the end it is that no acknowledged QUORUM write is lost and no
 * QUORUM read was stale, that the replicas agree, that the metadata register's history is
 * linearisable, and that nothing hangs.
 */
public final class ShapeSimulation {
  private static final int FEWEST_NODES = 3;
  private static final int SPARSE_NODES = 5;
  private static final int CLIENTS = 4;
  private static final int REGISTERS_PER_CLIENT = 12;
  private static final int REGISTERS = CLIENTS * REGISTERS_PER_CLIENT;
  private static final long WORK_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final long LEADER_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** A node that leaves tries for a minute to hand on what it keeps, and another waits for it. */
  private static final long SETTLE_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(240);

  private static final long CONVERGE_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(120);

  /** Levels of which any two meet in a replica. */
  private static final Set<ConsistencyLevel> STRONG =
      EnumSet.of(ConsistencyLevel.QUORUM, ConsistencyLevel.ALL);

  private final SimulatedWorld world;
  private final Story story;
  private final History history = new History();
  private final SimulatedCluster cluster;
  private final Registers registers;
  private final MetadataRegister metadataRegister;
  private final MetadataWatch watch;
  private final SchemaClient schema;
  private final Operator operator;
  private final Faults faults;
  private final List<String> violations = new ArrayList<>();
  private final int nodes;
  private final int racks;

  /** A token a node, and few replicas: so that many changes of ownership do not overlap. */
  private final boolean isSparse;

  private final int replicationFactor;
  private final boolean hasWitness;
  private boolean working = true;
  private long leaderAfterNanos = -1;
  private long settledAfterNanos = -1;
  private long convergedAfterNanos = -1;

  /** What is done wrong, for a checker to notice. */
  public enum Control {
    NONE(Flaw.NONE, 0),
    NO_FENCE(Flaw.NO_FENCE, 1),
    COUNTS_OWNERS_BEFORE(Flaw.COUNTS_OWNERS_BEFORE, 1),
    COUNTS_OWNERS_AFTER(Flaw.COUNTS_OWNERS_AFTER, 1),
    FETCHES_NOTHING(Flaw.FETCHES_NOTHING, 3),
    /** Metadata are read without asking the ring from where on that may be done. */
    READS_OLD_METADATA(Flaw.NONE, 0);

    private final Flaw flaw;

    /** Replicas a row; 0: drawn. With one, no other makes up for what goes wrong. */
    private final int copies;

    Control(Flaw flaw, int copies) {
      this.flaw = flaw;
      this.copies = copies;
    }
  }

  /**
   * What became of a run.
   *
   * @param violations what must not be, in words; none when all is well
   * @param traceHash equal for two runs of one seed
   * @param shapes what the operator brought to an end, and how often; and how many snapshots of the
   *     metadata were taken and installed
   * @param leaderAfterMillis after healing until the metadata ring had a leader; -1: it had none
   * @param settledAfterMillis until all nodes served and no change was under way; -1: never
   * @param convergedAfterMillis from then until all hints were delivered; -1: never
   * @param story what happened, a line each
   */
  public record Verdict(
      long seed,
      List<String> violations,
      long traceHash,
      long acknowledgedWrites,
      long unknownWrites,
      long reads,
      long metadataOperations,
      long schemaChanges,
      SortedMap<String, Integer> shapes,
      long crashes,
      long cuts,
      long leaderAfterMillis,
      long settledAfterMillis,
      long convergedAfterMillis,
      List<String> story) {}

  private ShapeSimulation(long seed, Control control) {
    world = new SimulatedWorld(seed);
    story = new Story(world);
    isSparse = control == Control.NONE && world.random().nextInt(3) == 0;
    replicationFactor = control.copies > 0 ? control.copies : drawReplicationFactor();
    racks = control == Control.NONE && world.random().nextInt(3) == 0 ? 3 : 1;
    int fewest = isSparse ? SPARSE_NODES : Math.max(FEWEST_NODES, replicationFactor);
    nodes = fewest + world.random().nextInt(4);
    cluster = new SimulatedCluster(world, nodes);
    for (int i = 0; i < nodes; i++) {
      cluster.place(cluster.hosts().get(i), "rack" + (i % racks + 1));
    }
    hasWitness = world.random().nextInt(4) == 0;
    cluster.takesSnapshotsEvery(
        world.random().nextInt(2) == 0 ? 10_000 : 10 + world.random().nextInt(40));
    cluster.choosesVoters(
        new VoterPolicy(0, TimeUnit.SECONDS.toMillis(2 + world.random().nextInt(60))));
    cluster.tap((host, messaging) ->
        control.flaw == Flaw.NONE
            ? messaging
            : new FlawedMessaging(messaging, cluster, host, control.flaw));
    registers = new Registers(cluster, history);
    metadataRegister = new MetadataRegister(cluster, control != Control.READS_OLD_METADATA);
    watch = new MetadataWatch(cluster);
    cluster.choosesTokens(isSparse ? 1 : 8);
    schema = new SchemaClient(cluster, isSparse ? replicationFactor : 3);
    int fewestNodes = Math.max(FEWEST_NODES, replicationFactor);
    operator = new Operator(cluster, watch, fewestNodes, racks, story);
    faults = new Faults(cluster, 1_000 << world.random().nextInt(4), operator::isWanted, story);
  }

  private int drawReplicationFactor() {
    if (isSparse) {
      return 1 + world.random().nextInt(2);
    }
    return switch (world.random().nextInt(8)) {
      case 0 -> 1;
      case 1 -> 2;
      case 2, 3 -> 5;
      default -> 3;
    };
  }

  /** Runs one seed. */
  public static Verdict run(long seed) {
    return run(seed, Control.NONE);
  }

  /** Runs one seed with something wrong. */
  public static Verdict run(long seed, Control control) {
    return new ShapeSimulation(seed, control).run();
  }

  private Verdict run() {
    try {
      begin();
      disturb();
      heal();
      check();
    } catch (SimulationFailure | SafetyChecker.Violation | IllegalStateException e) {
      violations.add(String.valueOf(e.getMessage()));
    }
    violations.forEach(story::tell);
    return new Verdict(
        world.seed(),
        violations,
        world.traceHash(),
        history.count(Kind.WRITE, null, Outcome.OK),
        history.count(Kind.WRITE, null, Outcome.UNKNOWN),
        history.count(Kind.READ, null, Outcome.OK),
        metadataRegister.history().size(),
        schema.changes(),
        shapes(),
        faults.crashes(),
        faults.cuts(),
        millis(leaderAfterNanos),
        millis(settledAfterNanos),
        millis(convergedAfterNanos),
        story.lines());
  }

  private SortedMap<String, Integer> shapes() {
    SortedMap<String, Integer> shapes = new TreeMap<>(operator.done());
    shapes.put("SNAPSHOT_TAKEN", watch.snapshotsTaken());
    shapes.put("SNAPSHOT_INSTALLED", watch.snapshotsInstalled());
    shapes.values().removeIf(count -> count == 0);
    return shapes;
  }

  private static long millis(long nanos) {
    return nanos < 0 ? -1 : TimeUnit.NANOSECONDS.toMillis(nanos);
  }

  private void begin() {
    story.tell(
        nodes
            + " nodes in "
            + racks
            + " racks, "
            + replicationFactor
            + " replicas"
            + (isSparse ? ", a token a node" : ""));
    world.afterEachStep(watch::look);
    cluster.startAll();
    registers.create(
        racks == 1
            ? new Replication.Simple(replicationFactor)
            : new Replication.NetworkTopology(
                new TreeMap<>(Map.of("datacenter1", replicationFactor))));
    registers.change(MetadataRegister.creation());
    if (hasWitness) {
      SimulatedHost witness = cluster.addHost();
      story.tell(witness.name() + " is a witness");
      cluster.makeWitness(witness);
      cluster.start(witness);
    }
  }

  /** Links of some seeds are slow, so that what is sent is overtaken by changes of the cluster. */
  private void disturb() {
    if (world.random().nextInt(3) == 0) {
      story.tell("links are slow");
      world.links().latency(TimeUnit.MILLISECONDS.toNanos(1), TimeUnit.MILLISECONDS.toNanos(12));
    }
    world.links().unreliable(0.01, 0.01, 0.02);
    for (int client = 0; client < CLIENTS; client++) {
      new Client(client).work();
    }
    metadataRegister.begin(3);
    schema.begin();
    faults.begin();
    operator.begin();
    world.runFor(WORK_NANOS);
  }

  private void heal() {
    story.tell("everything heals");
    faults.end();
    schema.end();
    operator.end();
    long begin = world.nowNanos();
    if (within(LEADER_LIMIT_NANOS, this::hasLeader)) {
      leaderAfterNanos = world.nowNanos() - begin;
    } else {
      violations.add("the metadata ring has no leader");
    }
    if (within(SETTLE_LIMIT_NANOS, () -> operator.isIdle() && allServe())) {
      settledAfterNanos = world.nowNanos() - begin;
    } else {
      violations.add("the cluster does not settle: " + states());
    }
    working = false;
    metadataRegister.end();
    world.runFor(TimeUnit.SECONDS.toNanos(5));
  }

  private boolean within(long nanos, BooleanSupplier condition) {
    long until = world.nowNanos() + nanos;
    while (!condition.getAsBoolean()) {
      if (world.nowNanos() >= until) {
        return false;
      }
      world.runFor(TimeUnit.MILLISECONDS.toNanos(100));
    }
    return true;
  }

  private boolean hasLeader() {
    for (SimulatedHost host : cluster.hosts()) {
      Node node = cluster.process(host);
      RaftNode raft = node == null ? null : node.raft();
      if (raft != null && raft.status().role() == Role.LEADER) {
        return true;
      }
    }
    return false;
  }

  private boolean allServe() {
    return cluster.hosts().stream().filter(operator::isWanted).allMatch(cluster::serves);
  }

  private String states() {
    StringBuilder states = new StringBuilder();
    for (SimulatedHost host : cluster.hosts()) {
      Node node = cluster.process(host);
      states.append(host.name()).append(' ').append(node == null ? "down" : node.state());
      if (node != null && node.state() == NodeState.NORMAL) {
        var metadata = node.coordinator().metadata();
        states.append(" at epoch ").append(metadata.epoch());
        for (Transition transition : metadata.transitions()) {
          states.append(", ").append(transition.kind()).append(' ').append(transition.step());
          states.append(" of ").append(transition.node().internode());
          states.append(", awaited ").append(transition.awaited());
          states.append(", receivers ").append(transition.receivers());
        }
      }
      states.append("; ");
    }
    return states.toString();
  }

  private void check() {
    if (settledAfterNanos >= 0) {
      long begin = world.nowNanos();
      if (within(CONVERGE_LIMIT_NANOS, this::hintsAreDelivered)) {
        convergedAfterNanos = world.nowNanos() - begin;
      } else {
        violations.add("hints are not delivered");
      }
      checkAcknowledged();
      checkAgreement();
      checkMembers();
    }
    violations.addAll(history.anomalies(STRONG));
    if (!metadataRegister.isLinearizable()) {
      violations.add("the metadata register is not linearisable: " + metadataRegister.history());
    }
  }

  /** After healing, a read of all replicas sees every acknowledged write, and repairs the rest. */
  private void checkAcknowledged() {
    Map<Integer, Long> acknowledged = history.acknowledged(STRONG);
    for (int register = 0; register < REGISTERS; register++) {
      long found = -1;
      for (int attempt = 0; attempt < 20 && found < 0; attempt++) {
        List<SimulatedHost> hosts = cluster.dataHosts();
        SimulatedHost host = hosts.get(attempt % hosts.size());
        found = readNow(host, register, ConsistencyLevel.ALL);
      }
      long written = acknowledged.getOrDefault(register, 0L);
      if (found < written) {
        violations.add(
            "acknowledged write lost: register "
                + register
                + " was written "
                + written
                + ", all replicas together have "
                + found);
      }
    }
  }

  /** What a read sees; -1 when it fails. */
  private long readNow(SimulatedHost host, int register, ConsistencyLevel level) {
    long[] found = {-2};
    registers.read(
        -1,
        host,
        register,
        level,
        operation -> found[0] = operation.outcome() == Outcome.OK ? operation.value() : -1);
    world.runUntil(() -> found[0] != -2, TimeUnit.SECONDS.toNanos(10));
    if (found[0] == -1) {
      world.runFor(TimeUnit.SECONDS.toNanos(1));
    }
    return found[0];
  }

  /** No node keeps a write any more for one that is of the cluster, or was. */
  private boolean hintsAreDelivered() {
    return cluster.hosts().stream()
        .allMatch(host -> {
          ClusterMetadata metadata = cluster.node(host).coordinator().metadata();
          return cluster.node(host).hints().targets().stream()
              .map(HintStats.Target::target)
              .noneMatch(target -> metadata.member(target) != null || metadata.isRemoved(target));
        });
  }

  /** Nothing is under way any more, and all have been read at ALL: so a read at ONE is enough. */
  private void checkAgreement() {
    for (int register = 0; register < REGISTERS; register++) {
      Set<Long> seen = new TreeSet<>(seenAt(register).values());
      if (seen.size() != 1 || seen.contains(-1L)) {
        violations.add("the replicas of register " + register + " differ: " + seenAt(register));
      }
    }
  }

  /** What a read at ONE sees, by host; -1 where it fails. */
  private SortedMap<String, Long> seenAt(int register) {
    SortedMap<String, Long> seen = new TreeMap<>();
    for (SimulatedHost host : cluster.dataHosts()) {
      seen.put(host.name(), readNow(host, register, ConsistencyLevel.ONE));
    }
    return seen;
  }

  /** Every node takes part in the metadata ring, and knows the same. */
  private void checkMembers() {
    boolean agreed =
        within(
            TimeUnit.SECONDS.toNanos(10),
            () ->
                cluster.hosts().stream()
                        .map(host -> cluster.node(host).coordinator().metadata().epoch())
                        .distinct()
                        .count()
                    == 1);
    if (!agreed) {
      violations.add("not all nodes have the latest metadata: " + states());
    }
    for (SimulatedHost host : cluster.hosts()) {
      RaftNode raft = cluster.node(host).raft();
      if (raft == null || raft.core() == null) {
        violations.add(host.name() + " has left the metadata ring");
      }
    }
  }

  /** Writes its own registers, reads everybody's, at a node drawn anew each time. */
  private final class Client {
    private final int number;
    private final long[] written = new long[REGISTERS_PER_CLIENT];

    Client(int number) {
      this.number = number;
    }

    void work() {
      if (!working) {
        return;
      }
      List<SimulatedHost> hosts = cluster.dataHosts();
      SimulatedHost host = hosts.get(world.random().nextInt(hosts.size()));
      ConsistencyLevel level =
          switch (world.random().nextInt(10)) {
            case 0 -> ConsistencyLevel.ONE;
            case 1 -> ConsistencyLevel.ALL;
            default -> ConsistencyLevel.QUORUM;
          };
      if (world.random().nextInt(2) == 0) {
        int own = world.random().nextInt(REGISTERS_PER_CLIENT);
        int register = number * REGISTERS_PER_CLIENT + own;
        registers.write(number, host, register, ++written[own], level, operation -> pause());
      } else {
        int any = world.random().nextInt(REGISTERS);
        registers.read(number, host, any, level, operation -> pause());
      }
    }

    private void pause() {
      world.after(1 + world.random().nextInt(80_000_000), this::work);
    }
  }
}
