package io.quorate.environment;

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
}
