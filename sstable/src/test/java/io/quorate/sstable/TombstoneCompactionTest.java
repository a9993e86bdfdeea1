package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.SMALL;
import static io.quorate.sstable.EngineFixture.TABLE;
import static io.quorate.sstable.EngineFixture.bytes;
import static io.quorate.sstable.EngineFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, what was deleted or has expired fills the disk for ever where nothing new is
 * written, or a node rewrites its SSTables again and again for nothing.
 */
class TombstoneCompactionTest {
  private static final long SECOND = 1_000_000_000L;

  /** Grace of 10 s, and a look once a minute. */
  private static EngineFixture fixture(String strategy, String... options) throws IOException {
    Map<String, String> map = new TreeMap<>();
    map.put("class", strategy + "CompactionStrategy");
    if (!strategy.equals("SizeTiered") && !strategy.equals("Leveled")) {
      map.put("expired_sstable_check_frequency_seconds", "60");
    }
    for (int i = 0; i < options.length; i += 2) {
      map.put(options[i], options[i + 1]);
    }
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(
        TABLE,
        TableSettings.DEFAULT
            .withGcGraceSeconds(10)
            // Without a log, a restart makes no SSTable of what is in one already.
            .withDurability(Durability.NONE)
            .withCompaction(new CompactionSettings(map)));
    return fixture;
  }

  private static FragmentWriter row(String key) {
    return new FragmentWriter()
        .begin(TABLE, token(key), bytes(key))
        .beginRow(RandomFragments.rowKey(1));
  }

  private static void send(EngineFixture fixture, FragmentWriter row) {
    List<ApplyOutcome> outcomes = fixture.send(Mutation.of(row.endRow().finish()));
    fixture.world.runUntil(() -> !outcomes.isEmpty(), 10 * SECOND);
    assertThat(outcomes).containsExactly(ApplyOutcome.APPLIED);
  }

  /** Deletes later than anything that {@link EngineFixture#put} writes. */
  private static void delete(EngineFixture fixture, String key) {
    long now = fixture.environment.clock().wallSeconds();
    send(fixture, row(key).rowDeletion(1_000_000, now));
  }

  private static void putExpiring(EngineFixture fixture, String key, long timestamp, int ttl) {
    long expiresAt = fixture.environment.clock().wallSeconds() + ttl;
    FragmentWriter row = row(key).rowLiveness(timestamp, ttl, expiresAt);
    send(fixture, row.expiringCell(1, null, timestamp, ttl, expiresAt, bytes("value")));
  }

  private static void flush(EngineFixture fixture) {
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
  }

  /** One SSTable, of whose 30 values and deletions 10 can go after a while. */
  private static void flushLoneTable(EngineFixture fixture) {
    for (int i = 0; i < 10; i++) {
      delete(fixture, "deleted" + i);
      fixture.put("kept" + i, "value");
    }
    flush(fixture);
  }

  /** An SSTable of deletions above one that holds what they delete. */
  private static void flushTwoTables(EngineFixture fixture) {
    for (int i = 0; i < 10; i++) {
      fixture.put("deleted" + i, "value");
      fixture.put("kept" + i, "value");
    }
    flush(fixture);
    for (int i = 0; i < 10; i++) {
      delete(fixture, "deleted" + i);
    }
    flush(fixture);
  }

  private static void checkRows(EngineFixture fixture) {
    for (int i = 0; i < 10; i++) {
      assertThat(fixture.value("kept" + i)).isEqualTo("value");
      assertThat(fixture.value("deleted" + i)).isNull();
    }
  }

  @Test
  void tombstonesOfALoneTableGoOnceItIsOldEnough() throws IOException {
    for (String strategy : List.of("Unified", "TimeWindow")) {
      EngineFixture fixture = fixture(strategy, "tombstone_compaction_interval", "300");
      flushLoneTable(fixture);
      fixture.world.runFor(200 * SECOND);
      assertThat(fixture.stats(TABLE).tombstones()).as("it is not old enough").isEqualTo(10);
      // When it was written is known after a restart, too.
      fixture.host.crash();
      fixture.reopen();
      fixture.world.runFor(200 * SECOND);
      assertThat(fixture.stats(TABLE).tombstones()).as(strategy).isZero();
      assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(1);
      checkRows(fixture);
    }
  }

  @Test
  void theDefaultIsADayAndAFifth() throws IOException {
    for (String strategy : List.of("Unified", "SizeTiered", "Leveled")) {
      EngineFixture fixture = fixture(strategy);
      flushLoneTable(fixture);
      fixture.world.runFor(86_000 * SECOND);
      assertThat(fixture.stats(TABLE).tombstones()).isEqualTo(10);
      fixture.world.runFor(1_200 * SECOND);
      assertThat(fixture.stats(TABLE).tombstones()).as(strategy).isZero();
    }
    assertThat(new CompactionSettings(Map.of("class", "UnifiedCompactionStrategy")).tombstones())
        .isEqualTo(new TombstoneRule(true, 0.2, 86_400, false));
  }

