package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TokenAllocation;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.raft.PeerId;
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
import org.junit.jupiter.api.Test;

/**
 * Rows change hands when nodes come and go: one that was acknowledged and is not found afterwards
 * is what users of rings have feared most.
 */
class OwnershipTest {
  private static final int SEEDS = Integer.getInteger("quorate.simulation.seeds", 25) / 5;

  @Test
  void nothingAcknowledgedIsLostWhenANodeJoinsAndLeavesAgain() {
    for (int factor : List.of(1, 3)) {
      int acknowledged = 0;
      for (int seed = 1; seed <= SEEDS; seed++) {
        Run run = new Run(seed, factor);
        SimulatedHost joined = run.join(false);
        assertThat(run.missing()).as("joined, factor %d, seed %d", factor, seed).isEmpty();
        run.leave(joined);
        assertThat(run.missing()).as("left, factor %d, seed %d", factor, seed).isEmpty();
        acknowledged += run.acknowledged.size();
      }
      assertThat(acknowledged).as("the runs did something").isGreaterThan(SEEDS * 300);
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenANodeIsKilledWhileAnotherJoins() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, 3);
      run.join(true);
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenADeadNodeIsRemoved() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, 3);
      SimulatedHost dead = run.join(false);
      run.remove(dead);
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenADeadNodeIsReplaced() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, 3);
      SimulatedHost dead = run.join(false);
      run.replace(dead, 4);
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
    }
  }

  /** If this breaks, a dead node that voted is nobody's place, or its vote is nobody's. */
  @Test
  void aVoterCanBeReplacedAndTheNewNodeVotes() {
    for (int seed = 1; seed <= SEEDS / 2; seed++) {
      Run run = new Run(seed, 3);
      SimulatedHost dead = run.cluster.hosts().get(run.world.random().nextInt(3));
      SimulatedHost young = run.replace(dead, 3);
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
      run.await(
          "it votes",
          () ->
              run.cluster
                  .node(young)
                  .metadataRing()
                  .voters()
                  .contains(new PeerId(young.name() + ":7000")));
      run.cluster.hosts().stream().filter(run.cluster::serves).findFirst().orElseThrow().crash();
      assertThat(run.canChangeMetadata()).as("seed %d", seed).isTrue();
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenANodeMoves() {
    for (int factor : List.of(1, 3)) {
      for (int seed = 1; seed <= SEEDS / 2; seed++) {
        Run run = new Run(seed, factor);
        SimulatedHost joined = run.join(false);
        run.move(joined, "rack1", 16);
        assertThat(run.missing()).as("heavier, factor %d, seed %d", factor, seed).isEmpty();
        run.move(joined, "rack2", 4);
        assertThat(run.missing()).as("lighter, factor %d, seed %d", factor, seed).isEmpty();
      }
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenJoiningIsCancelled() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, 3);
      run.cancelJoin();
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
    }
  }

  @Test
  void twoNodesThatComeAtOnceJoinOneAfterTheOther() {
    Run run = new Run(1, 3);
    run.joinTwo();
    assertThat(run.missing()).isEmpty();
  }

  @Test
  void theMetadataRingOutlivesTheVotersThatLeft() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, 3);
      run.join(false);
      SimulatedHost voter = run.cluster.hosts().get(run.world.random().nextInt(3));
      run.leave(voter);
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
      // Of the three that voted first one is left: it could change nothing with the other two.
      voter.crash();
      run.cluster.hosts().stream().filter(run.cluster::serves).findFirst().orElseThrow().crash();
      assertThat(run.canChangeMetadata()).as("seed %d", seed).isTrue();
    }
  }

  /** A node that says that it has everything, and has nothing: the check above can fail. */
  @Test
  void theCheckCatchesANodeThatFetchesNothing() {
    boolean caught = false;
    // Where it is too late to lie, the node has fetched everything.
    for (int seed = 1; seed <= 20 && !caught; seed++) {
      Run run = new Run(seed, 1);
      run.liesAboutFetching = true;
      run.join(false);
      caught = !run.missing().isEmpty();
    }
    assertThat(caught).isTrue();
  }

  /** Writes of new rows at QUORUM by way of any node, while ownership changes. */
  private static final class Run {
    private final SimulatedWorld world;
    private final SimulatedCluster cluster;
    private final Registers registers;
    private final Set<Integer> acknowledged = new TreeSet<>();
    private int nextRegister;
    private boolean working;
    private boolean liesAboutFetching;

    Run(long seed, int factor) {
      world = new SimulatedWorld(seed);
      cluster = new SimulatedCluster(world, 3);
      registers = new Registers(cluster, new History());
      cluster.startAll();
      registers.create(factor);
    }

    private void work() {
      working = true;
      for (int i = 0; i < 8; i++) {
        write();
      }
    }

    private void rest() {
      working = false;
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

    void move(SimulatedHost host, String rack, int tokens) {
      work();
      UUID moving = cluster.node(host).coordinator().localHostId();
      NodeInfo node = Objects.requireNonNull(metadata().node(moving));
      NodeInfo moved = node.movedTo(rack, TokenAllocation.weigh(metadata().nodes(), node, tokens));
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

    /** Kills a node and waits until the others know. */
    private UUID kill(SimulatedHost host) {
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

    private ClusterMetadata metadata() {
      for (SimulatedHost host : cluster.hosts()) {
        if (cluster.serves(host)) {
          return cluster.node(host).coordinator().metadata();
        }
      }
      throw new AssertionError("nobody serves");
    }

    private @Nullable Transition transition() {
      return metadata().transition();
    }

    private void await(String what, BooleanSupplier condition) {
      boolean met = world.runUntil(condition, TimeUnit.SECONDS.toNanos(120));
      assertThat(met).as("seed %d: %s; %s", world.seed(), what, transition()).isTrue();
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
      for (int register : acknowledged) {
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
}
