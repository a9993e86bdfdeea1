package io.quorate.environment.real;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Syncs a file while more is written to it, one sync at a time, each on a thread of its own, which
 * is kept for a while, since one file is synced many times. The operating system tells of a lost
 * write once only; so a sync that failed is kept until somebody has been told. Used by the thread
 * that writes the file.
 */
final class SyncBehind {

  /** Syncs the file. */
  interface Sync {
    void run() throws IOException;
  }

  private static final Executor THREADS =
      Executors.newCachedThreadPool(Thread.ofPlatform().name("sync-behind").daemon().factory());

  private @Nullable FutureTask<@Nullable Void> begun;

  /** Begins a sync. Nothing happens while one is under way, or when one has failed. */
  void begin(Sync sync) {
    FutureTask<@Nullable Void> before = begun;
    if (before != null && before.state() != Future.State.SUCCESS) {
      return;
    }
    FutureTask<@Nullable Void> next =
        new FutureTask<>(() -> {
          sync.run();
          return null;
        });
    begun = next;
    THREADS.execute(next);
  }

  /**
   * Waits for what was begun.
   *
   * @throws IOException when it failed: nothing that was written before it is certain
   */
  void await() throws IOException {
    FutureTask<@Nullable Void> last = begun;
    if (last == null) {
      return;
    }
    try {
      last.get();
    } catch (ExecutionException e) {
      throw new IOException("an earlier sync failed: " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while an earlier sync was under way", e);
    }
  }
}
