package io.quorate.environment;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Threads for work that blocks: disk reads, syncs, compaction. A task that throws is a bug of ours
 * and is reported to the environment's failure handler. Safe for concurrent use.
 */
public interface Background {

  /**
   * A new thread of its own that runs tasks one at a time in submission order.
   *
   * @param name what the thread is for, as it appears in a thread dump: {@code commitlog}
   */
  Executor serial(String name);

  /** The shared pool for short disk reads. Tasks run in any order and in parallel. */
  Executor pool();

  /** A part of some work that blocks. */
  @FunctionalInterface
  interface Part {
    void run() throws IOException;
  }

  /**
   * Runs the parts of some work at the same time, the first on the calling thread, and returns when
   * all have ended. For what happens before the node serves; not called on a shard. Where there is
   * one thread only, as in a simulation, they run one after the other.
   *
   * @throws IOException what a part has thrown; the others were run all the same
   */
  default void inParallel(List<Part> parts) throws IOException {
    IOException failure = null;
    for (Part part : parts) {
      try {
        part.run();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
