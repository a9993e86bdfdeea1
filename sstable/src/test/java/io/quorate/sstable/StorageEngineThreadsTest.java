package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.TABLE;
import static io.quorate.sstable.EngineFixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.environment.real.RealEnvironment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * If this breaks, real threads meet where the simulation's single one never did: a read sees an
 * older value than was acknowledged, or a file is closed under it.
 */
class StorageEngineThreadsTest {
  private static final int KEYS = 64;
  private static final int WRITES_PER_KEY = 300;
  private static final int VALUE_BYTES = 200;

  private static final EngineOptions OPTIONS =
      new EngineOptions(
          SyncMode.GROUP,
          100,
          256 << 10,
          1 << 20,
          1 << 20,
          3_600_000,
          256 << 10,
          0,
          ReadEffort.DEFAULT);

  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

  private static void await(Consumer<Consumer<@Nullable IOException>> action) throws Exception {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    action.accept(failure -> done.complete(failure == null));
    assertThat(done.get(30, TimeUnit.SECONDS)).isTrue();
  }

  private static long token(int key) {
    return EngineFixture.token("key" + key);
  }

  private static Mutation mutation(int key, long version) {
    byte[] value = new byte[VALUE_BYTES];
    value[0] = (byte) version;
    return Mutation.of(
        new FragmentWriter()
            .begin(TABLE, token(key), bytes("key" + key))
            .beginRow(RandomFragments.rowKey(key))
            .rowLiveness(version)
            .cell(1, null, version, value)
            .endRow()
            .finish());
  }

  /** Writes one key again and again, each write followed by a read that must see it. */
  private final class Client {
    private final Environment environment;
    private final StorageEngine engine;
    private final int key;
    private final CountDownLatch done;
    private long version;

    Client(Environment environment, StorageEngine engine, int key, CountDownLatch done) {
      this.environment = environment;
      this.engine = engine;
      this.key = key;
      this.done = done;
    }

    void write() {
      Shard owner = environment.shards().owner(token(key));
      owner.execute(() -> engine.apply(mutation(key, version + 1), owner, this::written));
    }

    private void written(ApplyOutcome outcome) {
      if (outcome instanceof ApplyOutcome.Applied) {
        version++;
        ReadCommand command =
            new ReadCommand(TABLE, token(key), bytes("key" + key), ReadLimits.all(1));
        engine.read(command, this::read);
      } else if (outcome instanceof ApplyOutcome.Overloaded) {
        environment.shards().owner(token(key)).schedule(1_000_000, this::write);
      } else {
        wrong.add(outcome.toString());
        done.countDown();
      }
    }

    private void read(ReadOutcome outcome) {
      if (outcome instanceof ReadResult result) {
        FragmentReader fragment = new FragmentReader().reset(result.fragment());
        boolean found = fragment.next() == FragmentReader.Entry.ROW;
        long seen = found ? fragment.row(new RowReader()).livenessTimestampMicros() : -1;
        if (seen != version) {
          wrong.add("key " + key + " is at " + seen + ", acknowledged was " + version);
        }
      } else {
        wrong.add(outcome.toString());
      }
      if (version == WRITES_PER_KEY) {
        done.countDown();
      } else {
        write();
      }
    }
  }