  /** As in Cassandra: windows are left alone unless one of the options is given. */
  @Test
  void aTableBelowTheThresholdAndAWindowAreLeftAlone() throws IOException {
    EngineFixture below =
        fixture("Unified", "tombstone_compaction_interval", "100", "tombstone_threshold", "0.34");
    EngineFixture window = fixture("TimeWindow");
    for (EngineFixture fixture : List.of(below, window)) {
      flushLoneTable(fixture);
      fixture.world.runFor(90_000 * SECOND);
      assertThat(fixture.stats(TABLE).tombstones()).isEqualTo(10);
      assertThat(fixture.events.begun).isEmpty();
    }
  }

  @Test
  void tombstonesThatAnOlderTableStillNeedsAreNotRewrittenUnlessAskedFor() throws IOException {
    EngineFixture fixture = fixture("Unified", "tombstone_compaction_interval", "100");
    flushTwoTables(fixture);
    fixture.world.runFor(1_000 * SECOND);
    assertThat(fixture.events.begun).isEmpty();

    EngineFixture unchecked =
        fixture(
            "Unified",
            "tombstone_compaction_interval",
            "100",
            "unchecked_tombstone_compaction",
            "true");
    flushTwoTables(unchecked);
    unchecked.world.runFor(1_000 * SECOND);
    assertThat(unchecked.events.begun).as("once an interval").hasSizeBetween(5, 10);
    assertThat(unchecked.stats(TABLE).tombstones()).as("what deletes something").isEqualTo(10);
    checkRows(unchecked);
  }

  @Test
  void theShareOutsideOfOlderTablesIsWhatCounts() {
    TombstoneRule rule = new TombstoneRule(true, 0.2, 100, false);
    SSTableStatistics half = statistics(0, 99, 50, 60, 0.5);
    assertThat(rule.gain(half, List.of(), 1_000, 1_000)).isEqualTo(0.5);
    assertThat(rule.gain(half, List.of(), 1_000, 99)).as("it is new").isZero();
    assertThat(rule.gain(half, List.of(), 7, 1_000)).as("their grace").isZero();
    SSTableStatistics newer = statistics(0, 99, 61, 70, 0);
    assertThat(rule.gain(half, List.of(newer), 1_000, 1_000)).isEqualTo(0.5);
    SSTableStatistics beside = statistics(100, 199, 1, 2, 0);
    assertThat(rule.gain(half, List.of(beside), 1_000, 1_000)).isEqualTo(0.5);
    SSTableStatistics first = statistics(-50, 29, 1, 2, 0);
    SSTableStatistics within = statistics(10, 19, 1, 2, 0);
    SSTableStatistics last = statistics(80, 199, 1, 2, 0);
    assertThat(rule.gain(half, List.of(last, within, first), 1_000, 1_000)).isEqualTo(0.25);
    SSTableStatistics more = statistics(20, 39, 60, 70, 0);
    assertThat(rule.gain(half, List.of(last, within, first, more), 1_000, 1_000)).isZero();
  }

  /** Of some tokens and timestamps, written in second 0, some of it deleted in second 7. */
  private static SSTableStatistics statistics(
      long minToken, long maxToken, long minMicros, long maxMicros, double deleted) {
    long[] counts = {(long) (deleted * 100)};
    return new SSTableStatistics(
        100,
        100,
        counts[0],
        100,
        minMicros,
        maxMicros,
        7,
        Long.MAX_VALUE,
        minToken,
        maxToken,
        false,
        false,
        true,
        false,
        new int[0],
        RowKeys.LOWEST,
        RowKeys.HIGHEST,
        null,
        new DropTimes(0, 100, 0, new long[] {7}, counts));
  }

  @Test
  void everyCompactionLeavesALineIfAskedFor() throws IOException {
    EngineFixture silent = fixture("SizeTiered", "min_threshold", "2");
    flushTwoTables(silent);
    silent.world.runFor(SECOND);
    assertThat(silent.stats(TABLE).tableCount()).isEqualTo(1);
    assertThat(silent.events.compacted).isEmpty();

    EngineFixture fixture = fixture("SizeTiered", "min_threshold", "2", "log_all", "true");
    flushTwoTables(fixture);
    fixture.world.runFor(SECOND);
    fixture.succeed(done -> fixture.engine.maintenance().compact(TABLE, done));
    assertThat(fixture.events.compacted).hasSize(2);
    assertThat(fixture.events.compacted.getFirst())
        .matches(
            "due: 2 \\(\\d+ bytes, level 0\\), 1 \\(\\d+ bytes, level 0\\);"
                + " wrote \\d+ bytes in \\d+ ms");
    assertThat(fixture.events.compacted.getLast()).startsWith("major_compaction: 3 (");
  }

