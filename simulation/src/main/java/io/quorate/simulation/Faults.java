package io.quorate.simulation;

import io.quorate.environment.Randomness;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * What goes wrong in a run, drawn from its seed: cuts of one node from the others, one way or both,
 * crashes with loss of what was not synced, power that goes in the middle of a disk operation, and
 * pauses. Not more than a minority is down at once; every fault is healed again.
 */
final class Faults {
  private final SimulatedCluster cluster;
  private final SimulatedWorld world;
  private final Randomness random;
  private final Predicate<SimulatedHost> comesBack;
  private final Story story;
  private final int spreadMillis;
  private int down;
  private long crashes;
  private long cuts;
  private boolean ended;

  /**
   * @param spreadMillis from one fault to the next it takes 200 ms and at most so much more
   * @param comesBack whether a host that is down is started again
   */
  Faults(
      SimulatedCluster cluster, int spreadMillis, Predicate<SimulatedHost> comesBack, Story story) {
    this.spreadMillis = spreadMillis;
    this.cluster = cluster;
    this.comesBack = comesBack;
    this.story = story;
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
        TimeUnit.MILLISECONDS.toNanos(200 + random.nextInt(spreadMillis)),
        () -> {
          if (!ended) {
            one();
            next();
          }
        });
  }

  private void one() {
    SimulatedHost victim = cluster.hosts().get(random.nextInt(cluster.hosts().size()));
    switch (random.nextInt(16)) {
      case 0, 1 -> cut(victim, true);
      case 2, 3 -> cut(victim, false);
      case 4 -> split();
      case 5, 6, 7 -> heal();
      case 8, 9, 10 -> crash(victim);
      case 11 -> blackout();
      case 12 -> slowDisk(victim);
      case 13 -> jumpClock(victim);
      default -> pause(victim);
    }
  }

  private void heal() {
    story.tell("the network heals");
    world.links().heal();
  }

  private void pause(SimulatedHost victim) {
    int millis = random.nextInt(2_000);
    story.tell(victim.name() + " is paused for " + millis + " ms");
    victim.pause(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  private void slowDisk(SimulatedHost victim) {
    int factor = 2 + random.nextInt(200);
    story.tell("the disk of " + victim.name() + " is " + factor + " times as slow");
    victim.slowDisk(factor);
    world.after(
        TimeUnit.MILLISECONDS.toNanos(500 + random.nextInt(2_500)), () -> victim.slowDisk(1));
  }

  private void jumpClock(SimulatedHost victim) {
    int millis = random.nextInt(20_000) - 10_000;
    story.tell("the clock of " + victim.name() + " jumps by " + millis + " ms");
    victim.jumpClock(TimeUnit.MILLISECONDS.toMicros(millis));
  }

  /** Cuts between two groups, both ways or one. */
  private void split() {
    cuts++;
    List<String> left = new ArrayList<>();
    List<String> right = new ArrayList<>();
    for (SimulatedHost host : cluster.hosts()) {
      (random.nextInt(2) == 0 ? left : right).add(host.name());
    }
    boolean bothWays = random.nextInt(2) == 0;
    story.tell(left + " are cut from " + right + (bothWays ? "" : ", one way"));
    for (String from : left) {
      for (String to : right) {
        world.links().cutOneWay(from, to);
        if (bothWays) {
          world.links().cutOneWay(to, from);
        }
      }
    }
  }

  /** The power of all goes at once. */
  private void blackout() {
    story.tell("the power of all goes");
    for (SimulatedHost host : cluster.hosts()) {
      host.crash();
    }
    crashes++;
    for (SimulatedHost host : cluster.hosts()) {
      backLater(host);
    }
  }

  private void cut(SimulatedHost victim, boolean bothWays) {
    cuts++;
    story.tell(victim.name() + (bothWays ? " is cut off" : " is cut off, what it sends"));
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
      story.tell("the power of " + victim.name() + " goes");
      victim.crash();
    } else {
      int operations = 1 + random.nextInt(20);
      story.tell("the power of " + victim.name() + " goes in " + operations + " disk operations");
      victim.disk().losePowerAt(operations);
    }
    world.after(
        backAfterNanos(),
        () -> {
          down--;
          back(victim);
        });
  }

  private long backAfterNanos() {
    return TimeUnit.MILLISECONDS.toNanos(500 + random.nextInt(3_000));
  }

  private void backLater(SimulatedHost host) {
    world.after(backAfterNanos(), () -> back(host));
  }

  private void back(SimulatedHost host) {
    host.disk().cancelPowerLoss();
    if (!host.isUp() && comesBack.test(host)) {
      story.tell(host.name() + " starts again");
      cluster.start(host);
    }
  }

  /** No more faults; what is cut is healed, what is down comes back. */
  void end() {
    ended = true;
    world.links().heal();
    world.links().unreliable(0, 0, 0);
  }
}
