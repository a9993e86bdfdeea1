package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.TABLE;
import static io.quorate.sstable.EngineFixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Shard;
import io.quorate.environment.real.RealEnvironment;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * If this breaks, a write hangs since the log's thread fell asleep over it, or is acknowledged and
 * is not in the log: what passes between a shard and the log's thread was lost.
 */
class CommitLogThreadsTest {
  private static final int SHARDS = 3;
  private static final int WRITERS = 24;
  private static final int WRITES = 1_500;

  private static final List<SyncMode> MODES = List.of(SyncMode.values());

  private static final EngineOptions OPTIONS =
      new EngineOptions(
          SyncMode.GROUP,
          5,
          64 << 10,
          1L << 30,
          1 << 20,
          3_600_000,
          1 << 20,
          0,
          ReadEffort.DEFAULT);

  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

  /**
   * Writes one mutation after the other, each when the one before was acknowledged, and is told on
   * one shard or another.
   */
  private final class Writer {
    private final List<Shard> shards;
    private final Shard shard;
    private final LogAppender log;
    private final int number;
    private final CountDownLatch done;
    private final SplittableRandom random;
    private int written;

    Writer(List<Shard> shards, LogAppender log, int number, CountDownLatch done) {
      this.shards = shards;
      this.shard = shards.get(number % SHARDS);
      this.log = log;
      this.number = number;
      this.done = done;
      this.random = new SplittableRandom(number);
    }

    void write() {
      ApplyOutcome refused = log.append(number, mutation(number * WRITES + written));
      if (refused != null) {
        wrong.add(refused.toString());
        done.countDown();
        return;
      }
      log.need(Math.min(log.currentSegmentId(), log.neededSegmentId()));
      SyncMode mode = MODES.get(random.nextInt(MODES.size()));
      Shard waiting = shards.get(random.nextInt(SHARDS));
      log.whenDurable(mode, waiting, outcome -> written(waiting, outcome));
    }

    private void written(Shard waiting, ApplyOutcome outcome) {
      if (!(outcome instanceof ApplyOutcome.Applied) || !waiting.isCurrent()) {
        wrong.add(outcome.toString());
      }
      if (++written == WRITES) {
        done.countDown();
      } else if (random.nextInt(4) == 0) {
        // The log may go to sleep meanwhile.
        shard.schedule(random.nextInt(300_000), this::write);
      } else {
        shard.execute(this::write);
      }
    }
  }

  private static Mutation mutation(int number) {
    return Mutation.of(
        new FragmentWriter()
            .begin(TABLE, number, bytes("key"))
            .beginRow(RandomFragments.rowKey(1))
            .rowLiveness(1)
            .endRow()
            .finish());
  }

  @Test
  void everyWriteIsAnsweredAndStandsInTheLog(@TempDir Path directory) throws Exception {
    CountedEvents events = new CountedEvents();
    try (RealEnvironment real =
        new RealEnvironment(SHARDS, failure -> wrong.add(String.valueOf(failure)))) {
      CommitLog log =
          new CommitLog(
              real.environment(),
              new CommitLog.Beginning(directory, null, 1, EarlierSegments.NONE),
              OPTIONS,
              events,
              tooLong -> {});
      CountDownLatch done = new CountDownLatch(WRITERS);
      for (int i = 0; i < WRITERS; i++) {
        Writer writer =
            new Writer(real.environment().shards().all(), log.appender(i % SHARDS), i, done);
        writer.shard.execute(writer::write);
      }
      assertThat(done.await(60, TimeUnit.SECONDS)).as("every write is answered").isTrue();
      CompletableFuture<Boolean> closed = new CompletableFuture<>();
      drain(real, log, 0, () -> log.close(() -> closed.complete(true)));
      assertThat(closed.get(30, TimeUnit.SECONDS)).isTrue();

      BitSet found = new BitSet();
      CommitLogReplay replay =
          new CommitLogReplay(real.environment(), directory, directory, events);
      CommitLogReplay.Sink sink =
          (segmentId, generation, mutation) -> {
            int number = Math.toIntExact(mutation.token());
            assertThat(generation).isEqualTo(number / WRITES);
            assertThat(found.get(number)).as("written once").isFalse();
            found.set(number);
          };
      replay.begin();
      while (replay.next()) {
        replay.deliver(sink);
        replay.settle();
      }
      assertThat(found.cardinality()).isEqualTo(WRITERS * WRITES);
    }
    assertThat(wrong).isEmpty();
    assertThat(events.failed).isEmpty();
    assertThat(events.damaged).isEmpty();
  }

  private static void drain(RealEnvironment real, CommitLog log, int shard, Runnable done) {
    if (shard == SHARDS) {
      done.run();
    } else {
      real.environment()
          .shards()
          .get(shard)
          .execute(() -> log.appender(shard).drain(() -> drain(real, log, shard + 1, done)));
    }
  }
}
