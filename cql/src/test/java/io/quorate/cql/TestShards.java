package io.quorate.cql;

import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import io.quorate.environment.Timer;
import java.util.ArrayList;
import java.util.List;

/** Shards that run what they are given at once, on the test's thread. */
final class TestShards {
  private final List<TestShard> all = new ArrayList<>();
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
      int before = current;
      current = index;
      try {
        task.run();
      } catch (RuntimeException e) {
        throw new AssertionError("on a shard nobody catches it", e);
      } finally {
        current = before;
      }
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
