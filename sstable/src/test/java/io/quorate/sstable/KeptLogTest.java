package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.SMALL;
import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.FileSystem.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * A start leaves what it replayed in memory and in the log. If this breaks, the second of two
 * crashes loses what the first did not, reports damage where there is none, or brings back what was
 * deleted or truncated between them.
 */
class KeptLogTest {
  private static final Path ARCHIVE = Path.of("/archive");

  private static EngineOptions withMemory(long memtableBytes, long maxAgeMillis) {
    return new EngineOptions(
        SMALL.syncMode(),
        SMALL.syncPeriodMillis(),
        SMALL.segmentBytes(),
        SMALL.commitLogBytes(),
        memtableBytes,
        maxAgeMillis,
        SMALL.blockCacheBytes(),
        SMALL.reservedDiskBytes(),
        SMALL.readEffort());
  }

  private final EngineFixture fixture = new EngineFixture(SMALL, 2);

  KeptLogTest() throws IOException {
    fixture.createTable(TABLE, TableSettings.DEFAULT);
  }

  private void putKeys(int count) {
    for (int i = 0; i < count; i++) {
      fixture.put("key" + i, "x".repeat(1_000) + i);
    }
  }

  private void seeKeys(int count) {
    for (int i = 0; i < count; i++) {
      assertThat(fixture.value("key" + i)).isEqualTo("x".repeat(1_000) + i);
    }
  }

  private void crash() throws IOException {
    fixture.host.crash();
    fixture.reopen();
  }

  @Test
  void aStartFlushesNothingAndTheLogServesTheNextOne() throws IOException {
    putKeys(40);
    for (int start = 0; start < 3; start++) {
      crash();
      fixture.world.runFor(10_000_000_000L);
      assertThat(fixture.files(".sst")).isEmpty();
      assertThat(fixture.engine.replayedRecords()).isEqualTo(40 + start);
      fixture.put("start " + start, "one more");
      seeKeys(40);
    }
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    fixture.world.runFor(10_000_000_000L);
    crash();
    assertThat(fixture.engine.replayedRecords()).isZero();
    assertThat(fixture.files(".log")).isEmpty();
    seeKeys(40);
    assertThat(fixture.events.damaged).isEmpty();
    assertThat(fixture.events.missing).isEmpty();
  }

  /** Segments that hold nothing which is in memory only go at once. */
  @Test
  void whatNobodyNeedsOfTheLogGoesAtTheStart() throws IOException {
    putKeys(50);
    int segments = fixture.files(".log").size();
    fixture.host.crash();
    // Three quarters of it are less than what was written, so that most of it is flushed.
    fixture.reopenWith(withMemory(62 << 10, 3_600_000));
    assertThat(fixture.files(".sst")).isNotEmpty();
    fixture.world.runFor(10_000_000_000L);
    assertThat(fixture.files(".log").size()).isLessThan(segments);
    crash();
    assertThat(fixture.engine.replayedRecords()).isBetween(1L, 20L);
    seeKeys(50);
  }

  /** Half of the memory is for what is written while the other half is flushed. */
  @Test
  void whatTakesUpMoreThanHalfOfTheMemoryIsFlushedBehindTheStart() throws IOException {
    putKeys(40);
    fixture.host.crash();
    fixture.reopenWith(withMemory(96 << 10, 3_600_000));
    assertThat(fixture.files(".sst")).as("the start waited for a flush").isEmpty();
    fixture.world.runFor(10_000_000_000L);
    assertThat(fixture.files(".sst")).isNotEmpty();
    seeKeys(40);
  }

  @Test
  void whatWasReplayedIsFlushedWhenItIsOldThoughNothingIsWritten() throws IOException {
    putKeys(4);
    fixture.host.crash();
    fixture.reopenWith(withMemory(4 << 20, 60_000));
    fixture.world.runFor(30_000_000_000L);
    assertThat(fixture.files(".sst")).isEmpty();
    fixture.world.runFor(60_000_000_000L);
    assertThat(fixture.files(".sst")).isNotEmpty();
    assertThat(fixture.engine.replayedRecords()).isEqualTo(4);
    seeKeys(4);
    crash();
    assertThat(fixture.engine.replayedRecords()).isZero();
    seeKeys(4);
  }

