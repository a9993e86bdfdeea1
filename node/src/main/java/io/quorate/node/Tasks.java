package io.quorate.node;

import io.quorate.environment.Clock;
import io.quorate.sstable.StorageTask;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The long work of this node, so that it can be listed, watched and cancelled: what runs, and the
 * last of what has ended. Safe for concurrent use.
 */
final class Tasks {
  private static final int MOST_ENDED = 100;

  private final Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final List<Task> tasks = new ArrayList<>();
  private long lastId;

  /**
   * One piece of work.
   *
   * @param id counts from 1 at each start of the node
   * @param startedMicros wall clock
   */
  record Task(long id, long startedMicros, StorageTask work) {
    boolean isOver() {
      return switch (work.state()) {
        case WAITING, RUNNING -> false;
        case DONE, FAILED, CANCELLED -> true;
      };
    }
  }

  Tasks(Clock clock) {
    this.clock = clock;
  }

  /** Takes work in. */
  void add(StorageTask work) {
    lock.lock();
    try {
      tasks.add(new Task(++lastId, clock.wallMicros(), work));
      if (tasks.stream().filter(Task::isOver).count() > MOST_ENDED) {
        tasks.remove(tasks.stream().filter(Task::isOver).findFirst().orElseThrow());
      }
    } finally {
      lock.unlock();
    }
  }

  /** All that are known, in the order in which they were asked for. */
  List<Task> all() {
    lock.lock();
    try {
      return List.copyOf(tasks);
    } finally {
      lock.unlock();
    }
  }

  @Nullable Task find(long id) {
    return all().stream().filter(task -> task.id() == id).findFirst().orElse(null);
  }

  /** The task that stands for work that was taken in. */
  @Nullable Task of(StorageTask work) {
    return all().stream().filter(task -> task.work() == work).findFirst().orElse(null);
  }

  long runningCount() {
    return all().stream().filter(task -> !task.isOver()).count();
  }
}
