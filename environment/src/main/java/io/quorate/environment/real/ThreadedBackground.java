package io.quorate.environment.real;

import io.quorate.environment.Background;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Daemon threads. Safe for concurrent use. */
final class ThreadedBackground implements Background {
  private static final int POOL_THREADS =
      Math.max(4, 2 * Runtime.getRuntime().availableProcessors());

  private final Consumer<Throwable> onFailure;
  private final List<ExecutorService> started = new CopyOnWriteArrayList<>();
  private final Executor pool;

  ThreadedBackground(Consumer<Throwable> onFailure) {
    this.onFailure = onFailure;
    AtomicInteger number = new AtomicInteger();
    this.pool =
        start(
            Executors.newFixedThreadPool(
                POOL_THREADS, daemon(() -> "disk-" + number.getAndIncrement())));
  }

  @Override
  public Executor serial(String name) {
    return start(Executors.newSingleThreadExecutor(daemon(() -> name)));
  }

  @Override
  public Executor pool() {
    return pool;
  }

  @Override
  public void inParallel(List<Part> parts) throws IOException {
    List<FutureTask<@Nullable Void>> begun = new ArrayList<>();
    for (Part part : parts) {
      begun.add(
          new FutureTask<>(() -> {
            part.run();
            return null;
          }));
    }
    ThreadFactory threads = daemon(() -> "parallel");
    begun.stream().skip(1).forEach(part -> threads.newThread(part).start());
    begun.stream().limit(1).forEach(FutureTask::run);
    IOException failure = null;
    for (FutureTask<@Nullable Void> part : begun) {
      failure = with(failure, failureOf(part));
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Waits until a part has ended. What only a bug throws is thrown on. */
  private static @Nullable IOException failureOf(FutureTask<@Nullable Void> part) {
    try {
      part.get();
      return null;
    } catch (ExecutionException e) {
      return switch (e.getCause()) {
        case IOException failed -> failed;
        case RuntimeException bug -> throw bug;
        case Error bug -> throw bug;
        case null, default -> throw new IllegalStateException(e);
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new IOException("interrupted while work was under way", e);
    }
  }

  private static @Nullable IOException with(
      @Nullable IOException before, @Nullable IOException next) {
    if (before != null && next != null) {
      before.addSuppressed(next);
    }
    return before == null ? next : before;
  }

  private Executor start(ExecutorService service) {
    started.add(service);
    return task -> {
      try {
        service.execute(() -> run(task));
      } catch (RejectedExecutionException e) {
        // Only after stop: the process ends, and nobody waits for this task any more.
        if (!service.isShutdown()) {
          throw e;
        }
      }
    };
  }

  private void run(Runnable task) {
    try {
      task.run();
    } catch (Throwable failure) {
      onFailure.accept(failure);
    }
  }

  void stop() {
    // Not interrupted: an interrupt closes the files that other threads use too.
    started.forEach(ExecutorService::shutdown);
  }

  private static ThreadFactory daemon(java.util.function.Supplier<String> name) {
    return task -> {
      Thread thread = new Thread(task, name.get());
      thread.setDaemon(true);
      return thread;
    };
  }
}
