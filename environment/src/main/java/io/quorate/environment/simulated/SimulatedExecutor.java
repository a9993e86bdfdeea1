package io.quorate.environment.simulated;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;

/**
 * One thread of a host: tasks in submission order, each an event of the world. Dies with the
 * incarnation of the host that it belongs to.
 */
class SimulatedExecutor implements Executor {
  /** How long a task waits for its thread, at most, when nothing else runs on it. */
  private static final int DISPATCH_NANOS = 20_000;

  final SimulatedHost host;
  private final int incarnation;
  private final int label;
  private final boolean touchesDisk;
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private boolean scheduled;

  SimulatedExecutor(SimulatedHost host, int label, boolean touchesDisk) {
    this.host = host;
    this.incarnation = host.incarnation();
    this.label = label;
    this.touchesDisk = touchesDisk;
  }

  @Override
  public void execute(Runnable task) {
    if (!alive()) {
      return;
    }
    tasks.add(task);
    if (!scheduled) {
      schedule();
    }
  }

  boolean alive() {
    return host.isUp() && host.incarnation() == incarnation;
  }

  private void schedule() {
    scheduled = true;
    long delay = host.world().random().nextInt(DISPATCH_NANOS);
    if (touchesDisk) {
      delay += host.diskDelayNanos();
    }
    host.world().after(Math.max(delay, host.pausedForNanos()), label, this::runNext);
  }

  private void runNext() {
    if (!alive()) {
      tasks.clear();
      return;
    }
    long paused = host.pausedForNanos();
    if (paused > 0) {
      host.world().after(paused, label, this::runNext);
      return;
    }
    Runnable task = tasks.remove();
    SimulatedWorld world = host.world();
    world.current = this;
    world.acted = host;
    try {
      task.run();
    } catch (PowerLoss e) {
      throw e;
    } catch (Throwable e) {
      host.taskFailed(e);
    } finally {
      world.current = null;
      scheduled = false;
      if (!tasks.isEmpty() && alive()) {
        schedule();
      }
    }
  }
}
