package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Shard;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, more is lost in a crash than docs/commit-log-format.md says for the mode that the
 * operator chose. Each cell of its table has a test; where something may be lost, the test also
 * sees it lost, so that the window is the one that is measured.
 */
class LossTableTest {
  private static final long PERIOD_MILLIS = 100;
  private static final long PERIOD_NANOS = PERIOD_MILLIS * 1_000_000;

  /** What a sync takes on the simulated disk, and its thread's turn, with room. */
  private static final long SYNC_NANOS = 5_000_000;

  private static final int RUNS = 30;
  private static final EngineOptions OPTIONS =
      new EngineOptions(
          SyncMode.GROUP,
          PERIOD_MILLIS,
          1 << 20,
          8 << 20,
          4 << 20,
          3_600_000,
          1 << 20,
          0,
          ReadEffort.DEFAULT);

  private record Acknowledged(String key, long atNanos) {}

  /** How the machine goes down. */
  private enum Crash {
    POWER_LOSS,
    KILL
  }

  /** How long before the crash each write was acknowledged that is not there after it. */
  private static List<Long> agesOfLost(Durability durability, Crash crash) throws IOException {
    List<Long> ages = new ArrayList<>();
    int acknowledgedInAll = 0;
    for (int run = 0; run < RUNS; run++) {
      SplittableRandom random = new SplittableRandom(run);
      EngineFixture fixture = new EngineFixture(OPTIONS, 2);
      fixture.createTable(TABLE, TableSettings.DEFAULT.withDurability(durability));
      List<Acknowledged> acknowledged = new ArrayList<>();
      int writes = 150 + random.nextInt(200);
      for (int i = 0; i < writes; i++) {
        write(fixture, "key" + i, acknowledged);
        fixture.world.runFor(random.nextInt(2_000_000));
      }
      long crashedAt = fixture.world.nowNanos();
      if (crash == Crash.POWER_LOSS) {
        fixture.host.crash();
      } else {
        fixture.host.kill();
      }
      fixture.reopen();
      for (Acknowledged write : acknowledged) {
        if (fixture.value(write.key()) == null) {
          ages.add(crashedAt - write.atNanos());
        }
      }
      acknowledgedInAll += acknowledged.size();
    }
    assertThat(acknowledgedInAll).isGreaterThan(100 * RUNS);
    return ages;
  }

  private static void write(EngineFixture fixture, String key, List<Acknowledged> acknowledged) {
    Mutation mutation = fixture.mutation(TABLE, key, "value");
    Shard owner = fixture.environment.shards().owner(mutation.token());
    owner.execute(() ->
        fixture.engine.apply(
            mutation,
            owner,
            outcome -> {
              assertThat(outcome).isEqualTo(ApplyOutcome.APPLIED);
              acknowledged.add(new Acknowledged(key, fixture.world.nowNanos()));
            }));
  }

  @Test
  void groupLosesNothingInAPowerLoss() throws IOException {
    assertThat(agesOfLost(Durability.GROUP, Crash.POWER_LOSS)).isEmpty();
  }

  @Test
  void groupLosesNothingWhenTheProcessDies() throws IOException {
    assertThat(agesOfLost(Durability.GROUP, Crash.KILL)).isEmpty();
  }

  @Test
  void batchLosesNothingInAPowerLoss() throws IOException {
    assertThat(agesOfLost(Durability.BATCH, Crash.POWER_LOSS)).isEmpty();
  }

  @Test
  void batchLosesNothingWhenTheProcessDies() throws IOException {
    assertThat(agesOfLost(Durability.BATCH, Crash.KILL)).isEmpty();
  }

  @Test
  void periodicLosesAtMostOnePeriodInAPowerLoss() throws IOException {
    assertThat(agesOfLost(Durability.PERIODIC, Crash.POWER_LOSS))
        .allMatch(age -> age <= PERIOD_NANOS + SYNC_NANOS)
        .anyMatch(age -> age > PERIOD_NANOS / 2);
  }

  @Test
  void periodicLosesLessThanAMillisecondWhenTheProcessDies() throws IOException {
    assertThat(agesOfLost(Durability.PERIODIC, Crash.KILL))
        .allMatch(age -> age < 1_000_000)
        .isNotEmpty();
  }

  @Test
  void withoutDurableWritesWhatWasNotFlushedIsLostInAPowerLoss() throws IOException {
    onlyWhatWasFlushedIsThere(Crash.POWER_LOSS);
  }

  @Test
  void withoutDurableWritesWhatWasNotFlushedIsLostWhenTheProcessDies() throws IOException {
    onlyWhatWasFlushedIsThere(Crash.KILL);
  }

  private static void onlyWhatWasFlushedIsThere(Crash crash) throws IOException {
    EngineFixture fixture = new EngineFixture(OPTIONS, 2);
    fixture.createTable(TABLE, TableSettings.DEFAULT.withDurability(Durability.NONE));
    for (int i = 0; i < 20; i++) {
      fixture.put("flushed" + i, "value");
    }
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    for (int i = 0; i < 20; i++) {
      fixture.put("late" + i, "value");
    }
    if (crash == Crash.POWER_LOSS) {
      fixture.host.crash();
    } else {
      fixture.host.kill();
    }
    fixture.reopen();
    for (int i = 0; i < 20; i++) {
      assertThat(fixture.value("flushed" + i)).isEqualTo("value");
      assertThat(fixture.value("late" + i)).isNull();
    }
  }

  @Test
  void aTableThatSyncsIsNotWeakenedByOneBesideItThatDoesNot() throws IOException {
    UUID relaxed = new UUID(9, 9);
    for (int run = 0; run < RUNS; run++) {
      EngineFixture fixture = new EngineFixture(OPTIONS, 2);
      fixture.createTable(TABLE, TableSettings.DEFAULT);
      fixture.createTable(relaxed, TableSettings.DEFAULT.withDurability(Durability.PERIODIC));
      for (int i = 0; i < 20 + run; i++) {
        fixture.send(fixture.mutation(relaxed, "relaxed" + i, "value"));
        fixture.put("strict" + i, "value");
      }
      fixture.host.crash();
      fixture.reopen();
      for (int i = 0; i < 20 + run; i++) {
        assertThat(fixture.value("strict" + i)).isEqualTo("value");
      }
    }
  }

  @Test
  void aTablesModeCanBeChangedWhileItIsWritten() throws IOException {
    EngineFixture fixture = new EngineFixture(OPTIONS, 2);
    fixture.createTable(TABLE, TableSettings.DEFAULT.withDurability(Durability.NONE));
    fixture.put("key", "not in the log");
    fixture.succeed(done ->
        fixture.engine.alterTable(
            TABLE, TableSettings.DEFAULT.withDurability(Durability.BATCH), done));
    fixture.put("later", "in the log");
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.value("key")).isNull();
    assertThat(fixture.value("later")).isEqualTo("in the log");
  }
}
