package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.SMALL;
import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.environment.Shard;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** If this breaks, a write is called safe before it is, or a node does not start after a crash. */
class CommitLogTest {

  @Test
  void whatWasAcknowledgedIsThereAfterAPowerLossWithAnotherNumberOfShards() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 3);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    for (int i = 0; i < 50; i++) {
      fixture.put("key" + i, "value" + i);
    }
    fixture.host.crash();
    // The same disk in a machine with other cores.
    Environment other = new SimulatedWorld(2).addHost("other", 1).boot();
    StorageEngine single =
        StorageEngine.open(
            new Environment(
                other.clock(),
                other.shards(),
                other.background(),
                other.messaging(),
                other.network(),
                fixture.host.disk(),
                other.random()),
            EngineFixture.DIRECTORY,
            EngineFixture.PARTITIONER,
            SMALL,
            fixture.events);
    assertThat(single.replayedRecords()).isEqualTo(50);
    fixture.host.disk().losePower();
    fixture.reopen();
    for (int i = 0; i < 50; i++) {
      assertThat(fixture.value("key" + i)).isEqualTo("value" + i);
    }
  }

  @Test
  void writesThatArriveTogetherShareASync() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("first", "opens the segment");
    long before = fixture.host.disk().syncCount();
    Mutation[] mutations = new Mutation[100];
    for (int i = 0; i < mutations.length; i++) {
      mutations[i] = fixture.mutation(TABLE, "key" + i, "value");
    }
    List<ApplyOutcome> outcomes = fixture.send(mutations);
    fixture.world.runUntil(() -> outcomes.size() == 100, 1_000_000_000L);
    assertThat(outcomes).hasSize(100).containsOnly(ApplyOutcome.APPLIED);
    assertThat(fixture.host.disk().syncCount() - before).isLessThan(30);
  }

  @Test
  void writesOnDifferentShardsShareASync() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 4);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("first", "opens the segment");
    long before = fixture.host.disk().syncCount();
    int rounds = 20;
    for (int round = 0; round < rounds; round++) {
      List<Mutation> mutations = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        mutations.add(fixture.mutation(TABLE, "key" + i, "round " + round));
      }
      List<ApplyOutcome> outcomes = fixture.send(mutations.toArray(Mutation[]::new));
      fixture.world.runUntil(() -> outcomes.size() == 40, 1_000_000_000L);
      assertThat(outcomes).hasSize(40).containsOnly(ApplyOutcome.APPLIED);
    }
    // With a log for each shard it would be four a round, and more where a segment ends.
    assertThat(fixture.host.disk().syncCount() - before).isLessThan(3L * rounds);
  }

  /** Otherwise half of the clients wait for the other half's sync, in turns, at twice the cost. */
  @Test
  void clientsThatEachWaitForTheirAnswerComeTogetherInOneRound() throws IOException {
    EngineFixture fixture = new EngineFixture(EngineOptions.DEFAULT, 2);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("first", "opens the segment");
    int clients = 40;
    AtomicInteger answered = new AtomicInteger();
    for (int i = 0; i < clients; i++) {
      // Some are back when half of the time is over that writes may gather, some later.
      new Client(fixture, fixture.mutation(TABLE, "key" + i, "value"), 80_000 + i * 1_500, answered)
          .write();
    }
    fixture.world.runUntil(() -> answered.get() > 10 * clients, 1_000_000_000L);
    int before = answered.get();
    long syncsBefore = fixture.host.disk().syncCount();
    fixture.world.runUntil(() -> answered.get() - before > 20 * clients, 1_000_000_000L);
    assertThat(answered.get() - before).isGreaterThan(20 * clients);
    assertThat(fixture.host.disk().syncCount() - syncsBefore).isLessThan(25);
  }

  /** Writes the same again and again, some time after each answer. */
  private record Client(
      EngineFixture fixture, Mutation mutation, long turnaroundNanos, AtomicInteger answered) {
    void write() {
      Shard owner = fixture.environment.shards().owner(mutation.token());
      owner.execute(() ->
          fixture.engine.apply(
              mutation,
              owner,
              outcome -> {
                assertThat(outcome).isEqualTo(ApplyOutcome.APPLIED);
                answered.incrementAndGet();
                owner.schedule(turnaroundNanos, this::write);
              }));
    }
  }

  @Test
  void aLoneWriteIsNotHeldUpByClientsThatDoNotComeBack() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 2);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    fixture.put("first", "opens the segment");
    long lone = 0;
    for (int i = 0; i < 10; i++) {
      lone = Math.max(lone, nanosOfALoneWrite(fixture));
    }
    for (long pauseNanos : new long[] {0, 10_000_000_000L}) {
      Mutation[] mutations = new Mutation[100];
      for (int i = 0; i < mutations.length; i++) {
        mutations[i] = fixture.mutation(TABLE, "key" + i, "value");
      }
      List<ApplyOutcome> outcomes = fixture.send(mutations);
      fixture.world.runUntil(() -> outcomes.size() == 100, 1_000_000_000L);
      fixture.world.runFor(pauseNanos);
      long gathered = pauseNanos == 0 ? 200_000 : 0;
      assertThat(nanosOfALoneWrite(fixture)).isLessThan(2 * lone + gathered);
    }
  }

  private static long nanosOfALoneWrite(EngineFixture fixture) {
    long before = fixture.environment.clock().nanos();
    fixture.put("lone", "value");
    return fixture.environment.clock().nanos() - before;
  }

  @Test
  void aShardThatIsIdleDoesNotKeepTheLogForever() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 2);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    String once = keyOwnedBy(fixture, 0);
    fixture.put(once, "written once");
    String often = keyOwnedBy(fixture, 1);
    for (int i = 0; i < 2_000; i++) {
      fixture.put(often, "value of some length " + i);
    }
    fixture.world.runFor(5_000_000_000L);
    assertThat(fixture.files("commitlog-").size()).isLessThan(10);
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.value(once)).isEqualTo("written once");
    assertThat(fixture.value(often)).isEqualTo("value of some length 1999");
  }

  private static String keyOwnedBy(EngineFixture fixture, int shard) {
    int i = 0;
    while (fixture.ownerOf("key" + i) != shard) {
      i++;
    }
    return "key" + i;
  }

  @Test
  void whatWasTruncatedDoesNotComeBackFromTheLog() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 2);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 10; i++) {
        fixture.put("key" + i, "round " + round);
      }
      fixture.truncate(TABLE);
      fixture.put("kept", "round " + round);
      fixture.host.crash();
      fixture.reopen();
      assertThat(fixture.engine.skippedRecords()).isGreaterThanOrEqualTo(10);
      for (int i = 0; i < 10; i++) {
        assertThat(fixture.value("key" + i)).isNull();
      }
      assertThat(fixture.value("kept")).isEqualTo("round " + round);
    }
  }

  @Test
  void aLogOfAnotherVersionIsRefusedAndNotPassedOver() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.host.crash();
    for (String name : List.of("commitlog-0-0000000000000001.log", "commitlog-x.log")) {
      Path path = EngineFixture.DIRECTORY.resolve("commitlog").resolve(name);
      fixture.host.disk().replace(path, new byte[10]);
      assertThatThrownBy(fixture::reopen)
          .isInstanceOf(IOException.class)
          .hasMessageContaining(name);
      fixture.host.disk().delete(path);
      fixture.host.disk().syncDirectory(EngineFixture.DIRECTORY.resolve("commitlog"));
      fixture.host.crash();
    }
    byte[] header = CommitLogFormat.header(9);
    header[5] = 1;
    System.arraycopy(
        ByteBuffer.allocate(4).putInt(CommitLogFormat.crc(header, 0, 16)).array(),
        0,
        header,
        16,
        4);
    String name = CommitLogFormat.fileName(9);
    fixture.host.disk().replace(EngineFixture.DIRECTORY.resolve("commitlog").resolve(name), header);
    assertThatThrownBy(fixture::reopen)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("has version 1");
  }

  @Test
  void nothingIsAcknowledgedAfterASyncFailed() throws IOException {
    EngineFixture fixture = new EngineFixture();
    fixture.put("before", "1");
    fixture.host.disk().fail(Operation.SYNC, "commitlog");
    assertThat(fixture.put(TABLE, "before", "2")).isInstanceOf(ApplyOutcome.Unavailable.class);
    fixture.host.disk().heal();
    assertThat(fixture.put(TABLE, "before", "3"))
        .as("a sync that succeeds later proves nothing")
        .isInstanceOf(ApplyOutcome.Unavailable.class);
    assertThat(fixture.events.poisoned).isNotEmpty();
    assertThat(fixture.read(TABLE, "before")).isInstanceOf(ReadResult.class);
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.value("before")).isIn("1", "2");
    fixture.put("before", "4");
  }

  @Test
  void aFullDiskRefusesWritesAndReadsGoOn() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    int written = 0;
    fixture.host.disk().capacity(200 << 10);
    ApplyOutcome outcome = ApplyOutcome.APPLIED;
    String value = "x".repeat(1_000);
    while (outcome.equals(ApplyOutcome.APPLIED)) {
      outcome = fixture.put(TABLE, "key" + written, value);
      written++;
      assertThat(written).isLessThan(10_000);
    }
    assertThat(outcome).isInstanceOf(ApplyOutcome.Unavailable.class);
    assertThat(fixture.events.refused).isNotEmpty();
    for (int i = 0; i < written - 1; i++) {
      assertThat(fixture.value("key" + i)).isEqualTo(value);
    }
    fixture.host.disk().capacity(Long.MAX_VALUE);
    fixture.world.runFor(2_000_000_000L);
    fixture.put("after", "space was made");
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.events.damaged).isEmpty();
    assertThat(fixture.value("after")).isEqualTo("space was made");
    for (int i = 0; i < written - 1; i++) {
      assertThat(fixture.value("key" + i)).isEqualTo(value);
    }
  }

  @Test
  void aDamagedRecordInTheMiddleIsSetAsideAndTheRestIsReplayed() throws IOException {
    Random random = new Random(5);
    for (int run = 0; run < 20; run++) {
      EngineFixture fixture = new EngineFixture(SMALL, 1);
      fixture.createTable(TABLE, TableSettings.DEFAULT);
      for (int i = 0; i < 40; i++) {
        fixture.put("key" + i, "value" + i);
      }
      fixture.host.crash();
      Path log = fixture.files("commitlog-").getFirst();
      // Within the first 40 records, each of about a hundred bytes.
      fixture
          .host
          .disk()
          .flipBit(
              log, 8L * (CommitLogFormat.FIRST_RECORD + random.nextInt(2_000)) + random.nextInt(8));
      fixture.reopen();
      assertThat(fixture.events.damaged).as("run %d", run).hasSize(1);
      assertThat(fixture.files("/quarantine/")).hasSize(1);
      int found = 0;
      for (int i = 0; i < 40; i++) {
        String value = fixture.value("key" + i);
        assertThat(value).as("run %d", run).isIn(null, "value" + i);
        found += value == null ? 0 : 1;
      }
      assertThat(found).as("run %d", run).isEqualTo(39);
    }
  }

  @Test
  void aSegmentThatIsMissingIsReportedAndTheRestIsReplayed() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    for (int i = 0; i < 40; i++) {
      fixture.put("key" + i, "x".repeat(1_000));
    }
    fixture.host.crash();
    List<Path> segments = fixture.files("commitlog-");
    assertThat(segments).hasSizeGreaterThanOrEqualTo(3);
    fixture.host.disk().lose(segments.get(1));
    fixture.reopen();
    assertThat(fixture.events.missing).hasSize(1);
    assertThat(fixture.events.missing.getFirst()).startsWith(segments.get(1).toString());
    assertThat(fixture.events.damaged).isEmpty();
    assertThat(fixture.engine.setAsideRecords()).isEqualTo(1);
    assertThat(fixture.value("key0")).isNotNull();
    assertThat(fixture.value("key39")).isNotNull();
  }

  @Test
  void rotAtTheVeryEndOfASegmentIsReportedWhenAnotherFollows() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    for (int i = 0; i < 20; i++) {
      fixture.put("key" + i, "x".repeat(1_000));
    }
    fixture.host.crash();
    Path first = fixture.files("commitlog-").getFirst();
    byte[] bytes = fixture.host.disk().readAll(first);
    int last = bytes.length - 1;
    while (bytes[last] == 0) {
      last--;
    }
    fixture.host.disk().flipBit(first, 8L * last - 80);
    fixture.reopen();
    assertThat(fixture.events.damaged).hasSize(1);
    assertThat(fixture.engine.replayedRecords()).isEqualTo(19);
  }

  @Test
  void aFileThatIsUsedAgainBringsNothingBackOfItsFormerLife() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 60; i++) {
        fixture.put("key" + i, "x".repeat(1_000) + round);
      }
      fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    }
    fixture.world.runFor(1_000_000_000L);
    assertThat(fixture.files(CommitLogFormat.STAGED)).as("files to be used again").isNotEmpty();
    fixture.put("key0", "the last");
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.engine.replayedRecords()).isLessThan(60);
    assertThat(fixture.events.damaged).isEmpty();
    assertThat(fixture.value("key0")).isEqualTo("the last");
    assertThat(fixture.value("key59")).endsWith("4");
    assertThat(fixture.files(CommitLogFormat.STAGED)).isEmpty();
  }

  @Test
  void aRecordThatCannotBeAppliedIsSetAsideAndTheStartGoesOn() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    for (int i = 0; i < 5; i++) {
      fixture.put("key" + i, "value" + i);
    }
    fixture.host.crash();
    // As another version would have written them, with checksums that hold: in the middle, and at
    // the very end, where a torn write would be passed over in silence.
    Path log = fixture.files("commitlog-").getFirst();
    rewrite(fixture, log, 2, payload -> payload[CommitLogFormat.GENERATION_BYTES] = 77);
    rewrite(fixture, log, 4, payload -> payload[KEY_LENGTH_AT] = 77);
    fixture.reopen();
    assertThat(fixture.events.unreadable).hasSize(2);
    assertThat(fixture.events.damaged).isEmpty();
    assertThat(fixture.files("/quarantine/")).hasSize(2);
    assertThat(fixture.engine.setAsideRecords()).isEqualTo(2);
    assertThat(fixture.engine.replayedRecords()).isEqualTo(3);
    assertThat(fixture.events.replayed).isNotEmpty();
    for (int i = 0; i < 5; i++) {
      assertThat(fixture.value("key" + i)).isEqualTo(i == 2 || i == 4 ? null : "value" + i);
    }
    fixture.put("key2", "brought back from a replica");
  }

  /** Where a payload has the length of its partition key: see {@link Mutation}. */
  private static final int KEY_LENGTH_AT = CommitLogFormat.GENERATION_BYTES + 25;

  /** Changes the payload of a segment's {@code number}-th record, and its checksum with it. */
  private static void rewrite(
      EngineFixture fixture, Path segment, int number, Consumer<byte[]> change) throws IOException {
    byte[] bytes = fixture.host.disk().readAll(segment);
    int position = CommitLogFormat.FIRST_RECORD;
    for (int i = 0; i < number; i++) {
      position += CommitLogFormat.RECORD_HEAD_BYTES + ByteReader.intAt(bytes, position);
    }
    int start = position + CommitLogFormat.RECORD_HEAD_BYTES;
    int end = start + ByteReader.intAt(bytes, position);
    byte[] payload = Arrays.copyOfRange(bytes, start, end);
    change.accept(payload);
    System.arraycopy(payload, 0, bytes, start, payload.length);
    ByteBuffer.wrap(bytes).putInt(position + 8, CommitLogFormat.crc(payload, 0, payload.length));
    fixture.host.disk().replace(segment, bytes);
  }

  @Test
  void withPeriodicSyncsOnlyTheLastPeriodCanBeLost() throws IOException {
    for (int run = 0; run < 10; run++) {
      EngineFixture fixture = new EngineFixture(SMALL.withSyncMode(SyncMode.PERIODIC), 1);
      fixture.createTable(TABLE, TableSettings.DEFAULT);
      for (int i = 0; i < 10; i++) {
        fixture.put("old" + i, "kept");
      }
      // A period, and the time that a sync takes.
      fixture.world.runFor(1_100_000_000L);
      for (int i = 0; i < 10; i++) {
        fixture.put("new" + i, "perhaps");
      }
      fixture.host.crash();
      fixture.reopen();
      for (int i = 0; i < 10; i++) {
        assertThat(fixture.value("old" + i)).as("run %d", run).isEqualTo("kept");
      }
    }
  }

  @Test
  void theLogIsDeletedOnceFlushed() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    for (int i = 0; i < 2_000; i++) {
      fixture.put("key" + i % 100, "value of some length " + i);
    }
    fixture.world.runFor(5_000_000_000L);
    assertThat(fixture.files("commitlog-").size()).isLessThan(10);
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.engine.replayedRecords()).isLessThan(1_500);
    for (int i = 1_900; i < 2_000; i++) {
      assertThat(fixture.value("key" + i % 100)).isEqualTo("value of some length " + i);
    }
  }
}
