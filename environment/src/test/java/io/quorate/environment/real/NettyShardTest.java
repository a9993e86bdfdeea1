package io.quorate.environment.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** If this breaks, a request that another shard owns is lost, repeated, or overtaken. */
class NettyShardTest {
  private static final int TASKS = 10_000;

  private final List<Throwable> failures = new ArrayList<>();
  private final RealEnvironment real = new RealEnvironment(3, this::failed);
  private final Shards shards = real.environment().shards();

  private synchronized void failed(Throwable failure) {
    failures.add(failure);
  }

  @AfterEach
  void close() {
    real.close();
  }

  /** The numbers that arrive at a shard when each sender sends its own, in order. */
  private List<Integer> received(Shard receiver, List<Shard> senders) throws InterruptedException {
    List<Integer> received = new ArrayList<>();
    CountDownLatch all = new CountDownLatch(senders.size() * TASKS);
    for (int sender = 0; sender < senders.size(); sender++) {
      int base = sender * TASKS;
      senders
          .get(sender)
          .execute(() -> {
            for (int i = 0; i < TASKS; i++) {
              int number = base + i;
              receiver.execute(() -> {
                received.add(number);
                all.countDown();
              });
            }
          });
    }
    assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
    return received;
  }

  @Test
  void eachTaskRunsOnceAndASendersTasksInOrder() throws InterruptedException {
    List<Integer> received = received(shards.get(0), shards.all());
    for (int sender = 0; sender < shards.count(); sender++) {
      int base = sender * TASKS;
      assertThat(received.stream().filter(number -> number / TASKS == base / TASKS))
          .containsExactlyElementsOf(IntStream.range(base, base + TASKS).boxed().toList());
    }
    assertThat(received).hasSize(shards.count() * TASKS);
  }

  @Test
  void aTaskThatFailsTakesNoOtherWithIt() throws InterruptedException {
    CountDownLatch ran = new CountDownLatch(2);
    shards
        .get(1)
        .execute(() -> {
          shards.get(0).execute(ran::countDown);
          shards
              .get(0)
              .execute(() -> {
                throw new IllegalStateException("on purpose");
              });
          shards.get(0).execute(ran::countDown);
        });
    assertThat(ran.await(30, TimeUnit.SECONDS)).isTrue();
    synchronized (this) {
      assertThat(failures).hasSize(1);
    }
  }

  /** The own task is first in line, and ends only when the other shard has begun. */
  @Test
  void whatIsForAnotherShardLeavesBeforeTheOwnIsDone() throws InterruptedException {
    CountDownLatch otherBegan = new CountDownLatch(1);
    CountDownLatch ownEnded = new CountDownLatch(1);
    shards
        .get(0)
        .execute(() -> {
          shards
              .get(0)
              .execute(() -> {
                if (awaits(otherBegan)) {
                  ownEnded.countDown();
                }
              });
          shards.get(1).execute(otherBegan::countDown);
        });
    assertThat(ownEnded.await(30, TimeUnit.SECONDS)).isTrue();
  }

  private static boolean awaits(CountDownLatch latch) {
    try {
      return latch.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** As in the training run: its shards have the same numbers. */
  @Test
  void tasksForAShardOfAnotherNodeInTheProcessArriveToo() throws InterruptedException {
    try (RealEnvironment other = new RealEnvironment(3, this::failed)) {
      Shards others = other.environment().shards();
      CountDownLatch ran = new CountDownLatch(4);
      shards
          .get(0)
          .execute(() -> {
            others.get(1).execute(new OnShard(others.get(1), ran));
            shards.get(1).execute(new OnShard(shards.get(1), ran));
            others.get(0).execute(new OnShard(others.get(0), ran));
            shards.get(0).execute(new OnShard(shards.get(0), ran));
          });
      assertThat(ran.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  private record OnShard(Shard expected, CountDownLatch ran) implements Runnable {
    @Override
    public void run() {
      if (expected.isCurrent()) {
        ran.countDown();
      }
    }
  }
}
