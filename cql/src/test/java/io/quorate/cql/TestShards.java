package io.quorate.cql;

import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import io.quorate.environment.Timer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/** Shards whose tasks wait until the test lets them run, one after the other, on its thread. */
final class TestShards {
  private record Task(int shard, Runnable work) {}

  private final List<TestShard> all = new ArrayList<>();
  private final Queue<Task> tasks = new ArrayDeque<>();
  private int current;

  TestShards(int count) {
    for (int i = 0; i < count; i++) {
      all.add(new TestShard(i));
    }
  }

  Shards shards() {
    return new Shards(all);
  }

  /** Which of them runs. Outside of all tasks that is the first: the one with the connection. */
  int current() {
    return current;
  }

  /** Runs all tasks, and those that they leave. What one throws is a failed test. */
  void run() {
    for (Task task = tasks.poll(); task != null; task = tasks.poll()) {
      current = task.shard();
      try {
        task.work().run();
      } finally {
        current = 0;
      }
    }
  }

  private final class TestShard implements Shard {
    private final int index;

    TestShard(int index) {
      this.index = index;
    }

    @Override
    public int index() {
      return index;
    }

    @Override
    public boolean isCurrent() {
      return current == index;
    }

    @Override
    public void execute(Runnable task) {
      tasks.add(new Task(index, task));
    }

    @Override
    public Timer schedule(long delayNanos, Runnable task) {
      throw new UnsupportedOperationException("the language sets no timers");
    }

    @Override
    public void afterCurrentBatch(Runnable task) {
      throw new UnsupportedOperationException("the language gathers nothing");
    }
  }
}
