package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.TokenAllocation;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.coordinator.metadata.Transition.Step;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.raft.RaftNode;
import io.quorate.raft.Role;
import io.quorate.simulation.FlawedMessaging.Flaw;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Writes of new rows at QUORUM by way of any node, while ownership changes. */
final class OwnershipRun {
  final SimulatedWorld world;
  final SimulatedCluster cluster;
  final Registers registers;
  final Set<Integer> acknowledged = new TreeSet<>();
  private int nextRegister;
  private boolean working;
  boolean liesAboutFetching;

  OwnershipRun(long seed, int factor) {
    this(seed, factor, 3, Flaw.NONE);
  }

  OwnershipRun(long seed, int factor, int nodes, Flaw flaw) {
    this(seed, new Replication.Simple(factor), nodes, 1, flaw);
  }

  /**
   * @param racks over how many the nodes are spread, one after the other
   */
  OwnershipRun(long seed, Replication replication, int nodes, int racks, Flaw flaw) {
    world = new SimulatedWorld(seed);
    cluster = new SimulatedCluster(world, nodes);
    for (int i = 0; i < nodes; i++) {
      cluster.place(cluster.hosts().get(i), "rack" + (i % racks + 1));
    }
    cluster.tap((host, messaging) -> new FlawedMessaging(messaging, cluster, host, flaw));
    registers = new Registers(cluster, new History());
    cluster.startAll();
    registers.create(replication);
  }

  /** Where a change of ownership is, as one node sees it. */
  enum Moment {
    ANNOUNCED,
    FETCHING,
    READ_FROM_NEW;

    boolean is(Transition now) {
      return switch (this) {
        case ANNOUNCED -> now.step() == Step.WRITE_BOTH && !now.mayStream();
        case FETCHING -> now.mayStream();
        case READ_FROM_NEW -> now.step() == Step.READ_NEW;
      };
    }
  }

  void await(Moment moment) {
    await("it is " + moment, () -> transition() != null && moment.is(transition()));
  }

  /** Where the metadata ring's leader is. */
  SimulatedHost leader() {
    for (SimulatedHost host : cluster.hosts()) {
      var process = cluster.process(host);
      RaftNode raft = process == null ? null : process.raft();
      if (raft != null && raft.status().role() == Role.LEADER) {
        return host;
      }
    }
    throw new AssertionError("nobody leads");
  }

  void work() {
    work(8);
  }

  /** Some clients begin, each of which writes about a hundred rows a second. */
  void work(int clients) {
    working = true;
    for (int i = 0; i < clients; i++) {
      write();
    }
  }

  void stopWork() {
    working = false;
  }

  void rest() {
    stopWork();
    world.runFor(TimeUnit.SECONDS.toNanos(10));
  }

  SimulatedHost join(boolean disturbed) {
    work();
    world.runFor(TimeUnit.SECONDS.toNanos(2));
    SimulatedHost host = cluster.addHost();
    cluster.start(host);
    if (liesAboutFetching) {
      await("it may fetch", () -> transition() != null && transition().mayStream());
      Transition now = Objects.requireNonNull(transition());
      UUID joining = now.node().hostId();
      registers.attempt(
          cluster.hosts().getFirst(),
          new MetadataChange.FinishStreaming(now.number(), joining),
          outcome -> {});
    }
    if (disturbed) {
      world.runFor(TimeUnit.MILLISECONDS.toNanos(world.random().nextInt(3_000)));
      SimulatedHost victim = cluster.hosts().get(world.random().nextInt(4));
      victim.crash();
      world.runFor(TimeUnit.MILLISECONDS.toNanos(world.random().nextInt(5_000)));
      cluster.start(victim);
    }
    await(
        "the node has joined",
        () -> cluster.serves(host) && metadata().nodes().size() == 4 && transition() == null);
    rest();
    return host;
  }

  void leave(SimulatedHost host) {
    work();
    UUID leaving = cluster.node(host).coordinator().localHostId();
    NodeInfo node = Objects.requireNonNull(metadata().node(leaving));
    registers.attempt(
        cluster.hosts().getFirst(),
        new MetadataChange.BeginTransition(Transition.Kind.LEAVE, node, null, false),
        outcome -> assertThat(outcome).isEqualTo(Outcome.OK));
    await("the node has left", () -> metadata().isRemoved(leaving) && !cluster.serves(host));
    rest();
  }

  void move(SimulatedHost host, String rack, int tokens) {
    work();
    UUID moving = cluster.node(host).coordinator().localHostId();
    NodeInfo node = Objects.requireNonNull(metadata().node(moving));
    NodeInfo moved =
        node.movedTo(
            rack,
            TokenAllocation.weigh(
                metadata().nodes(), node, tokens, metadata().allocationGoal(node.datacenter())));
    registers.attempt(
        cluster.hosts().getFirst(),
        new MetadataChange.BeginTransition(Transition.Kind.MOVE, moved, null, false),
        outcome -> assertThat(outcome).isEqualTo(Outcome.OK));
    await("it has moved", () -> transition() == null && moved.equals(metadata().node(moving)));
    host.crash();
    cluster.start(host); // what its configuration says does not count any more
    await("it serves again", () -> cluster.serves(host));
    rest();
    assertThat(metadata().node(moving)).isEqualTo(moved);
  }