  @Test
  void whatWasReplayedGoesToTheArchiveWhenItIsFlushed() throws IOException {
    putKeys(40);
    fixture.host.crash();
    fixture.reopenWith(SMALL.withArchiveDirectory(ARCHIVE));
    fixture.put("last", "value");
    assertThat(fixture.host.disk().list(ARCHIVE)).isEmpty();
    List<Path> segments = fixture.files(".log");
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    fixture.world.runFor(10_000_000_000L);
    assertThat(segments).hasSizeGreaterThan(3);
    assertThat(fixture.host.disk().list(ARCHIVE))
        .hasSameElementsAs(
            segments.stream().map(path -> String.valueOf(path.getFileName())).toList());
  }

  /** What a process wrote and did not sync is there after it was killed, and readers see it. */
  @Test
  void whatWasSeenAfterAStartSurvivesAPowerLoss() throws IOException {
    for (int run = 0; run < 10; run++) {
      EngineFixture periodic = new EngineFixture(SMALL.withSyncMode(SyncMode.PERIODIC), 2);
      periodic.createTable(TABLE, TableSettings.DEFAULT);
      for (int i = 0; i < 10 + run; i++) {
        periodic.put("key" + i, "value");
      }
      periodic.world.runFor(1_000_000);
      periodic.host.kill();
      periodic.reopen();
      assertThat(periodic.value("key9")).isEqualTo("value");
      periodic.host.crash();
      periodic.reopen();
      assertThat(periodic.value("key9")).as("run %d", run).isEqualTo("value");
    }
  }

  /** A disk that failed a sync may have lost what the page cache has. */
  @Test
  void whatASyncFailedToBringToDiskIsWrittenOnceMore() throws IOException {
    for (int run = 0; run < 10; run++) {
      EngineFixture failing = new EngineFixture(SMALL, 2);
      failing.createTable(TABLE, TableSettings.DEFAULT);
      // Each run takes other chances.
      for (int i = 0; i <= run; i++) {
        failing.put("key", "before");
      }
      failing.host.disk().fail(Operation.SYNC, "commitlog");
      assertThat(failing.put(TABLE, "key", "seen")).isInstanceOf(ApplyOutcome.Unavailable.class);
      failing.host.disk().heal();
      failing.host.kill();
      failing.reopen();
      assertThat(failing.value("key")).isEqualTo("seen");
      failing.host.crash();
      failing.reopen();
      assertThat(failing.value("key")).as("run %d", run).isEqualTo("seen");
    }
  }

