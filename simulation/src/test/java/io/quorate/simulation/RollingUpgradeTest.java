package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/**
 * A cluster is upgraded node by node. If this breaks, a node of the old build is sent what it
 * cannot read while others run the new one already, or one is taken in that cannot read what is
 * there.
 */
class RollingUpgradeTest {
  private static final SortedSet<String> OLD = new TreeSet<>(List.of(Feature.METADATA_RINGS));

  private final SimulatedWorld world = new SimulatedWorld(11);
  private final SimulatedCluster cluster = new SimulatedCluster(world, 3);
  private final Registers registers = new Registers(cluster, new History());

  private void await(String what, BooleanSupplier condition) {
    assertThat(world.runUntil(condition, TimeUnit.SECONDS.toNanos(120))).as(what).isTrue();
  }

  private ClusterMetadata metadata(SimulatedHost host) {
    return cluster.node(host).coordinator().metadata();
  }

  private Outcome write(SimulatedHost at, int register) {
    List<Outcome> heard = new ArrayList<>();
    registers.write(
        0, at, register, 1, ConsistencyLevel.QUORUM, operation -> heard.add(operation.outcome()));
    await("an answer", () -> !heard.isEmpty());
    return heard.getFirst();
  }

  @Test
  void aFeatureIsSwitchedOnWhenTheLastNodeIsUpgraded() {
    cluster.hosts().forEach(host -> cluster.makeBuild(host, OLD));
    cluster.startAll();
    registers.create(3);
    SimulatedHost witness = cluster.addHost();
    cluster.makeWitness(witness);
    int register = 0;
    for (SimulatedHost host : cluster.hosts().subList(0, 3)) {
      world.runFor(TimeUnit.SECONDS.toNanos(10));
      assertThat(metadata(cluster.hosts().getFirst()).features())
          .as("as long as one is old")
          .isEqualTo(OLD);
      host.crash();
      cluster.makeBuild(host, Feature.KNOWN);
      cluster.start(host);
      await("it is back", () -> cluster.serves(host));
      if (!cluster.hosts().get(3).isUp()) {
        cluster.start(witness); // what only the new build knows waits until all know it
      }
      assertThat(cluster.serves(witness)).isFalse();
      world.runFor(TimeUnit.SECONDS.toNanos(5));
      assertThat(write(host, register++)).isEqualTo(Outcome.OK);
    }
    await(
        "all know it", () -> metadata(cluster.hosts().getFirst()).features().equals(Feature.KNOWN));
    await("the witness may join now", () -> cluster.serves(witness));
  }

  @Test
  void aNodeOfAnOlderBuildIsRefused() {
    cluster.startAll();
    registers.create(3);
    await(
        "the features are on",
        () -> metadata(cluster.hosts().getFirst()).features().equals(Feature.KNOWN));
    SimulatedHost late = cluster.addHost();
    cluster.makeBuild(late, OLD);
    cluster.mayFail(late);
    cluster.start(late);
    world.runFor(TimeUnit.SECONDS.toNanos(20));
    assertThat(cluster.serves(late)).isFalse();
    assertThat(metadata(cluster.hosts().getFirst()).members()).hasSize(3);

    // Nor does a node go back to the build that it had before.
    SimulatedHost back = cluster.hosts().get(2);
    back.crash();
    cluster.makeBuild(back, OLD);
    cluster.mayFail(back);
    cluster.start(back);
    world.runFor(TimeUnit.SECONDS.toNanos(20));
    assertThat(cluster.serves(back)).isFalse();
    assertThat(write(cluster.hosts().getFirst(), 1)).isEqualTo(Outcome.OK);
  }
}