  /** Kills a node and waits until the others know. */
  UUID kill(SimulatedHost host) {
    UUID id = cluster.node(host).coordinator().localHostId();
    work();
    world.runFor(TimeUnit.MILLISECONDS.toNanos(world.random().nextInt(2_000)));
    host.crash();
    await(
        "it is taken for dead",
        () ->
            cluster.hosts().stream()
                .filter(cluster::serves)
                .noneMatch(one -> cluster.node(one).coordinator().isAlive(id)));
    return id;
  }

  void remove(SimulatedHost host) {
    UUID dead = kill(host);
    NodeInfo node = Objects.requireNonNull(metadata().node(dead));
    registers.attempt(
        cluster.hosts().getFirst(),
        new MetadataChange.BeginTransition(Transition.Kind.REMOVE, node, null, false),
        outcome -> assertThat(outcome).isEqualTo(Outcome.OK));
    await("the dead node is out", () -> metadata().isRemoved(dead) && transition() == null);
    rest();
  }

  SimulatedHost replace(SimulatedHost host, int nodes) {
    UUID dead = kill(host);
    SimulatedHost young = cluster.addReplacement(host);
    cluster.start(young);
    await(
        "the new node has its place",
        () -> cluster.serves(young) && metadata().isRemoved(dead) && transition() == null);
    assertThat(metadata().nodes()).hasSize(nodes);
    rest();
    return young;
  }

  void cancelJoin() {
    work();
    world.runFor(TimeUnit.SECONDS.toNanos(2));
    SimulatedHost host = cluster.addHost();
    cluster.mayFail(host);
    cluster.start(host);
    await("it may fetch", () -> transition() != null && transition().mayStream());
    long number = Objects.requireNonNull(transition()).number();
    registers.attempt(
        cluster.hosts().getFirst(),
        new MetadataChange.CancelTransition(number),
        outcome -> assertThat(outcome).isEqualTo(Outcome.OK));
    await("it is cancelled", () -> transition() == null);
    rest();
    assertThat(metadata().nodes()).hasSize(3);
    assertThat(cluster.serves(host)).isFalse();
  }

  void joinTwo() {
    work();
    SimulatedHost first = cluster.addHost();
    SimulatedHost second = cluster.addHost();
    cluster.start(first);
    cluster.start(second);
    await(
        "both have joined",
        () -> cluster.serves(first) && cluster.serves(second) && transition() == null);
    assertThat(metadata().nodes()).hasSize(5);
    rest();
  }

  boolean canChangeMetadata() {
    SimulatedHost host =
        cluster.hosts().stream().filter(cluster::serves).reduce((a, b) -> b).orElseThrow();
    boolean[] done = new boolean[1];
    for (int attempt = 0; attempt < 10 && !done[0]; attempt++) {
      registers.attempt(
          host,
          new MetadataChange.DropKeyspace("not there", true),
          outcome -> done[0] = outcome == Outcome.OK);
      world.runFor(TimeUnit.SECONDS.toNanos(4));
    }
    return done[0];
  }

  ClusterMetadata metadata() {
    for (SimulatedHost host : cluster.hosts()) {
      if (cluster.serves(host)) {
        return cluster.node(host).coordinator().metadata();
      }
    }
    throw new AssertionError("nobody serves");
  }

  /** The change under way that began first; null when there is none. */
  @Nullable Transition transition() {
    List<Transition> transitions = metadata().transitions();
    return transitions.isEmpty() ? null : transitions.getFirst();
  }

  void await(String what, BooleanSupplier condition) {
    boolean met = world.runUntil(condition, TimeUnit.SECONDS.toNanos(120));
    assertThat(met).as("seed %d: %s; %s", world.seed(), what, transition()).isTrue();
  }

  /** One new row at QUORUM by way of a node; clients of {@link #work} go on to the next. */
  void writeAt(SimulatedHost host) {
    int register = nextRegister++;
    registers.write(
        0,
        host,
        register,
        1,
        ConsistencyLevel.QUORUM,
        operation -> {
          if (operation.outcome() == Outcome.OK) {
            acknowledged.add(register);
          }
        });
  }

  private void write() {
    if (!working) {
      return;
    }
    SimulatedHost host = cluster.hosts().get(world.random().nextInt(cluster.hosts().size()));
    int register = nextRegister++;
    registers.write(
        0,
        host,
        register,
        1,
        ConsistencyLevel.QUORUM,
        operation -> {
          if (operation.outcome() == Outcome.OK) {
            acknowledged.add(register);
          }
          world.after(1 + world.random().nextInt(20_000_000), this::write);
        });
  }

  /** What was acknowledged and is not found at QUORUM by way of any one node. */
  List<Integer> missing() {
    List<SimulatedHost> serving = cluster.hosts().stream().filter(cluster::serves).toList();
    List<Integer> missing = new ArrayList<>();
    for (int register : List.copyOf(acknowledged)) {
      long[] found = {-1};
      registers.read(
          0,
          serving.get(register % serving.size()),
          register,
          ConsistencyLevel.QUORUM,
          operation -> found[0] = operation.outcome() == Outcome.OK ? operation.value() : -2);
      world.runUntil(() -> found[0] != -1, TimeUnit.SECONDS.toNanos(10));
      if (found[0] != 1) {
        missing.add(register);
      }
    }
    return missing;
  }
}
