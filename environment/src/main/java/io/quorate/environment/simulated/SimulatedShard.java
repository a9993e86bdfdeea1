package io.quorate.environment.simulated;

import io.quorate.environment.Shard;
import io.quorate.environment.Timer;

/** An event loop of a simulated host. */
final class SimulatedShard extends SimulatedExecutor implements Shard {
  private final int index;

  SimulatedShard(SimulatedHost host, int label, int index) {
    super(host, label, false);
    this.index = index;
  }

  @Override
  public int index() {
    return index;
  }

  @Override
  public boolean isCurrent() {
    return host.world().current == this;
  }

  @Override
  public Timer schedule(long delayNanos, Runnable task) {
    Waiting waiting = new Waiting(task);
    host.world().after(delayNanos, index, () -> execute(waiting));
    return waiting;
  }

  @Override
  public void afterCurrentBatch(Runnable task) {
    execute(task);
  }

  private static final class Waiting implements Timer, Runnable {
    private final Runnable task;
    private boolean cancelled;

    Waiting(Runnable task) {
      this.task = task;
    }

    @Override
    public void run() {
      if (!cancelled) {
        task.run();
      }
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }
}
