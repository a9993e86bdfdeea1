package io.quorate.hintedhandoff;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.real.RealEnvironment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** If this fails, hints that several shards write at once are lost between them. */
class HintStoreConcurrencyTest {
  private static final int SHARDS = 4;
  private static final int HINTS_PER_SHARD = 5_000;
  private static final UUID TARGET = new UUID(0, 1);

  @Test
  void hintsOfAllShardsAreStoredAndDeliveredOnce(@TempDir Path directory) throws Exception {
    Set<Throwable> failures = ConcurrentHashMap.newKeySet();
    try (RealEnvironment real = new RealEnvironment(SHARDS, failures::add)) {
      Environment environment = real.environment();
      HintStore store = new HintStore(environment, directory, HintConfig.DEFAULT);
      store.open(failure -> {});
      CountDownLatch answers = new CountDownLatch(SHARDS * HINTS_PER_SHARD);
      AtomicInteger stored = new AtomicInteger();
      for (int shard = 0; shard < SHARDS; shard++) {
        int first = shard * HINTS_PER_SHARD;
        environment
            .shards()
            .get(shard)
            .execute(() -> {
              for (int i = first; i < first + HINTS_PER_SHARD; i++) {
                byte[] mutation = ByteBuffer.allocate(4).putInt(i).array();
                store.write(
                    TARGET,
                    mutation,
                    i % 7 == 0,
                    outcome -> {
                      if (outcome == HintOutcome.STORED) {
                        stored.incrementAndGet();
                      }
                      answers.countDown();
                    });
              }
            });
      }
      assertThat(answers.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(stored.get()).isEqualTo(SHARDS * HINTS_PER_SHARD);

      Set<Integer> received = ConcurrentHashMap.newKeySet();
      CountDownLatch deliveries = new CountDownLatch(SHARDS * HINTS_PER_SHARD);
      HintDispatcher dispatcher =
          new HintDispatcher(
              environment.shards().get(0),
              store,
              HintConfig.DEFAULT,
              (target, mutation, acknowledged) -> {
                received.add(ByteBuffer.wrap(mutation).getInt());
                deliveries.countDown();
                // Answers come on other shards than the dispatcher's.
                environment.shards().get(1).execute(() -> acknowledged.accept(true));
              });
      dispatcher.start();
      dispatcher.targetAlive(TARGET);
      assertThat(deliveries.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(received).hasSize(SHARDS * HINTS_PER_SHARD);
      assertThat(failures).isEmpty();
      dispatcher.stop();
    }
  }
}
