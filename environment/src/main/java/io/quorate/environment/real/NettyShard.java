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
 * <p>What a shard has for others is handed over together, when the input at hand is through: of a
 * burst of requests half belong to another shard, and to wake it for each would cost more than the
 * requests do. What it has for itself it does behind that, while the others do theirs.
 */
final class NettyShard implements Shard {
  private static final FastThreadLocal<NettyShard> CURRENT = new FastThreadLocal<>();

  private final int index;
  private final EventLoop loop;
  private final Consumer<Throwable> onFailure;

  /** What this shard has for others of its node, by their index. Touched by this shard only. */
  private final List<@Nullable Gathered> forOthers = new ArrayList<>();

  private List<Runnable> own = new ArrayList<>();
  private final Runnable handOver = this::handOver;
  private boolean handOverPlanned;

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
    if (sender == null) {
      submit(() -> run(task));
    } else {
      sender.gather(task, this);
    }
  }

  private void gather(Runnable task, NettyShard receiver) {
    if (receiver == this) {
      own.add(task);
    } else {
      Gathered forOther = gatheredFor(receiver);
      if (forOther.receiver != receiver) {
        // A shard of another node in this process.
        receiver.submit(() -> receiver.run(task));
        return;
      }
      forOther.tasks.add(task);
    }
    if (!handOverPlanned) {
      handOverPlanned = true;
      submit(handOver);
    }
  }

  private Gathered gatheredFor(NettyShard receiver) {
    while (forOthers.size() <= receiver.index) {
      forOthers.add(null);
    }
    Gathered forOther = forOthers.get(receiver.index);
    if (forOther == null) {
      forOther = new Gathered(receiver);
      forOthers.set(receiver.index, forOther);
    }
    return forOther;
  }

  private void handOver() {
    handOverPlanned = false;
    for (Gathered forOther : forOthers) {
      if (forOther != null && !forOther.tasks.isEmpty()) {
        List<Runnable> batch = forOther.take();
        forOther.receiver.submit(() -> forOther.receiver.runAll(batch));
      }
    }
    if (!own.isEmpty()) {
      List<Runnable> batch = own;
      own = new ArrayList<>(batch.size());
      runAll(batch);
    }
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

  private void runAll(List<Runnable> batch) {
    for (int i = 0; i < batch.size(); i++) {
      run(batch.get(i));
    }
  }

  /** Tasks for one shard. */
  private static final class Gathered {
    private final NettyShard receiver;
    private List<Runnable> tasks = new ArrayList<>();

    Gathered(NettyShard receiver) {
      this.receiver = receiver;
    }

    List<Runnable> take() {
      List<Runnable> batch = tasks;
      tasks = new ArrayList<>(batch.size());
      return batch;
    }
  }
}
