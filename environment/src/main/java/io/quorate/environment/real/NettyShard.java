package io.quorate.environment.real;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.ScheduledFuture;
import io.quorate.environment.Shard;
import io.quorate.environment.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A Netty event loop as a shard. Safe for use from any thread.
 *
 * <p>What one shard has for another is handed over together, when the input at hand is through: of
 * a burst of requests half belong to another shard, and to wake it for each would cost more than
 * the requests do.
 */
final class NettyShard implements Shard {
  private static final FastThreadLocal<NettyShard> CURRENT = new FastThreadLocal<>();

  private final int index;
  private final EventLoop loop;
  private final Consumer<Throwable> onFailure;

  /** What this shard has for others, by their index. Touched by this shard only. */
  private final List<@Nullable HandOver> handOvers = new ArrayList<>();

  NettyShard(int index, EventLoop loop, Consumer<Throwable> onFailure) {
    this.index = index;
    this.loop = loop;
    this.onFailure = onFailure;
    loop.execute(() -> CURRENT.set(this));
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
    NettyShard sender = CURRENT.getIfExists();
    if (sender == null || sender == this) {
      submit(() -> run(task));
    } else {
      sender.handOverTo(this).add(task);
    }
  }

  private HandOver handOverTo(NettyShard receiver) {
    while (handOvers.size() <= receiver.index) {
      handOvers.add(null);
    }
    HandOver handOver = handOvers.get(receiver.index);
    if (handOver == null || handOver.receiver != receiver) {
      handOver = new HandOver(receiver);
      handOvers.set(receiver.index, handOver);
    }
    return handOver;
  }

  private void submit(Runnable task) {
    try {
      loop.execute(task);
    } catch (RejectedExecutionException e) {
      // Only while the process ends, when nobody waits for what another thread still brings.
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
  // runs when the input at hand is through.
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

  /** Tasks on their way to another shard. */
  private final class HandOver implements Runnable {
    private final NettyShard receiver;
    private List<Runnable> tasks = new ArrayList<>();
    private boolean planned;

    HandOver(NettyShard receiver) {
      this.receiver = receiver;
    }

    void add(Runnable task) {
      tasks.add(task);
      if (!planned) {
        planned = true;
        submit(this);
      }
    }

    @Override
    public void run() {
      planned = false;
      List<Runnable> batch = tasks;
      tasks = new ArrayList<>(batch.size());
      receiver.submit(() -> receiver.runAll(batch));
    }
  }

  private void runAll(List<Runnable> batch) {
    for (int i = 0; i < batch.size(); i++) {
      run(batch.get(i));
    }
  }
}
