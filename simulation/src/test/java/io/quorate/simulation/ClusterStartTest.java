package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.raft.Role;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A cluster that does not come up serves nobody. */
class ClusterStartTest {
  @Test
  void threeNodesComeUpAndAgree() {
    SimulatedWorld world = new SimulatedWorld(1);
    SimulatedCluster cluster = new SimulatedCluster(world, 3);
    cluster.startAll();
    assertThat(world.nowNanos()).isLessThan(TimeUnit.SECONDS.toNanos(10));
    world.runFor(TimeUnit.SECONDS.toNanos(2));
    cluster
        .hosts()
        .forEach(
            host -> assertThat(cluster.node(host).coordinator().metadata().nodes()).hasSize(3));
  }

  /** Two could not tell the start of a ring from the loss of a third one's disk. */
  @Test
  void theRingBeginsWhenAllItsFirstVotersAreThere() {
    SimulatedWorld world = new SimulatedWorld(2);
    SimulatedCluster cluster = new SimulatedCluster(world, 3);
    SimulatedHost late = cluster.hosts().get(2);
    cluster.start(cluster.hosts().get(0));
    cluster.start(cluster.hosts().get(1));
    world.runFor(TimeUnit.SECONDS.toNanos(20));
    assertThat(cluster.hosts()).noneMatch(cluster::serves);
    assertThat(problems(cluster)).singleElement().asString().contains("not yet: [10.0.0.3:7000]");
    cluster.start(late);
    assertThat(world.runUntil(() -> allServe(cluster), TimeUnit.SECONDS.toNanos(10))).isTrue();
    assertThat(problems(cluster)).isEmpty();
    late.crash();
    world.runFor(TimeUnit.SECONDS.toNanos(1));
    cluster.hosts().get(0).crash();
    cluster.start(cluster.hosts().get(0));
    assertThat(world.runUntil(() -> leads(cluster), TimeUnit.SECONDS.toNanos(20)))
        .as("two are enough from then on")
        .isTrue();
  }

  /** Whoever has voted must vote on, and whoever has not must get there all the same. */
  @Test
  void aClusterWhosePowerGoesWhileItBeginsComesUp() {
    for (long seed = 1; seed <= 40; seed++) {
      SimulatedWorld world = new SimulatedWorld(seed);
      SimulatedCluster cluster = new SimulatedCluster(world, seed % 2 == 0 ? 3 : 5);
      for (SimulatedHost host : cluster.hosts()) {
        cluster.start(host);
        world.runFor(TimeUnit.MILLISECONDS.toNanos(world.random().nextInt(100)));
      }
      world.runFor(TimeUnit.MILLISECONDS.toNanos(world.random().nextInt(1_500)));
      for (SimulatedHost host : cluster.hosts()) {
        if (world.random().nextInt(3) > 0) {
          host.crash();
        }
      }
      world.runFor(TimeUnit.MILLISECONDS.toNanos(world.random().nextInt(1_000)));
      cluster.hosts().stream().filter(host -> !host.isUp()).forEach(cluster::start);
      assertThat(world.runUntil(() -> allServe(cluster), TimeUnit.SECONDS.toNanos(60)))
          .as("seed %d", seed)
          .isTrue();
    }
  }

  private static List<String> problems(SimulatedCluster cluster) {
    return Objects.requireNonNull(cluster.process(cluster.hosts().getFirst())).problems();
  }

  private static boolean allServe(SimulatedCluster cluster) {
    return cluster.hosts().stream().allMatch(cluster::serves);
  }

  private static boolean leads(SimulatedCluster cluster) {
    return cluster.hosts().stream()
        .filter(cluster::serves)
        .anyMatch(host -> cluster.node(host).metadataRing().role() == Role.LEADER);
  }
}
