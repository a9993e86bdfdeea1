package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.SMALL;
import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.FileSystem.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** If this breaks, an operator's tools (flush, snapshot, drop) or damage on disk lose data. */
class StorageEngineTest {

  @Test
  void aDamagedTableIsPutAsideAndNeverServed() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("key", "value");
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    Path file = fixture.files(".sst").getFirst();
    fixture.host.disk().flipBit(file, 100);
    ReadOutcome outcome = fixture.read(TABLE, "key");
    assertThat(outcome).isInstanceOf(ReadFailure.class);
    assertThat(((ReadFailure) outcome).reason()).isEqualTo(ReadFailure.Reason.DAMAGED);
    fixture.world.runFor(1_000_000_000L);
    assertThat(fixture.events.quarantined).hasSize(1);
    assertThat(fixture.files("/quarantine/")).hasSize(1);
    assertThat(fixture.read(TABLE, "key")).isInstanceOf(ReadFailure.class);
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.read(TABLE, "key"))
        .as("it is not forgotten in a restart")
        .isInstanceOf(ReadFailure.class);
    assertThat(fixture.stats(TABLE).quarantinedCount()).isEqualTo(1);

    fixture.succeed(done -> fixture.engine.forgetQuarantined(TABLE, done));
    fixture.put("key", "brought back from a replica");
    assertThat(fixture.value("key")).isEqualTo("brought back from a replica");
  }

  @Test
  void compactionDoesNotCopyDamage() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    for (int i = 0; i < 3; i++) {
      fixture.put("key" + i, "value");
      fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    }
    fixture.host.disk().flipBit(fixture.files(".sst").get(1), 64);
    assertThat(fixture.run(done -> fixture.engine.maintenance().compact(TABLE, done)))
        .isInstanceOf(CorruptFileException.class);
    fixture.world.runFor(1_000_000_000L);
    assertThat(fixture.events.quarantined).hasSize(1);
    assertThat(fixture.value("key0")).isEqualTo("value");
    assertThat(fixture.value("key2")).isEqualTo("value");
    assertThat(fixture.read(TABLE, "key1")).isInstanceOf(ReadFailure.class);
  }

  @Test
  void aTableWhoseEndIsDamagedIsPutAsideAtStart() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("key", "value");
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    Path file = fixture.files(".sst").getFirst();
    fixture.host.disk().flipBit(file, 8 * (fixture.host.disk().size(file) - 20));
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.events.quarantined).hasSize(1);
    assertThat(fixture.read(TABLE, "key")).isInstanceOf(ReadFailure.class);
  }

  @Test
  void aTableThatIsMissingIsNotTakenForEmpty() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("key", "value");
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    Path file = fixture.files(".sst").getFirst();
    fixture.host.disk().delete(file);
    fixture.host.disk().syncDirectory(Objects.requireNonNull(file.getParent()));
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.events.quarantined).hasSize(1);
    assertThat(fixture.read(TABLE, "key")).isInstanceOf(ReadFailure.class);
  }

  @Test
  void writesGoOnAfterATruncationThatFailed() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("key", "old");
    fixture.host.disk().fail(Operation.SYNC, "MANIFEST");
    assertThat(fixture.run(done -> fixture.engine.truncate(TABLE, 1, done))).isNotNull();
    fixture.host.disk().heal();
    fixture.put("key", "new");
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(1);
    assertThat(fixture.value("key")).isEqualTo("new");
    fixture.truncate(TABLE);
    assertThat(fixture.value("key")).isNull();
  }

  @Test
  void aFlushThatFindsTheDiskFullIsTriedAgain() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("key", "value");
    fixture.host.disk().capacity(1);
    assertThat(fixture.run(done -> fixture.engine.flush(TABLE, done))).isNotNull();
    assertThat(fixture.value("key")).isEqualTo("value");
    assertThat(fixture.events.failed).isNotEmpty();
    fixture.host.disk().capacity(Long.MAX_VALUE);
    fixture.world.runFor(2_000_000_000L);
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(1);
    assertThat(fixture.files(".tmp")).isEmpty();
    assertThat(fixture.value("key")).isEqualTo("value");
  }

  @Test
  void aMutationThatTheLogCannotTakeIsRefusedForGood() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    assertThat(fixture.put(TABLE, "key", "x".repeat(SMALL.segmentBytes())))
        .isInstanceOf(ApplyOutcome.TooLarge.class);
    assertThat(fixture.value("key")).isNull();
  }

  @Test
  void aDroppedTableLeavesNothingAndComesNotBack() throws IOException {
    EngineFixture fixture = new EngineFixture();
    UUID other = new UUID(5, 5);
    fixture.createTable(other, TableSettings.DEFAULT);
    fixture.put(other, "key", "keeps the log");
    fixture.put("key", "value");
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    fixture.put("key", "newer");
    fixture.succeed(done -> fixture.engine.dropTable(TABLE, done));
    assertThat(fixture.put(TABLE, "key", "late")).isInstanceOf(ApplyOutcome.UnknownTable.class);
    assertThat(fixture.read(TABLE, "key")).isInstanceOf(ReadFailure.class);
    assertThat(fixture.files("/tables/" + TABLE)).isEmpty();
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.engine.skippedRecords()).isEqualTo(2);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    assertThat(fixture.value("key")).isNull();
  }

  /** The directory's removal is not synced: when it comes back, the next start removes it. */
  @Test
  void aDropThatLosesPowerLeavesTheWholeTableOrNothing() throws IOException {
    int comeBack = 0;
    for (int operation = 1; operation < 16; operation++) {
      EngineFixture fixture = new EngineFixture();
      fixture.put("key", "value");
      fixture.succeed(done -> fixture.engine.flush(TABLE, done));
      List<@Nullable IOException> answers = new ArrayList<>();
      fixture.host.disk().losePowerAt(operation);
      fixture.engine.dropTable(TABLE, answers::add);
      fixture.world.runFor(1_000_000_000L);
      fixture.host.disk().cancelPowerLoss();
      fixture.host.crash();
      comeBack += fixture.files("/tables/").isEmpty() ? 0 : 1;
      fixture.reopen();
      if (answers.isEmpty() && !fixture.engine.tableIds().isEmpty()) {
        assertThat(fixture.value("key")).isEqualTo("value");
      } else {
        assertThat(fixture.engine.tableIds()).as("operation %d", operation).isEmpty();
        assertThat(fixture.files("/tables/")).as("operation %d", operation).isEmpty();
      }
    }
    assertThat(comeBack).as("the crash brought files back").isGreaterThan(2);
  }

  @Test
  void aTableWithoutDurableWritesKeepsWhatWasFlushed() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    UUID cache = new UUID(1, 1);
    fixture.createTable(cache, TableSettings.DEFAULT.withDurability(Durability.NONE));
    long syncs = fixture.host.disk().syncCount();
    assertThat(fixture.put(cache, "flushed", "1")).isEqualTo(ApplyOutcome.APPLIED);
    assertThat(fixture.host.disk().syncCount()).isEqualTo(syncs);
    fixture.succeed(done -> fixture.engine.flush(cache, done));
    assertThat(fixture.put(cache, "memory", "2")).isEqualTo(ApplyOutcome.APPLIED);
    assertThat(fixture.value(cache, "memory")).isEqualTo("2");
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.value(cache, "flushed")).isEqualTo("1");
    assertThat(fixture.value(cache, "memory")).isNull();
  }

  @Test
  void afterADrainThereIsNothingToReplay() throws IOException {
    EngineFixture fixture = new EngineFixture();
    for (int i = 0; i < 20; i++) {
      fixture.put("key" + i, "value");
    }
    fixture.succeed(done -> fixture.engine.drain(done));
    List<String> closed = new ArrayList<>();
    fixture.engine.close(() -> closed.add("closed"));
    fixture.world.runUntil(() -> !closed.isEmpty(), 1_000_000_000L);
    assertThat(closed).isNotEmpty();
    assertThat(fixture.stats(TABLE).memtableBytes()).isLessThan(10_000);
    fixture.host.kill();
    fixture.reopen();
    for (int i = 0; i < 20; i++) {
      assertThat(fixture.value("key" + i)).isEqualTo("value");
    }
  }

  @Test
  void twoProcessesDoNotShareADirectory() throws IOException {
    EngineFixture fixture = new EngineFixture();
    assertThatThrownBy(() ->
            StorageEngine.open(
                fixture.environment,
                EngineFixture.DIRECTORY,
                EngineFixture.PARTITIONER,
                SMALL,
                fixture.events))
        .isInstanceOf(IOException.class);
  }

  @Test
  void compactionMergesAndForgetsWhatIsDeleted() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT.withGcGraceSeconds(0));
    for (int i = 0; i < 10; i++) {
      fixture.put("key" + i, "value");
    }
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    for (int i = 0; i < 10; i++) {
      String key = "key" + i;
      Mutation deletion =
          Mutation.of(
              new FragmentWriter()
                  .begin(TABLE, EngineFixture.token(key), EngineFixture.bytes(key))
                  .partitionDeletion(1_000_000, 1)
                  .finish());
      List<ApplyOutcome> outcomes = fixture.send(deletion);
      fixture.world.runUntil(() -> !outcomes.isEmpty(), 1_000_000_000L);
    }
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(2);
    assertThat(fixture.stats(TABLE).tombstones()).isEqualTo(10);
    // Until the log is gone, a crash would bring back from it what they delete.
    fixture.world.runFor(1_000_000_000L);
    fixture.succeed(done -> fixture.engine.maintenance().compact(TABLE, done));
    fixture.world.runFor(1_000_000_000L);
    assertThat(fixture.stats(TABLE).tableCount()).isZero();
    assertThat(fixture.files(".sst")).isEmpty();
    assertThat(fixture.value("key3")).isNull();
  }

  /** Deletions on disk may hide most of what memory holds: the read goes on until it has enough. */
  @Test
  void aLimitIsReachedAlthoughTheDiskDeletesWhatMemoryHolds() throws IOException {
    for (boolean reversed : new boolean[] {false, true}) {
      EngineFixture fixture = new EngineFixture(SMALL, 1);
      fixture.createTable(TABLE, TableSettings.DEFAULT);
      FragmentWriter deletion =
          new FragmentWriter().begin(TABLE, EngineFixture.token("wide"), new byte[] {1});
      deletion.rangeTombstone(
          RandomFragments.rowKey(reversed ? 500 : 0),
          RandomFragments.rowKey(reversed ? 1_000 : 500),
          1_000_000,
          fixture.environment.clock().wallSeconds());
      apply(fixture, Mutation.of(deletion.finish()));
      fixture.succeed(done -> fixture.engine.flush(TABLE, done));
      for (int i = 0; i < 1_000; i++) {
        FragmentWriter row =
            new FragmentWriter().begin(TABLE, EngineFixture.token("wide"), new byte[] {1});
        row.beginRow(RandomFragments.rowKey(i)).rowLiveness(5).endRow();
        apply(fixture, Mutation.of(row.finish()));
      }
      assertThat(fixture.stats(TABLE).tableCount()).as("the rows are in memory").isEqualTo(1);
      ReadLimits limits =
          new ReadLimits(List.of(Slice.ALL), true, reversed, 10, fixture.world.nowNanos());
      List<ReadOutcome> answer = new ArrayList<>();
      ReadCommand command =
          new ReadCommand(TABLE, EngineFixture.token("wide"), new byte[] {1}, limits);
      fixture.environment.shards().get(0).execute(() -> fixture.engine.read(command, answer::add));
      fixture.world.runUntil(() -> !answer.isEmpty(), 1_000_000_000L);
      ReadResult result = (ReadResult) answer.getFirst();
      assertThat(result.liveRows()).isEqualTo(10);
      FragmentRows rows = new FragmentRows().reset(result.fragment(), 0, result.fragment().length);
      rows.seekAtOrAfter(RowKeys.LOWEST);
      byte[] first =
          Arrays.copyOfRange(rows.keyBytes, rows.keyOffset, rows.keyOffset + rows.keyLength);
      assertThat(first).isEqualTo(RandomFragments.rowKey(reversed ? 490 : 500));
    }
  }

  private static void apply(EngineFixture fixture, Mutation mutation) {
    List<ApplyOutcome> outcomes = fixture.send(mutation);
    fixture.world.runUntil(() -> !outcomes.isEmpty(), 1_000_000_000L);
    assertThat(outcomes).containsExactly(ApplyOutcome.APPLIED);
  }
}
