package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.coordinator.metadata.Transition.Step;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.simulation.FlawedMessaging.Flaw;
import io.quorate.simulation.History.Outcome;
import io.quorate.simulation.OwnershipRun.Moment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A rack burns down: several nodes are dead at once and for good. If this breaks, none of them can
 * be taken out, because each change waits for the other ones; or rows go with them of which a
 * replica was left.
 */
class DeadNodesTest {
  private static final Replication OVER_RACKS =
      new Replication.NetworkTopology(new TreeMap<>(Map.of("datacenter1", 3)));

  /** Six nodes, of which the first and the fourth stand in one rack. */
  private static OwnershipRun sixInThreeRacks(long seed) {
    return new OwnershipRun(seed, OVER_RACKS, 6, 3, Flaw.NONE);
  }

  private static List<UUID> kill(OwnershipRun run, SimulatedHost... hosts) {
    List<UUID> dead = new ArrayList<>();
    for (SimulatedHost host : hosts) {
      dead.add(run.cluster.node(host).coordinator().localHostId());
      host.crash();
    }
    return dead;
  }

  private static Outcome remove(OwnershipRun run, List<UUID> dead, boolean acceptsLoss) {
    NodeInfo first = Objects.requireNonNull(run.metadata().node(dead.getFirst()));
    List<Outcome> heard = new ArrayList<>();
    SimulatedHost via =
        run.cluster.hosts().stream().filter(run.cluster::serves).findFirst().orElseThrow();
    run.registers.attempt(
        via,
        new MetadataChange.BeginTransition(
            Transition.Kind.REMOVE,
            first,
            null,
            new TreeSet<>(dead.subList(1, dead.size())),
            false,
            acceptsLoss),
        heard::add);
    run.await("an answer", () -> !heard.isEmpty());
    return heard.getFirst();
  }

  /** The leader of the metadata ring may be among the dead. */
  private static void removeAtLast(OwnershipRun run, List<UUID> dead) {
    for (int attempt = 0;
        attempt < 10 && run.transition() == null && !run.metadata().isRemoved(dead.getFirst());
        attempt++) {
      Outcome outcome = remove(run, dead, false);
      assertThat(outcome).isNotEqualTo(Outcome.REFUSED);
      run.world.runFor(TimeUnit.SECONDS.toNanos(1));
    }
    run.await(
        "they are out",
        () -> run.transition() == null && dead.stream().allMatch(run.metadata()::isRemoved));
  }

  @Test
  void twoOfSixThatDieAtOnceAreTakenOutTogether() {
    for (long seed = 1; seed <= 4; seed++) {
      OwnershipRun run = sixInThreeRacks(seed);
      run.work(4);
      run.world.runFor(TimeUnit.SECONDS.toNanos(2));
      List<SimulatedHost> hosts = List.copyOf(run.cluster.hosts());
      List<UUID> dead = kill(run, hosts.get(0), hosts.get(3));
      run.world.runFor(TimeUnit.SECONDS.toNanos(5));
      removeAtLast(run, dead);
      run.cluster.retire(hosts.get(0));
      run.cluster.retire(hosts.get(3));
      run.rest();
      assertThat(run.metadata().nodes()).hasSize(4);
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
      // What is left has all of it twice more: another node may go.
      run.cluster.hosts().getFirst().crash();
      run.world.runFor(TimeUnit.SECONDS.toNanos(10));
      assertThat(run.missing()).as("seed %d, one more is down", seed).isEmpty();
    }
  }

  @Test
  void whereTwoOfThreeReplicasAreDeadItIsRefusedUnlessTheLossIsAccepted() {
    OwnershipRun run = new OwnershipRun(1, 3, 6, Flaw.NONE);
    run.work(2);
    run.world.runFor(TimeUnit.SECONDS.toNanos(2));
    List<SimulatedHost> hosts = List.copyOf(run.cluster.hosts());
    List<UUID> dead = kill(run, hosts.get(4), hosts.get(5));
    run.world.runFor(TimeUnit.SECONDS.toNanos(10));
    assertThat(remove(run, dead, false)).isEqualTo(Outcome.REFUSED);
    assertThat(remove(run, dead, true)).isEqualTo(Outcome.OK);
    run.await("they are out", () -> dead.stream().allMatch(run.metadata()::isRemoved));
    run.cluster.retire(hosts.get(4));
    run.cluster.retire(hosts.get(5));
    run.rest();
    int before = run.acknowledged.size();
    for (int i = 0; i < 40; i++) {
      run.writeAt(run.cluster.hosts().get(i % 4));
    }
    run.world.runFor(TimeUnit.SECONDS.toNanos(3));
    assertThat(run.acknowledged).as("every range is written again").hasSize(before + 40);
  }

