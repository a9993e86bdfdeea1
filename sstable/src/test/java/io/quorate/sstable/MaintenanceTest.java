package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.DIRECTORY;
import static io.quorate.sstable.EngineFixture.SMALL;
import static io.quorate.sstable.EngineFixture.TABLE;
import static io.quorate.sstable.EngineFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.FileSystem.Operation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * If this breaks, compaction or what an administrator asks for loses rows, fills the disk, cannot
 * be stopped, or says that it did what it did not.
 */
class MaintenanceTest {
  private static final long SECOND = 1_000_000_000L;

  private static EngineFixture fixture(Map<String, String> compaction) throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(
        TABLE, TableSettings.DEFAULT.withCompaction(new CompactionSettings(compaction)));
    return fixture;
  }

  /** A table that compacts only when it is told to. */
  private static EngineFixture quiet() throws IOException {
    return fixture(Map.of("class", "UnifiedCompactionStrategy", "enabled", "false"));
  }

  private static EngineFixture tiered() throws IOException {
    return fixture(Map.of("class", "SizeTieredCompactionStrategy"));
  }

  /** Writes SSTables of some rows each; values do not compress. */
  private static void flushTables(EngineFixture fixture, int tables, int rows) {
    Random random = new Random(1);
    for (int table = 0; table < tables; table++) {
      for (int row = 0; row < rows; row++) {
        fixture.put("key" + table + "-" + row, value(random));
      }
      fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    }
  }

  private static String value(Random random) {
    StringBuilder value = new StringBuilder();
    for (int i = 0; i < 50; i++) {
      value.append((char) (' ' + random.nextInt(95)));
    }
    return value.toString();
  }

  private static void checkRows(EngineFixture fixture, int tables, int rows) {
    for (int table = 0; table < tables; table++) {
      for (int row = 0; row < rows; row++) {
        assertThat(fixture.value("key" + table + "-" + row)).isNotNull();
      }
    }
  }

  private static StorageTask last(EngineFixture fixture) {
    fixture.world.runUntil(() -> !fixture.events.begun.isEmpty(), 10 * SECOND);
    return fixture.events.begun.getLast();
  }

  @Test
  void aFullDiskLeavesTheOldTablesAndIsNotTriedWithoutEnd() throws IOException {
    EngineFixture fixture = tiered();
    flushTables(fixture, 3, 200);
    fixture.engine.maintenance().configure(new CompactionOptions(1, 1 << 10, 0.8, 1_000));
    flushTables(fixture, 1, 200);
    // It has begun, and now the disk fills up.
    fixture.world.runUntil(() -> !fixture.events.begun.isEmpty(), 10 * SECOND);
    fixture.host.disk().capacity(1);
    fixture.engine.maintenance().configure(new CompactionOptions(1, 0, 0.8, 1_000));
    assertThat(fixture.run(done -> fixture.engine.maintenance().compact(TABLE, done))).isNotNull();
    fixture.world.runFor(600 * SECOND);
    assertThat(fixture.events.begun.size() + fixture.events.postponed.size())
        .as("attempts in ten minutes")
        .isBetween(2, 20);
    checkRows(fixture, 3, 200);
    fixture.host.disk().capacity(Long.MAX_VALUE);
    fixture.succeed(done -> fixture.engine.maintenance().compact(TABLE, done));
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(1);
    checkRows(fixture, 3, 200);
    assertThat(fixture.files("/tables/").stream().filter(f -> f.toString().contains(".sst")))
        .as("nothing is left of what failed")
        .hasSize(1);
  }

  @Test
  void aManifestThatCannotBeStoredCostsNoSpaceInTheEnd() throws IOException {
    EngineFixture fixture = quiet();
    flushTables(fixture, 2, 50);
    fixture.host.disk().fail(Operation.SYNC, "MANIFEST");
    assertThat(fixture.run(done -> fixture.engine.maintenance().compact(TABLE, done))).isNotNull();
    checkRows(fixture, 2, 50);
    fixture.host.disk().heal();
    fixture.succeed(done -> fixture.engine.maintenance().compact(TABLE, done));
    fixture.world.runFor(SECOND);
    assertThat(fixture.files(".sst")).hasSize(1);
    checkRows(fixture, 2, 50);
  }

  @Test
  void compactionLeavesAShareOfTheDiskFree() throws IOException {
    EngineFixture fixture = tiered();
    flushTables(fixture, 3, 200);
    long used = fixture.stats(TABLE).diskBytes();
    CompactionOptions careful = new CompactionOptions(1, 0, 0.001, 1_000);
    fixture.engine.maintenance().configure(careful);
    fixture.host.disk().capacity(40 * used);
    flushTables(fixture, 1, 200);
    fixture.world.runFor(10 * SECOND);
    assertThat(fixture.events.postponed).hasSize(1);
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(4);
    assertThat(fixture.run(done -> fixture.engine.maintenance().compact(TABLE, done)))
        .hasMessageContaining("may be used");

    fixture.engine.maintenance().configure(CompactionOptions.DEFAULT);
    fixture.world.runFor(120 * SECOND);
    assertThat(fixture.stats(TABLE).tableCount()).as("once there is space").isEqualTo(1);
    checkRows(fixture, 3, 200);
  }

  @Test
  void aCompactionThatDoesNotFitIsMadeSmaller() throws IOException {
    EngineFixture fixture = tiered();
    // Without a log: when its segments come and go would decide what is free.
    CompactionSettings compaction =
        new CompactionSettings(Map.of("class", "SizeTieredCompactionStrategy"));
    TableSettings unlogged =
        TableSettings.DEFAULT.withCompaction(compaction).withDurability(Durability.NONE);
    fixture.succeed(done -> fixture.engine.alterTable(TABLE, unlogged, done));
    CompactionOptions half = new CompactionOptions(1, 0, 0.5, 1_000);
    fixture.engine.maintenance().configure(half);
    flushTables(fixture, 3, 200);
    long one = fixture.stats(TABLE).diskBytes() / 3;
    // Of what is free, half is enough for three tables and not for four.
    long taken = fixture.files("/data").stream().mapToLong(file -> size(fixture, file)).sum();
    fixture.host.disk().capacity(taken + 8 * one);
    flushTables(fixture, 1, 200);
    fixture.world.runFor(10 * SECOND);
    assertThat(fixture.stats(TABLE).tableCount()).isBetween(2, 3);
    checkRows(fixture, 3, 200);
  }

  private static long size(EngineFixture fixture, Path file) {
    try {
      return fixture.host.disk().size(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aCancelledCompactionIsAsIfItHadNotBegun() throws IOException {
    EngineFixture fixture = quiet();
    fixture.engine.maintenance().configure(new CompactionOptions(1, 0, 0.8, 10));
    flushTables(fixture, 3, 200);
    List<IOException> answers = new ArrayList<>();
    fixture.engine.maintenance().compact(TABLE, answers::add);
    StorageTask task = last(fixture);
    fixture.world.runUntil(() -> task.doneBytes() > 0, 10 * SECOND);
    assertThat(task.state()).isEqualTo(StorageTask.State.RUNNING);
    assertThat(task.doneBytes()).isLessThanOrEqualTo(task.totalBytes());
    task.cancel();
    fixture.world.runUntil(() -> !answers.isEmpty(), 10 * SECOND);
    assertThat(task.state()).isEqualTo(StorageTask.State.CANCELLED);
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(3);
    assertThat(fixture.files(".tmp")).isEmpty();
    checkRows(fixture, 3, 200);
  }

  @Test
  void theThroughputIsKeptTo() throws IOException {
    EngineFixture fixture = quiet();
    flushTables(fixture, 3, 300);
    long bytes = fixture.stats(TABLE).diskBytes();
    fixture.engine.maintenance().configure(new CompactionOptions(1, bytes / 20, 0.8, 10));
    long began = fixture.environment.clock().nanos();
    fixture.succeed(done -> fixture.engine.maintenance().compact(TABLE, done));
    long seconds = (fixture.environment.clock().nanos() - began) / SECOND;
    assertThat(seconds).isBetween(10L, 25L);
    assertThat(fixture.engine.maintenance().stats().readBytes()).isBetween(bytes / 2, bytes);
    assertThat(last(fixture).state()).isEqualTo(StorageTask.State.DONE);
  }

  @Test
  void scrubBringsBackWhatCanBeRead() throws IOException {
    EngineFixture fixture = quiet();
    flushTables(fixture, 1, 300);
    Path file = fixture.files(".sst").getFirst();
    fixture.host.disk().flipBit(file, 8 * 9_000);
    assertThat(fixture.run(done -> fixture.engine.maintenance().verify(TABLE, done)))
        .isInstanceOf(CorruptFileException.class);
    fixture.world.runFor(SECOND);
    assertThat(fixture.stats(TABLE).quarantinedCount()).isEqualTo(1);
    assertThat(fixture.read(TABLE, "key0-7")).isInstanceOf(ReadFailure.class);

    fixture.succeed(done -> fixture.engine.maintenance().scrub(TABLE, done));
    assertThat(last(fixture).outcome()).contains("1 blocks are lost");
    int lost = lostRows(fixture);
    assertThat(lost).as("what was lost is refused, and only that").isBetween(1, 100);
    fixture.host.crash();
    fixture.reopen();
    assertThat(lostRows(fixture)).as("it is not forgotten in a restart").isEqualTo(lost);
    fixture.succeed(done -> fixture.engine.maintenance().scrub(TABLE, done));
    assertThat(lostRows(fixture)).isEqualTo(lost);
    fixture.succeed(done -> fixture.engine.maintenance().verify(TABLE, done));
  }

  /** Numbers were given again after a truncation and a restart; scrub then read the old file. */
  @Test
  void whatWasPutAsideBeforeATruncationDoesNotComeBack() throws IOException {
    EngineFixture fixture = quiet();
    flushTables(fixture, 1, 300);
    damage(fixture);
    fixture.truncate(TABLE);
    fixture.host.crash();
    fixture.reopen();
    for (int row = 0; row < 300; row++) {
      fixture.put("new" + row, value(new Random(row)));
    }
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    damage(fixture);
    fixture.succeed(done -> fixture.engine.maintenance().scrub(TABLE, done));
    fixture.succeed(done -> fixture.engine.forgetQuarantined(TABLE, done));
    assertThat(fixture.value("key0-7")).as("it was truncated").isNull();
    long brought =
        IntStream.range(0, 300).filter(row -> fixture.value("new" + row) != null).count();
    assertThat(brought).as("what could be read of the new file").isGreaterThan(100);
  }

  /** Damages the table's only SSTable, and has it put aside. */
  private static void damage(EngineFixture fixture) throws IOException {
    fixture
        .host
        .disk()
        .flipBit(
            fixture.files("/tables/").stream()
                .filter(path -> path.toString().endsWith(".sst"))
                .findFirst()
                .orElseThrow(),
            8 * 9_000);
    assertThat(fixture.run(done -> fixture.engine.maintenance().verify(TABLE, done)))
        .isInstanceOf(CorruptFileException.class);
    fixture.world.runFor(SECOND);
    assertThat(fixture.stats(TABLE).quarantinedCount()).isEqualTo(1);
  }

  private static int lostRows(EngineFixture fixture) {
    int lost = 0;
    for (int row = 0; row < 300; row++) {
      if (fixture.read(TABLE, "key0-" + row) instanceof ReadResult) {
        assertThat(fixture.value("key0-" + row)).isNotNull();
      } else {
        lost++;
      }
    }
    return lost;
  }

  @Test
  void cleanupLeavesOutWhatIsNotOwned() throws IOException {
    EngineFixture fixture = quiet();
    flushTables(fixture, 2, 100);
    List<TokenRange> owned =
        List.of(new TokenRange(Long.MIN_VALUE, -1L << 62), new TokenRange(0, 1L << 61));
    fixture.succeed(done -> fixture.engine.maintenance().cleanup(TABLE, owned, done));
    int kept = 0;
    for (int table = 0; table < 2; table++) {
      for (int row = 0; row < 100; row++) {
        String key = "key" + table + "-" + row;
        boolean mine = TokenRange.anyContains(owned, token(key));
        assertThat(fixture.value(key) != null).as(key).isEqualTo(mine);
        kept += mine ? 1 : 0;
      }
    }
    assertThat(kept).isBetween(20, 150);
    fixture.succeed(done -> fixture.engine.maintenance().cleanup(TABLE, List.of(), done));
    assertThat(fixture.stats(TABLE).tableCount()).as("nothing is owned any more").isZero();
  }

  @Test
  void rangesOfTokensAreComparedAsAWhole() {
    List<TokenRange> ranges = List.of(new TokenRange(10, 20), new TokenRange(0, 9));
    assertThat(TokenRange.allContain(ranges, 3, 17)).isTrue();
    assertThat(TokenRange.allContain(ranges, 3, 21)).isFalse();
    assertThat(TokenRange.allContain(List.of(TokenRange.ALL), Long.MIN_VALUE, Long.MAX_VALUE))
        .isTrue();
    assertThat(TokenRange.allContain(List.of(new TokenRange(0, 9)), 8, 11)).isFalse();
  }

  /** Files of versions 1 and 2, as they were written when those were the newest. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void anOldFileIsReadAndThenRewritten(int version) throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.host.kill();
    Path directory = DIRECTORY.resolve("tables").resolve(TABLE.toString());
    fixture.host.disk().createDirectories(directory);
    byte[] golden;
    try (InputStream in =
        Objects.requireNonNull(
            getClass().getResourceAsStream("/golden/version-" + version + ".sst"))) {
      golden = in.readAllBytes();
    }
    try (var file =
        fixture
            .host
            .disk()
            .open(directory.resolve("1.sst"), io.quorate.environment.FileSystem.Mode.CREATE)) {
      file.write(ByteBuffer.wrap(golden), 0);
      file.sync();
    }
    new TableManifest(
            TABLE,
            TableSettings.DEFAULT,
            0,
            List.of(new TableManifest.Listed(1, Long.MIN_VALUE, Long.MAX_VALUE, 0, false)))
        .store(fixture.host.disk(), directory);
    fixture.reopen();
    assertThat(goldenRows(fixture)).isEqualTo(120);
    fixture.succeed(done -> fixture.engine.maintenance().upgrade(TABLE, done));
    fixture.world.runFor(SECOND);
    assertThat(fixture.files(".sst")).noneMatch(path -> path.endsWith("1.sst"));
    assertThat(goldenRows(fixture)).isEqualTo(120);
    List<Path> newest = fixture.files(".sst");
    fixture.succeed(done -> fixture.engine.maintenance().upgrade(TABLE, done));
    assertThat(fixture.files(".sst")).as("what is new is left alone").isEqualTo(newest);
  }

  private static int goldenRows(EngineFixture fixture) {
    List<RangeOutcome> pages = new ArrayList<>();
    RangeCommand all =
        new RangeCommand(
            TABLE,
            RangePosition.startOf(Long.MIN_VALUE),
            Long.MAX_VALUE,
            ReadLimits.all(1),
            Integer.MAX_VALUE,
            1 << 20);
    fixture.environment.shards().get(0).execute(() -> fixture.engine.readRange(all, pages::add));
    fixture.world.runUntil(() -> !pages.isEmpty(), 10 * SECOND);
    return ((RangePage) pages.getFirst()).liveRows();
  }

  @Test
  void levelsOutliveARestart() throws IOException {
    EngineFixture fixture =
        fixture(
            Map.of(
                "class",
                "LeveledCompactionStrategy",
                "sstable_size_in_mb",
                "1",
                "fanout_size",
                "2"));
    Random random = new Random(3);
    byte[] raw = new byte[3_000];
    for (int i = 0; i < 1_500; i++) {
      random.nextBytes(raw);
      fixture.put("key" + i, java.util.HexFormat.of().formatHex(raw));
      if (i % 100 == 99) {
        fixture.succeed(done -> fixture.engine.flush(TABLE, done));
      }
    }
    fixture.world.runFor(60 * SECOND);
    List<Integer> before = levels(fixture);
    assertThat(before).as("tables went down").anyMatch(level -> level >= 2);
    fixture.host.crash();
    fixture.reopen();
    assertThat(levels(fixture)).isEqualTo(before);
    for (int i = 0; i < 1_500; i++) {
      assertThat(fixture.value("key" + i)).isNotNull();
    }
  }

  private static List<Integer> levels(EngineFixture fixture) throws IOException {
    Path directory = DIRECTORY.resolve("tables").resolve(TABLE.toString());
    return TableManifest.load(fixture.host.disk(), directory).files().stream()
        .map(TableManifest.Listed::level)
        .filter(level -> level > 0)
        .toList();
  }

  @Test
  void aTableThatIsDroppedWhileItIsCompactedLeavesNothing() throws IOException {
    EngineFixture fixture = quiet();
    fixture.engine.maintenance().configure(new CompactionOptions(1, 0, 0.8, 5));
    flushTables(fixture, 3, 100);
    fixture.engine.maintenance().compact(TABLE, failure -> {});
    StorageTask task = last(fixture);
    fixture.world.runUntil(() -> task.doneBytes() > 0, 10 * SECOND);
    fixture.succeed(done -> fixture.engine.dropTable(TABLE, done));
    fixture.world.runFor(SECOND);
    assertThat(fixture.files("/tables/")).isEmpty();
    assertThat(fixture.events.failed).isEmpty();
  }

  @Test
  void aTombstoneGoesWhenTheRuleSaysSo() throws IOException {
    EngineFixture fixture = quiet();
    fixture.put("key", "value");
    Mutation deletion =
        Mutation.of(
            new FragmentWriter()
                .begin(TABLE, token("key"), EngineFixture.bytes("key"))
                .partitionDeletion(1_000_000, fixture.environment.clock().wallSeconds())
                .finish());
    assertThat(fixture.send(deletion)).isEmpty();
    fixture.world.runFor(SECOND);
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    fixture.succeed(done -> fixture.engine.maintenance().compact(TABLE, done));
    assertThat(fixture.stats(TABLE).tombstones()).as("its grace is not over").isEqualTo(1);
    fixture.engine.purgeBy((tableId, settings, token, nowSeconds) -> nowSeconds + 1);
    fixture.succeed(done -> fixture.engine.maintenance().compact(TABLE, done));
    assertThat(fixture.stats(TABLE).tombstones()).isZero();
    assertThat(fixture.value("key")).isNull();
  }

  @Test
  void aWindowThatHasExpiredGoesWithoutAWrite() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(
        TABLE,
        TableSettings.DEFAULT
            .withGcGraceSeconds(60)
            .withCompaction(
                new CompactionSettings(Map.of("class", "TimeWindowCompactionStrategy"))));
    long expiresAt = fixture.environment.clock().wallSeconds() + 300;
    for (int row = 0; row < 20; row++) {
      String key = "short" + row;
      fixture.send(
          Mutation.of(
              new FragmentWriter()
                  .begin(TABLE, token(key), EngineFixture.bytes(key))
                  .beginRow(RandomFragments.rowKey(1))
                  .rowLiveness(10, 300, expiresAt)
                  .expiringCell(1, null, 10, 300, expiresAt, EngineFixture.bytes("value"))
                  .endRow()
                  .finish()));
    }
    fixture.world.runFor(SECOND);
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    fixture.put("long", "value");
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(2);
    fixture.world.runFor(1_300 * SECOND);
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(1);
    assertThat(fixture.value("long")).isEqualTo("value");
    assertThat(fixture.value("short1")).isNull();
  }
}
