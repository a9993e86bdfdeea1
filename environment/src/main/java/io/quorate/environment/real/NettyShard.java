package io.quorate.environment.real;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.quorate.environment.Shard;
import io.quorate.environment.Timer;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A Netty event loop as a shard. Safe for use from any thread. */
final class NettyShard implements Shard {
  private final int index;
  private final EventLoop loop;
  private final Consumer<Throwable> onFailure;

  NettyShard(int index, EventLoop loop, Consumer<Throwable> onFailure) {
    this.index = index;
    this.loop = loop;
    this.onFailure = onFailure;
  }

  EventLoop loop() {
    return loop;
  }

  @Override
  public int index() {
    return index;
  }

  @Override
  public boolean isCurrent() {
    return loop.inEventLoop();
  }

  @Override
  public void execute(Runnable task) {
    try {
      loop.execute(() -> run(task));
    } catch (RejectedExecutionException e) {
      // Only while the process ends, when nobody waits for what a background thread still brings.
      if (!loop.isShuttingDown()) {
        throw e;
      }
    }
  }

  @Override
  public Timer schedule(long delayNanos, Runnable task) {
    ScheduledFuture<?> future = loop.schedule(() -> run(task), delayNanos, TimeUnit.NANOSECONDS);
    return () -> future.cancel(false);
  }

  // The loop handles all sockets that are ready and then its tasks, in order: a task queued now
  // runs
  // when the input at hand is through.
  @Override
  public void afterCurrentBatch(Runnable task) {
    loop.execute(task);
  }

  private void run(Runnable task) {
    try {
      task.run();
    } catch (Throwable failure) {
      onFailure.accept(failure);
    }
  }
}
