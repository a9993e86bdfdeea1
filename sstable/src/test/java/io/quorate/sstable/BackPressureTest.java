package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Shard;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, a node whose disk is slow runs out of memory, or refuses writes that it could
 * have taken a little later.
 */
class BackPressureTest {
  private static final long MEMORY_BYTES = 4 << 20;
  private static final EngineOptions OPTIONS =
      new EngineOptions(
          SyncMode.GROUP,
          1_000,
          16 << 10,
          64 << 10,
          MEMORY_BYTES,
          3_600_000,
          1 << 20,
          0,
          ReadEffort.DEFAULT);

  /** Only flushes go to the disk; each takes half a second to two. */
  private static EngineFixture slowDisk() throws IOException {
    EngineFixture fixture = new EngineFixture(OPTIONS, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT.withDurability(Durability.NONE));
    fixture.host.slowDisk(10_000);
    return fixture;
  }

  private final String value = "x".repeat(1_000);
  private int applied;
  private int refused;
  private int sent;
  private long mostBytes;

  private void send(EngineFixture fixture, boolean again) {
    Mutation mutation = fixture.mutation(TABLE, "key" + sent++, value);
    Shard shard = fixture.environment.shards().get(0);
    shard.execute(() ->
        fixture.engine.apply(
            mutation,
            shard,
            outcome -> {
              if (outcome instanceof ApplyOutcome.Applied) {
                applied++;
              } else {
                assertThat(outcome).isInstanceOf(ApplyOutcome.Overloaded.class);
                refused++;
              }
              if (again) {
                send(fixture, true);
              }
            }));
  }

  private void watchMemory(EngineFixture fixture, long forNanos) {
    long until = fixture.world.nowNanos() + forNanos;
    while (fixture.world.nowNanos() < until) {
      fixture.world.runFor(20_000_000);
      fixture.engine.tableStats(
          TABLE,
          stats -> {
            if (stats != null) {
              mostBytes = Math.max(mostBytes, stats.memtableBytes());
            }
          });
    }
  }

  @Test
  void writersThatWaitForAnswersAreSlowedDownAndNotRefused() throws IOException {
    EngineFixture fixture = slowDisk();
    for (int writer = 0; writer < 30; writer++) {
      send(fixture, true);
    }
    watchMemory(fixture, 60_000_000_000L);
    assertThat(refused).isZero();
    // Not for want of writes: half the memory is flushed every two seconds, at the slowest.
    assertThat((long) applied * value.length()).isGreaterThan(20 * MEMORY_BYTES / 2);
    assertThat(mostBytes).isBetween(MEMORY_BYTES / 2, MEMORY_BYTES + (64 << 10));
  }

  @Test
  void memoryIsBoundedWhenWritersDoNotWait() throws IOException {
    EngineFixture fixture = slowDisk();
    for (int second = 0; second < 20; second++) {
      for (int i = 0; i < 6_000; i++) {
        send(fixture, false);
      }
      watchMemory(fixture, 1_000_000_000L);
    }
    assertThat(refused).isPositive();
    assertThat(applied).isPositive();
    assertThat(mostBytes).isBetween(MEMORY_BYTES / 2, MEMORY_BYTES + (64 << 10));
    fixture.world.runFor(10_000_000_000L);
    assertThat(fixture.put(TABLE, "afterwards", value)).isEqualTo(ApplyOutcome.APPLIED);
  }

  @Test
  void answersAreHeldBackTheLongerTheLessMemoryIsLeft() {
    long before = 0;
    for (long used = 0; used <= 1_200; used++) {
      long delay = EngineShard.delayNanos(used, 1_000);
      assertThat(delay).isGreaterThanOrEqualTo(before);
      assertThat(delay == 0).as("used %d", used).isEqualTo(used <= 750);
      before = delay;
    }
    assertThat(before).isEqualTo(1_000_000_000L);
  }

  @Test
  void aMemtableIsFlushedAtItsAgeSoThatItsLogCanGo() throws IOException {
    EngineOptions aged =
        new EngineOptions(
            SyncMode.GROUP,
            1_000,
            16 << 10,
            1 << 20,
            4 << 20,
            60_000,
            1 << 20,
            0,
            ReadEffort.DEFAULT);
    EngineFixture fixture = new EngineFixture(aged, 2);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("key", value);
    fixture.world.runFor(50_000_000_000L);
    assertThat(fixture.stats(TABLE).tableCount()).isZero();
    fixture.put("later", value);
    fixture.world.runFor(20_000_000_000L);
    assertThat(fixture.stats(TABLE).tableCount()).isPositive();
    fixture.world.runFor(120_000_000_000L);
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.value("key")).isEqualTo(value);
    assertThat(fixture.value("later")).isEqualTo(value);
  }
}
