package io.quorate.simulation;

import io.quorate.environment.Randomness;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What goes wrong in a run, drawn from its seed: cuts of one node from the others, one way or both,
 * crashes with loss of what was not synced, power that goes in the middle of a disk operation, and
 * pauses. Not more than a minority is down at once; every fault is healed again.
 */
final class Faults {
  private final SimulatedCluster cluster;
  private final SimulatedWorld world;
  private final Randomness random;
  private int down;
  private long crashes;
  private long cuts;
  private boolean ended;

  Faults(SimulatedCluster cluster) {
    this.cluster = cluster;
    this.world = cluster.world();
    this.random = world.random();
  }

  long crashes() {
    return crashes;
  }

  long cuts() {
    return cuts;
  }

  /** Goes on until {@link #end}. */
  void begin() {
    next();
  }

  private void next() {
    world.after(
        TimeUnit.MILLISECONDS.toNanos(200 + random.nextInt(1_500)),
        () -> {
          if (!ended) {
            one();
            next();
          }
        });
  }

  private void one() {
    SimulatedHost victim = cluster.hosts().get(random.nextInt(cluster.hosts().size()));
    switch (random.nextInt(5)) {
      case 0 -> cut(victim, true);
      case 1 -> cut(victim, false);
      case 2 -> world.links().heal();
      case 3 -> crash(victim);
      default -> victim.pause(TimeUnit.MILLISECONDS.toNanos(random.nextInt(2_000)));
    }
  }

  private void cut(SimulatedHost victim, boolean bothWays) {
    cuts++;
    List<String> others = new ArrayList<>();
    for (SimulatedHost host : cluster.hosts()) {
      if (!host.name().equals(victim.name())) {
        others.add(host.name());
      }
    }
    for (String other : others) {
      world.links().cutOneWay(victim.name(), other);
      if (bothWays) {
        world.links().cutOneWay(other, victim.name());
      }
    }
  }

  private void crash(SimulatedHost victim) {
    int minority = (cluster.hosts().size() - 1) / 2;
    if (!victim.isUp() || down >= minority) {
      return;
    }
    crashes++;
    down++;
    if (random.nextInt(2) == 0) {
      victim.crash();
    } else {
      victim.disk().losePowerAt(1 + random.nextInt(20));
    }
    world.after(
        TimeUnit.MILLISECONDS.toNanos(500 + random.nextInt(3_000)),
        () -> {
          victim.disk().cancelPowerLoss();
          down--;
          if (!victim.isUp()) {
            cluster.start(victim);
          }
        });
  }

  /** No more faults; what is cut is healed, what is down comes back. */
  void end() {
    ended = true;
    world.links().heal();
    world.links().unreliable(0, 0, 0);
  }
}
