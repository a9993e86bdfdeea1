package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.simulated.SimulatedWorld;
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
}
