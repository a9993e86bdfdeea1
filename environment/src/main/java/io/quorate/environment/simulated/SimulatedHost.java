package io.quorate.environment.simulated;

import io.quorate.environment.Background;
import io.quorate.environment.Clock;
import io.quorate.environment.Environment;
import io.quorate.environment.Shards;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A machine. {@link #boot} gives a process on it an environment; {@link #crash} takes the power
 * away: the process is gone with all its pending work, and its disk keeps what a disk would keep.
 */
public final class SimulatedHost {
  private static final long DISK_MIN_NANOS = 30_000;
  private static final int DISK_SPREAD_NANOS = 200_000;

  private final SimulatedWorld world;
  private final String name;
  private final int shardCount;
  private final SimulatedFileSystem disk;

  private int incarnation;
  private boolean up;
  private long pausedUntilNanos;
  private long clockOffsetMicros;
  private int diskSlowdown = 1;
  private int labels;
  private @Nullable SimulatedMessaging messaging;
  private @Nullable Consumer<Throwable> onTaskFailure;

  SimulatedHost(SimulatedWorld world, String name, int shardCount) {
    this.world = world;
    this.name = name;
    this.shardCount = shardCount;
    this.disk = new SimulatedFileSystem(world.random(), name);
    disk.onPowerLoss(this::powerLost);
  }

  public String name() {
    return name;
  }

  public SimulatedWorld world() {
    return world;
  }

  public SimulatedFileSystem disk() {
    return disk;
  }

  public boolean isUp() {
    return up;
  }

  int incarnation() {
    return incarnation;
  }

  @Nullable SimulatedMessaging messaging() {
    return up ? messaging : null;
  }

  /** Starts a process on this machine, which must be down. */
  public Environment boot() {
    if (up) {
      throw new IllegalStateException(name + " is up");
    }
    up = true;
    incarnation++;
    pausedUntilNanos = 0;
    labels = name.hashCode() * 31;
    List<SimulatedShard> shards = new ArrayList<>();
    for (int i = 0; i < shardCount; i++) {
      shards.add(new SimulatedShard(this, labels++, i));
    }
    Shards all = new Shards(shards);
    SimulatedMessaging newMessaging = new SimulatedMessaging(this, all);
    messaging = newMessaging;
    return new Environment(
        new HostClock(),
        all,
        new HostBackground(),
        newMessaging,
        new SimulatedNetwork(this, all),
        disk,
        world.random());
  }

  /** Power loss, now. The disk loses what was not synced. Nothing happens when the host is down. */
  public void crash() {
    if (up) {
      powerLost();
      disk.losePower();
    }
  }

  /** The process ends but the machine stays up: what was written stays, synced or not. */
  public void kill() {
    if (up) {
      powerLost();
      disk.releaseLocks();
    }
  }

  private void powerLost() {
    up = false;
    messaging = null;
    world.listening().values().removeIf(listening -> listening.host() == this);
  }

  /** Stops every thread of the host for a while, as a long garbage collection does. */
  public void pause(long durationNanos) {
    pausedUntilNanos = Math.max(pausedUntilNanos, world.nowNanos() + durationNanos);
  }

  /** Moves the wall clock; the monotonic clock stays. */
  public void jumpClock(long micros) {
    clockOffsetMicros += micros;
  }

  /** Makes each disk task take {@code factor} times as long. */
  public void slowDisk(int factor) {
    diskSlowdown = factor;
  }

  /** Takes what tasks throw; without it a thrown exception fails the simulation. */
  public void onTaskFailure(Consumer<Throwable> handler) {
    onTaskFailure = handler;
  }

  void taskFailed(Throwable failure) {
    if (onTaskFailure != null) {
      onTaskFailure.accept(failure);
    } else {
      world.failed(failure);
    }
  }

  long pausedForNanos() {
    return Math.max(0, pausedUntilNanos - world.nowNanos());
  }

  long diskDelayNanos() {
    return (DISK_MIN_NANOS + world.random().nextInt(DISK_SPREAD_NANOS)) * diskSlowdown;
  }

  private final class HostClock implements Clock {
    @Override
    public long nanos() {
      return world.nowNanos();
    }

    @Override
    public long wallMicros() {
      return SimulatedWorld.EPOCH_MICROS + world.nowNanos() / 1_000 + clockOffsetMicros;
    }
  }

  private final class HostBackground implements Background {
    @Override
    public Executor serial(String threadName) {
      return new SimulatedExecutor(SimulatedHost.this, labels++, true);
    }

    @Override
    public Executor pool() {
      // A thread for each task: tasks of a pool overtake each other.
      return task -> serial("pool").execute(task);
    }
  }
}