  @Test
  void eachReadSeesTheWriteBeforeItWhileAllIsFlushedAndCompacted(@TempDir Path directory)
      throws Exception {
    CountedEvents events = new CountedEvents();
    try (RealEnvironment real =
        new RealEnvironment(2, failure -> wrong.add(String.valueOf(failure)))) {
      Environment environment = real.environment();
      StorageEngine engine =
          StorageEngine.open(environment, directory, EngineFixture.PARTITIONER, OPTIONS, events);
      TableSettings settings =
          new TableSettings(
              0.01,
              Compression.LZ4,
              512,
              864_000,
              Durability.OF_THE_NODE,
              new CompactionSettings(
                  Map.of("class", "SizeTieredCompactionStrategy", "min_threshold", "2")));
      await(done -> engine.createTable(TABLE, settings, done));
      CountDownLatch done = new CountDownLatch(KEYS);
      for (int key = 0; key < KEYS; key++) {
        new Client(environment, engine, key, done).write();
      }
      int rounds = 0;
      while (!done.await(20, TimeUnit.MILLISECONDS)) {
        await(flushed -> engine.flush(TABLE, flushed));
        await(compacted -> engine.maintenance().compact(TABLE, compacted));
        assertThat(countPartitions(environment, engine)).isLessThanOrEqualTo(KEYS);
        assertThat(++rounds).isLessThan(2_000);
      }
      assertThat(wrong).isEmpty();
      assertThat(countPartitions(environment, engine)).isEqualTo(KEYS);
      close(engine);
    }
    assertThat(events.failed).isEmpty();
    assertThat(events.quarantined).isEmpty();
    reopen(directory);
  }

  private static void close(StorageEngine engine) throws Exception {
    CompletableFuture<Boolean> closed = new CompletableFuture<>();
    engine.close(() -> closed.complete(true));
    assertThat(closed.get(30, TimeUnit.SECONDS)).isTrue();
  }

  private void reopen(Path directory) throws Exception {
    CountedEvents events = new CountedEvents();
    try (RealEnvironment real =
        new RealEnvironment(3, failure -> wrong.add(String.valueOf(failure)))) {
      StorageEngine engine =
          StorageEngine.open(
              real.environment(), directory, EngineFixture.PARTITIONER, OPTIONS, events);
      assertThat(countPartitions(real.environment(), engine)).isEqualTo(KEYS);
      // Behind the compaction that the start began, whose files the directory is cleared of below.
      await(compacted -> engine.maintenance().compact(TABLE, compacted));
      close(engine);
    }
    assertThat(events.damaged).isEmpty();
    assertThat(wrong).isEmpty();
  }

  private int countPartitions(Environment environment, StorageEngine engine) throws Exception {
    int partitions = 0;
    for (int shard = 0; shard < environment.shards().count(); shard++) {
      RangePosition from = RangePosition.startOf(engine.firstToken(shard));
      while (from != null) {
        CompletableFuture<RangeOutcome> answer = new CompletableFuture<>();
        RangeCommand command =
            new RangeCommand(
                TABLE, from, Long.MAX_VALUE, ReadLimits.all(1), Integer.MAX_VALUE, 4 << 10);
        environment.shards().get(shard).execute(() -> engine.readRange(command, answer::complete));
        RangePage page = (RangePage) answer.get(30, TimeUnit.SECONDS);
        partitions += page.liveRows();
        from = page.resume();
      }
    }
    return partitions;
  }

  @Test
  void shardsOwnTheWholeRangeBetweenThem(@TempDir Path directory) throws Exception {
    List<Long> bounds = new ArrayList<>();
    try (RealEnvironment real =
        new RealEnvironment(3, failure -> wrong.add(String.valueOf(failure)))) {
      StorageEngine engine =
          StorageEngine.open(real.environment(), directory, EngineFixture.PARTITIONER, OPTIONS);
      for (int shard = 0; shard < 3; shard++) {
        bounds.add(engine.firstToken(shard));
        bounds.add(engine.lastToken(shard));
        for (long token : List.of(engine.firstToken(shard), engine.lastToken(shard))) {
          assertThat(io.quorate.environment.Shards.ownerIndex(token, 3)).isEqualTo(shard);
        }
      }
    }
    assertThat(bounds.getFirst()).isEqualTo(Long.MIN_VALUE);
    assertThat(bounds.getLast()).isEqualTo(Long.MAX_VALUE);
    assertThat(bounds.get(1) + 1).isEqualTo(bounds.get(2));
    assertThat(bounds.get(3) + 1).isEqualTo(bounds.get(4));
  }
}