  @Test
  void crashAfterCrashNothingIsLostAndNothingIsReported() throws IOException {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      EngineFixture fragile = new EngineFixture(SMALL, 2);
      fragile.createTable(TABLE, TableSettings.DEFAULT);
      Map<String, String> acknowledged = new HashMap<>();
      for (int life = 0; life < 12; life++) {
        for (int i = random.nextInt(30); i > 0; i--) {
          String key = "key" + random.nextInt(50);
          String value = "y".repeat(random.nextInt(1_500)) + life;
          fragile.put(key, value);
          acknowledged.put(key, value);
        }
        if (random.nextInt(4) == 0) {
          fragile.succeed(done -> fragile.engine.flush(TABLE, done));
        }
        // A write that is under way, or is none yet.
        fragile.send(fragile.mutation(TABLE, "torn" + life, "z".repeat(5_000)));
        fragile.world.runFor(random.nextInt(200_000));
        if (random.nextBoolean()) {
          fragile.host.crash();
        } else {
          fragile.host.kill();
        }
        fragile.reopen();
        acknowledged.forEach((key, value) -> assertThat(fragile.value(key)).isEqualTo(value));
      }
      assertThat(fragile.events.damaged).as("seed %d", seed).isEmpty();
      assertThat(fragile.events.missing).as("seed %d", seed).isEmpty();
    }
  }

  /** The head of a record may be on the disk and its payload not: then it is none. */
  @Test
  void whatThePowerToreIsNoDamageAtALaterStart() throws IOException {
    for (int run = 0; run < 60; run++) {
      EngineFixture torn = new EngineFixture(SMALL.withSyncMode(SyncMode.PERIODIC), 1);
      torn.createTable(TABLE, TableSettings.DEFAULT);
      for (int i = 0; i <= run % 7; i++) {
        torn.put("key" + i, "x".repeat(7_000));
      }
      torn.world.runFor(1_000_000);
      torn.host.crash();
      torn.reopen();
      torn.put("another", "life");
      torn.world.runFor(2_000_000_000L);
      torn.host.crash();
      torn.reopen();
      torn.host.crash();
      torn.reopen();
      assertThat(torn.events.damaged).as("run %d", run).isEmpty();
      assertThat(torn.events.missing).as("run %d", run).isEmpty();
    }
  }

  @Test
  void aSegmentWhoseBeginningWasTornIsForgotten() throws IOException {
    for (int left = CommitLogFormat.HEADER_BYTES; left <= CommitLogFormat.FIRST_RECORD; left++) {
      EngineFixture torn = new EngineFixture(SMALL, 1);
      torn.createTable(TABLE, TableSettings.DEFAULT);
      torn.put("key", "value");
      torn.host.crash();
      torn.reopen();
      torn.put("torn", "value");
      torn.host.crash();
      Path last = torn.files(".log").getLast();
      byte[] bytes = torn.host.disk().readAll(last);
      Arrays.fill(bytes, left, bytes.length, (byte) 0);
      torn.host.disk().replace(last, bytes);
      for (int life = 0; life < 3; life++) {
        torn.reopen();
        assertThat(torn.value("key")).isEqualTo("value");
        torn.put("life" + life, "value");
        torn.host.crash();
      }
      assertThat(torn.events.damaged).as("%d bytes", left).isEmpty();
      assertThat(torn.events.missing).as("%d bytes", left).isEmpty();
    }
  }

  /** Its records would be of the generation that the next truncation begins. */
  @Test
  void aTruncationThatIsDoneAgainRemovesWhatWasWrittenSinceTheFirst() throws IOException {
    // What keeps the log from being given up.
    UUID other = new UUID(8, 8);
    fixture.createTable(other, TableSettings.DEFAULT);
    assertThat(fixture.put(other, "key", "other")).isEqualTo(ApplyOutcome.APPLIED);
    fixture.put("key", "before");
    fixture.host.disk().fail(Operation.RENAME, TABLE + "/MANIFEST");
    assertThat(fixture.run(done -> fixture.engine.truncate(TABLE, 7, done))).isNotNull();
    fixture.put("key", "between");
    fixture.host.crash();
    fixture.host.disk().heal();
    fixture.reopen();
    assertThat(fixture.value("key")).isEqualTo("between");
    fixture.succeed(done -> fixture.engine.truncate(TABLE, 7, done));
    assertThat(fixture.value("key")).isNull();
    assertThat(fixture.put(other, "next", "other")).isEqualTo(ApplyOutcome.APPLIED);
    crash();
    assertThat(fixture.value("key")).isNull();
    assertThat(fixture.value(other, "key")).isEqualTo("other");
  }

  @Test
  void aSegmentOfAnEarlierLifeThatIsMissingIsReported() throws IOException {
    putKeys(20);
    Path last = fixture.files(".log").getLast();
    crash();
    putKeys(20);
    fixture.host.crash();
    fixture.host.disk().lose(last);
    fixture.reopen();
    assertThat(fixture.events.missing).hasSize(1);
    assertThat(fixture.events.missing.getFirst()).startsWith(last.toString());
  }

  /** A segment that is made too late to be used stays empty. */
  @Test
  void oneThatWasGivenUpIsNotMissedForAnEmptyOneBeforeIt() throws IOException {
    fixture.put("key", "value");
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    fixture.world.runFor(1_000_000_000L);
    fixture.put("key", "another");
    Path last = fixture.files(".log").getLast();
    fixture.host.crash();
    Path empty = last.resolveSibling(CommitLogFormat.fileName(0));
    fixture.host.disk().replace(empty, Arrays.copyOf(CommitLogFormat.header(0), 16 << 10));
    fixture.reopen();
    assertThat(fixture.events.missing).isEmpty();
    assertThat(fixture.value("key")).isEqualTo("another");
  }

  /**
   * A segment that was archived may share its bytes with the archive, whatever the next run has.
   */
  @Test
  void whatWasArchivedStaysAsItWasWhenTheNextRunHasNoArchive() throws IOException {
    EngineFixture archived = new EngineFixture(SMALL.withArchiveDirectory(ARCHIVE), 1);
    archived.createTable(TABLE, TableSettings.DEFAULT);
    for (int i = 0; i < 20; i++) {
      archived.put("key" + i, "x".repeat(1_000));
    }
    archived.host.disk().fail(Operation.DELETE, "/commitlog/");
    archived.succeed(done -> archived.engine.flush(TABLE, done));
    archived.world.runFor(1_000_000_000L);
    Path first = ARCHIVE.resolve(CommitLogFormat.fileName(1));
    byte[] bytes = archived.host.disk().readAll(first);
    archived.host.crash();
    archived.host.disk().heal();
    archived.reopenWith(SMALL);
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 20; i++) {
        archived.put("key" + i, "y".repeat(1_000));
      }
      archived.succeed(done -> archived.engine.flush(TABLE, done));
    }
    assertThat(archived.host.disk().readAll(first)).isEqualTo(bytes);
  }

  /** What is written again and again takes less room in an SSTable than in the log. */
  @Test
  void whereTheLogCannotBeWrittenAnewItIsFlushed() throws IOException {
    for (int i = 0; i < 200; i++) {
      fixture.put("key", "x".repeat(200) + i);
    }
    fixture.host.crash();
    long much = 1L << 30;
    fixture.host.disk().capacity(much);
    long used = much - fixture.host.disk().usableBytes(EngineFixture.DIRECTORY);
    fixture.host.disk().capacity(used + (6 << 10));
    fixture.reopen();
    assertThat(fixture.files(".sst")).isNotEmpty();
    assertThat(fixture.files(".log")).isEmpty();
    assertThat(fixture.value("key")).endsWith("199");
  }

  /** What was damaged is told of at one start, not at each until a flush. */
  @Test
  void aLogThatWasDamagedIsFlushedAndBegunAnew() throws IOException {
    putKeys(20);
    fixture.host.crash();
    Path first = fixture.files(".log").getFirst();
    fixture.host.disk().flipBit(first, 8L * (CommitLogFormat.FIRST_RECORD + 500));
    fixture.reopen();
    assertThat(fixture.events.damaged).hasSize(1);
    assertThat(fixture.files("/commitlog/")).isEmpty();
    crash();
    assertThat(fixture.events.damaged).hasSize(1);
    assertThat(fixture.engine.replayedRecords()).isZero();
    assertThat(fixture.value("key19")).isNotNull();
  }

  /** A tombstone is kept while the log holds what it deletes, also when a start flushed that. */
  @Test
  void aTombstoneIsNotPurgedWhileTheLogHoldsWhatItDeletes() throws IOException {
    EngineFixture full = new EngineFixture(SMALL, 1);
    full.createTable(TABLE, TableSettings.DEFAULT.withGcGraceSeconds(0));
    List<ApplyOutcome> deleted = full.send(deletion("key0", full.timestamp() + 1));
    full.world.runFor(1_000_000_000L);
    assertThat(deleted).containsExactly(ApplyOutcome.APPLIED);
    full.succeed(done -> full.engine.flush(TABLE, done));
    full.world.runFor(1_000_000_000L);
    List<Path> before = full.files(".log");
    // The row comes behind the tombstone that deletes it; what comes then is newer.
    for (int i = 0; i < 40; i++) {
      full.put("key" + i, "x".repeat(1_000));
    }
    full.host.crash();
    // What the start flushes stays in the log all the same.
    String first =
        full.files(".log").stream()
            .filter(path -> !before.contains(path))
            .map(path -> String.valueOf(path.getFileName()))
            .findFirst()
            .orElseThrow();
    full.host.disk().fail(Operation.DELETE, first);
    full.host.disk().fail(Operation.RENAME, first);
    full.reopenWith(withMemory(48 << 10, 3_600_000));
    assertThat(full.files(".sst").size()).as("one, and what the start flushed").isEqualTo(2);
    full.world.runFor(10_000_000_000L);
    full.succeed(done -> full.engine.maintenance().compact(TABLE, done));
    full.world.runFor(1_000_000_000L);
    assertThat(full.files(".sst").size()).isEqualTo(1);
    full.host.crash();
    full.host.disk().heal();
    full.reopen();
    assertThat(full.engine.replayedRecords()).isEqualTo(40);
    assertThat(full.value("key0")).isNull();
    assertThat(full.value("key1")).isNotNull();
  }

  private static Mutation deletion(String key, long timestampMicros) {
    return Mutation.of(
        new FragmentWriter()
            .begin(TABLE, EngineFixture.token(key), EngineFixture.bytes(key))
            .partitionDeletion(timestampMicros, 1)
            .finish());
  }
}
