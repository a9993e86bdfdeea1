package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.simulation.FlawedMessaging.Flaw;
import io.quorate.simulation.History.Outcome;
import io.quorate.simulation.OwnershipRun.Moment;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Changes of ownership in two data centres go on at once, and each comes to its end, whatever
 * becomes of the other. The registers are in the first data centre, three replicas a row; another
 * keyspace is in the second.
 */
class ChangesTogetherTest {
  private static Replication in(String datacenter) {
    return new Replication.NetworkTopology(new TreeMap<>(Map.of(datacenter, 3)));
  }

  /** Three nodes here, four there. */
  private static OwnershipRun twoDatacenters(long seed) {
    OwnershipRun run = new OwnershipRun(seed, in("datacenter1"), 3, 1, Flaw.NONE);
    for (int i = 0; i < 4; i++) {
      there(run);
    }
    run.await(
        "all are there",
        () ->
            run.transition() == null && run.cluster.hosts().stream().allMatch(run.cluster::serves));
    run.registers.change(
        new MetadataChange.CreateKeyspace(
            new KeyspaceMetadata("there", in("datacenter2"), true), false));
    return run;
  }

  private static SimulatedHost there(OwnershipRun run) {
    SimulatedHost host = run.cluster.addHost();
    run.cluster.placeInDatacenter(host, "datacenter2");
    run.cluster.start(host);
    return host;
  }

  private static SimulatedHost here(OwnershipRun run) {
    SimulatedHost host = run.cluster.addHost();
    run.cluster.mayFail(host);
    run.cluster.start(host);
    return host;
  }

  private static UUID begin(OwnershipRun run, Transition.Kind kind, SimulatedHost host) {
    UUID id = run.cluster.node(host).coordinator().localHostId();
    NodeInfo node = Objects.requireNonNull(run.metadata().node(id));
    run.registers.attempt(
        run.cluster.hosts().getFirst(),
        new MetadataChange.BeginTransition(kind, node, null, false),
        outcome -> assertThat(outcome).isNotEqualTo(Outcome.REFUSED));
    return id;
  }

  private static void awaitBoth(OwnershipRun run) {
    run.await("both go on", () -> run.metadata().transitions().size() == 2);
  }

  private static void awaitEnd(OwnershipRun run) {
    run.await("all have ended", () -> run.transition() == null);
  }

  @Test
  void twoNodesJoinAtOnceInTwoDatacentersAndWhatWasAcknowledgedIsThere() {
    for (long seed = 1; seed <= 3; seed++) {
      OwnershipRun run = twoDatacenters(seed);
      run.work(2);
      SimulatedHost here = here(run);
      SimulatedHost there = there(run);
      awaitBoth(run);
      run.await(
          "both have joined",
          () -> run.cluster.serves(here) && run.cluster.serves(there) && run.transition() == null);
      run.rest();
      assertThat(run.metadata().nodes()).hasSize(9);
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
    }
  }

  /** A node that is down holds both where they are, until one is taken back. */
  @Test
  void oneIsCancelledWhileTheOtherGoesOn() {
    for (long seed = 11; seed <= 12; seed++) {
      OwnershipRun run = twoDatacenters(seed);
      run.work(2);
      SimulatedHost leaving = run.cluster.hosts().getLast();
      run.cluster.mayFail(leaving);
      SimulatedHost young = here(run);
      run.await("it is announced", () -> run.transition() != null);
      SimulatedHost down = run.cluster.hosts().get(1);
      down.crash();
      UUID gone = begin(run, Transition.Kind.LEAVE, leaving);
      awaitBoth(run);
      Transition join = Objects.requireNonNull(run.transition());
      assertThat(join.kind()).isEqualTo(Transition.Kind.JOIN);
      run.registers.change(new MetadataChange.CancelTransition(join.number()));
      run.cluster.start(down);
      run.await("the other has ended", () -> run.metadata().isRemoved(gone));
      awaitEnd(run);
      run.rest();
      run.cluster.retire(leaving);
      assertThat(run.cluster.serves(young)).isFalse();
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
    }
  }