  /** That the refusal above is for a reason. */
  @Test
  void whatOnlyTheDeadHadIsMissingWhenTheLossIsAccepted() {
    OwnershipRun run = new OwnershipRun(1, 3, 6, Flaw.NONE);
    List<SimulatedHost> hosts = List.copyOf(run.cluster.hosts());
    for (SimulatedHost host : hosts.subList(0, 4)) {
      run.world.links().cut(host.name(), hosts.get(4).name());
      run.world.links().cut(host.name(), hosts.get(5).name());
    }
    for (int i = 0; i < 100; i++) {
      run.writeAt(hosts.get(4));
    }
    run.world.runFor(TimeUnit.SECONDS.toNanos(1));
    List<UUID> dead = kill(run, hosts.get(4), hosts.get(5));
    run.world.runFor(TimeUnit.SECONDS.toNanos(10));
    assertThat(remove(run, dead, true)).isEqualTo(Outcome.OK);
    run.await("they are out", () -> dead.stream().allMatch(run.metadata()::isRemoved));
    run.cluster.retire(hosts.get(4));
    run.cluster.retire(hosts.get(5));
    assertThat(run.missing()).isNotEmpty();
  }

  @Test
  void theLeaderMayLoseItsPowerAtEachStepOfTheRemoval() {
    long seed = 11;
    for (Moment moment : Moment.values()) {
      OwnershipRun run = sixInThreeRacks(seed++);
      run.work(2);
      run.world.runFor(TimeUnit.SECONDS.toNanos(1));
      List<SimulatedHost> hosts = List.copyOf(run.cluster.hosts());
      List<UUID> dead = kill(run, hosts.get(2), hosts.get(5));
      run.world.runFor(TimeUnit.SECONDS.toNanos(10));
      assertThat(remove(run, dead, false)).isEqualTo(Outcome.OK);
      run.await(moment);
      SimulatedHost leader = run.leader();
      leader.crash();
      run.world.runFor(TimeUnit.SECONDS.toNanos(1));
      run.cluster.start(leader);
      run.await(
          "they are out",
          () -> run.transition() == null && dead.stream().allMatch(run.metadata()::isRemoved));
      run.cluster.retire(hosts.get(2));
      run.cluster.retire(hosts.get(5));
      run.rest();
      assertThat(run.missing()).as("at %s", moment).isEmpty();
    }
  }

  /**
   * Who dies takes part in the change that is under way, which therefore waits for ever. Before
   * anybody reads from the new owners it is taken back, and all that are dead go together;
   * afterwards it goes on without them.
   */
  private static void wayOut(OwnershipRun run, List<UUID> alreadyDead, List<UUID> dead) {
    run.world.runFor(TimeUnit.SECONDS.toNanos(15));
    Transition stuck = run.transition();
    assertThat(stuck).as("it waits for the dead").isNotNull();
    if (stuck.step() == Step.WRITE_BOTH) {
      run.registers.change(new MetadataChange.CancelTransition(stuck.number()));
      run.await("it is cancelled", () -> run.transition() == null);
      List<UUID> all = new ArrayList<>(dead);
      all.addAll(alreadyDead);
      removeAtLast(run, all);
    } else {
      for (UUID one : dead) {
        run.registers.change(new MetadataChange.AcknowledgeStep(stuck.number(), stuck.step(), one));
      }
      run.await("it goes on", () -> run.transition() == null);
      removeAtLast(run, dead);
    }
  }

  @Test
  void nodesThatDieWhileAnotherJoinsAreTakenOut() {
    for (Moment moment : Moment.values()) {
      OwnershipRun run = sixInThreeRacks(21);
      run.work(2);
      run.world.runFor(TimeUnit.SECONDS.toNanos(1));
      List<SimulatedHost> hosts = List.copyOf(run.cluster.hosts());
      SimulatedHost young = run.cluster.addHost();
      run.cluster.place(young, "rack1");
      run.cluster.mayFail(young);
      run.cluster.start(young);
      run.await(moment);
      wayOut(run, List.of(), kill(run, hosts.get(1), hosts.get(4)));
      run.cluster.retire(hosts.get(1));
      run.cluster.retire(hosts.get(4));
      run.world.runFor(TimeUnit.SECONDS.toNanos(1));
      if (!young.isUp()) {
        assertThat(run.cluster.failure(young)).contains("cancelled");
        run.cluster.start(young);
      }
      run.await("it has joined", () -> run.cluster.serves(young) && run.transition() == null);
      run.rest();
      assertThat(run.metadata().nodes()).hasSize(5);
      assertThat(run.missing()).as("at %s", moment).isEmpty();
    }
  }

  @Test
  void aNodeThatDiesWhileAnotherIsTakenOutGoesWithItOrAfterIt() {
    for (Moment moment : Moment.values()) {
      OwnershipRun run = sixInThreeRacks(32);
      run.work(2);
      run.world.runFor(TimeUnit.SECONDS.toNanos(1));
      List<SimulatedHost> hosts = List.copyOf(run.cluster.hosts());
      List<UUID> first = kill(run, hosts.get(2));
      run.world.runFor(TimeUnit.SECONDS.toNanos(10));
      assertThat(remove(run, first, false)).isEqualTo(Outcome.OK);
      run.await(moment);
      wayOut(run, first, kill(run, hosts.get(5)));
      run.cluster.retire(hosts.get(2));
      run.cluster.retire(hosts.get(5));
      run.rest();
      assertThat(run.metadata().nodes()).hasSize(4);
      assertThat(run.missing()).as("at %s", moment).isEmpty();
    }
  }
}