  @Test
  void whatHasExpiredIsLookedForAsOftenAsTheTableSays() throws IOException {
    EngineFixture often = fixture("TimeWindow");
    EngineFixture seldom =
        fixture("TimeWindow", "expired_sstable_check_frequency_seconds", "100000");
    for (EngineFixture fixture : List.of(often, seldom)) {
      putExpiring(fixture, "short", 10, 20);
      flush(fixture);
      fixture.world.runFor(65 * SECOND);
    }
    assertThat(often.stats(TABLE).tableCount()).isZero();
    seldom.world.runFor(10_000 * SECOND);
    assertThat(seldom.stats(TABLE).tableCount()).isEqualTo(1);
    // The table's new settings count from now on.
    seldom.succeed(done ->
        seldom.engine.alterTable(
            TABLE,
            TableSettings.DEFAULT
                .withGcGraceSeconds(10)
                .withCompaction(
                    new CompactionSettings(
                        Map.of(
                            "class",
                            "TimeWindowCompactionStrategy",
                            "expired_sstable_check_frequency_seconds",
                            "30"))),
            done));
    seldom.world.runFor(35 * SECOND);
    assertThat(seldom.stats(TABLE).tableCount()).isZero();
  }

  /** Two windows with late writes hide one another, and would stay for ever. */
  @Test
  void tablesThatHaveExpiredGoTogether() throws IOException {
    EngineFixture fixture = fixture("Unified");
    for (long timestamp : new long[] {10, 50}) {
      putExpiring(fixture, "one", timestamp, 20);
      putExpiring(fixture, "one", timestamp + 90, 20);
      putExpiring(fixture, "other", timestamp, 20);
      flush(fixture);
    }
    fixture.put("kept", "value");
    flush(fixture);
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(3);
    fixture.world.runFor(100 * SECOND);
    assertThat(fixture.stats(TABLE).tableCount()).isEqualTo(1);
    assertThat(fixture.value("kept")).isEqualTo("value");
  }

  @Test
  void anExpiredTableThatAMemtableKeepsIsNotRewrittenWithoutEnd() throws IOException {
    EngineFixture fixture = fixture("Unified");
    putExpiring(fixture, "short", 1_000_000, 20);
    flush(fixture);
    fixture.put("short", "older than what has expired");
    fixture.world.runFor(600 * SECOND);
    assertThat(fixture.events.begun).as("once a look").hasSizeBetween(1, 10);
    assertThat(fixture.value("short")).as("hidden").isNotEqualTo("older than what has expired");
  }

  /** Never more than can go, and not much less. */
  @Test
  void theEstimateIsSafe() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      DropTimesCollector collector = new DropTimesCollector();
      List<Long> times = new ArrayList<>();
      long span = 1L << (1 + random.nextInt(34));
      for (int i = 1 + random.nextInt(2_000); i > 0; i--) {
        long seconds = 1_700_000_000L + random.nextLong(span);
        for (int run = 1 + random.nextInt(3); run > 0; run--) {
          times.add(seconds);
          collector.add(seconds);
        }
      }
      ByteWriter written = new ByteWriter(64);
      collector.dropTimes(9, 2L * times.size()).write(written);
      ByteReader in = new ByteReader();
      in.over(written.bytes, 0, written.length);
      DropTimes read = DropTimes.read(in);
      assertThat(in.hasRemaining()).isFalse();
      assertThat(read.writtenSeconds()).isEqualTo(9);
      long first = times.stream().mapToLong(time -> time).min().orElseThrow();
      long last = times.stream().mapToLong(time -> time).max().orElseThrow();
      long stretch = Math.max(1, (last - first) / 15);
      for (int probe = 0; probe < 20; probe++) {
        long before = first + random.nextLong(last - first + 2);
        double share = read.shareBefore(before);
        assertThat(share).as("seed %d", seed).isLessThanOrEqualTo(exact(times, before));
        assertThat(share).isGreaterThanOrEqualTo(exact(times, before - stretch));
      }
      assertThat(read.shareBefore(Long.MAX_VALUE)).isEqualTo(0.5);
    }
  }

  private static double exact(List<Long> times, long before) {
    return times.stream().filter(time -> time < before).count() / (2.0 * times.size());
  }
}