  @Test
  void whoTakesPartInBothMayDieAtAnyStepAndBothEnd() {
    long seed = 21;
    for (Moment moment : Moment.values()) {
      OwnershipRun run = twoDatacenters(seed++);
      run.work(2);
      SimulatedHost leaving = run.cluster.hosts().getLast();
      run.cluster.mayFail(leaving);
      SimulatedHost young = here(run);
      run.await("it is announced", () -> run.transition() != null);
      UUID gone = begin(run, Transition.Kind.LEAVE, leaving);
      awaitBoth(run);
      run.await(
          "one of them is " + moment,
          () -> run.metadata().transitions().stream().anyMatch(moment::is));
      for (SimulatedHost victim : new LinkedHashSet<>(List.of(run.leader(), leaving, young))) {
        victim.crash();
      }
      run.world.runFor(TimeUnit.SECONDS.toNanos(2));
      for (SimulatedHost victim : run.cluster.hosts()) {
        if (!victim.isUp()) {
          run.cluster.start(victim);
        }
      }
      run.await("one has joined", () -> run.cluster.serves(young));
      run.await("one has left", () -> run.metadata().isRemoved(gone));
      awaitEnd(run);
      run.rest();
      run.cluster.retire(leaving);
      assertThat(run.missing()).as("%s", moment).isEmpty();
    }
  }

  /** The other change waits for it, until it is out. */
  @Test
  void aNodeThatDiesForGoodInOneDatacenterIsTakenOutWhileAnotherJoinsInTheOther() {
    OwnershipRun run = twoDatacenters(31);
    run.work(2);
    SimulatedHost dead = run.cluster.hosts().getLast();
    run.cluster.mayFail(dead);
    SimulatedHost young = here(run);
    run.await("it is announced", () -> run.transition() != null);
    UUID id = run.cluster.node(dead).coordinator().localHostId();
    NodeInfo node = Objects.requireNonNull(run.metadata().node(id));
    dead.crash();
    run.registers.attempt(
        run.cluster.hosts().getFirst(),
        new MetadataChange.BeginTransition(Transition.Kind.REMOVE, node, null, false),
        outcome -> assertThat(outcome).isNotEqualTo(Outcome.REFUSED));
    run.await("it is out", () -> run.metadata().isRemoved(id));
    run.await("one has joined", () -> run.cluster.serves(young));
    awaitEnd(run);
    run.rest();
    run.cluster.retire(dead);
    assertThat(run.missing()).isEmpty();
  }

  /** With one replica a row and one token a node, two that are no neighbours have nothing to do. */
  @Test
  void nodesThatAreNoNeighboursLeaveAtOnce() {
    OwnershipRun run = new OwnershipRun(41, in("datacenter2"), 3, 1, Flaw.NONE);
    run.cluster.choosesTokens(1);
    for (int i = 0; i < 6; i++) {
      there(run);
    }
    run.await(
        "all are there",
        () ->
            run.transition() == null && run.cluster.hosts().stream().allMatch(run.cluster::serves));
    run.registers.change(new MetadataChange.DropKeyspace(Registers.KEYSPACE, false));
    run.registers.create(new Replication.NetworkTopology(new TreeMap<>(Map.of("datacenter2", 1))));
    run.work(2);
    ClusterMetadata metadata = run.metadata();
    List<SimulatedHost> inOrder =
        run.cluster.hosts().stream()
            .filter(host -> node(run, metadata, host).datacenter().equals("datacenter2"))
            .sorted((one, other) ->
                Long.compare(
                    node(run, metadata, one).tokens().getFirst(),
                    node(run, metadata, other).tokens().getFirst()))
            .toList();
    List<SimulatedHost> leaving = List.of(inOrder.get(0), inOrder.get(3));
    leaving.forEach(run.cluster::mayFail);
    List<UUID> gone =
        leaving.stream().map(host -> begin(run, Transition.Kind.LEAVE, host)).toList();
    awaitBoth(run);
    run.await("both are out", () -> gone.stream().allMatch(run.metadata()::isRemoved));
    awaitEnd(run);
    run.rest();
    leaving.forEach(run.cluster::retire);
    assertThat(run.missing()).isEmpty();
  }

  private static NodeInfo node(OwnershipRun run, ClusterMetadata metadata, SimulatedHost host) {
    UUID id = run.cluster.node(host).coordinator().localHostId();
    return Objects.requireNonNull(metadata.node(id));
  }
}
