package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.environment.simulated.PowerLoss;
import io.quorate.environment.simulated.SimulatedFileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** If this fails, a member that lost power forgets its vote or an entry that it acknowledged. */
class DurableLogTest {
  private static final Path DIRECTORY = Path.of("/data/raft");
  private static final int SEGMENT_BYTES = 4096;
  private static final List<PeerId> VOTERS = List.of(new PeerId("n1"), new PeerId("n2"));

  private static final Configuration CONFIGURATION = Configuration.of(VOTERS);

  private final SimulatedFileSystem files = disk(1);

  private static SimulatedFileSystem disk(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return new SimulatedFileSystem(random::nextLong, "host");
  }

  private static LogRecovery read(SimulatedFileSystem files) throws IOException {
    return LogRecovery.read(files, DIRECTORY, VOTERS);
  }

  private static DurableLog open(SimulatedFileSystem files) throws IOException {
    return new DurableLog(files, DIRECTORY, SEGMENT_BYTES, read(files));
  }

  private static Entry entry(long index, long term) {
    return new Entry(
        term, index, ("entry " + index + " of " + term).getBytes(StandardCharsets.UTF_8));
  }

  private static Snapshot snapshot(long index, long term) {
    return new Snapshot(
        index, term, CONFIGURATION, ("state " + index).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aNewMemberStartsEmpty() throws IOException {
    LogRecovery recovery = read(files);

    assertThat(recovery.hardState()).isEqualTo(HardState.INITIAL);
    assertThat(recovery.entries()).isEmpty();
    assertThat(recovery.snapshot()).isEqualTo(Snapshot.initial(CONFIGURATION));
  }

  @Test
  void whatWasAppendedIsThereAfterAPowerLoss() throws IOException {
    DurableLog log = open(files);
    HardState state = new HardState(3, new PeerId("n2"), 1);
    log.append(null, state, List.of(entry(1, 1), entry(2, 1)));
    log.append(null, null, List.of(entry(3, 3)));
    files.losePower();

    LogRecovery recovery = read(files);

    assertThat(recovery.hardState()).isEqualTo(state);
    assertThat(recovery.entries()).containsExactly(entry(1, 1), entry(2, 1), entry(3, 3));
  }

  @Test
  void anEntryReplacesWhatStoodAtItsIndexAndBehind() throws IOException {
    DurableLog log = open(files);
    log.append(null, new HardState(1, null, 0), List.of(entry(1, 1), entry(2, 1), entry(3, 1)));
    log.append(null, new HardState(2, null, 0), List.of(entry(2, 2)));
    log.close();

    assertThat(read(files).entries()).containsExactly(entry(1, 1), entry(2, 2));
  }

  @Test
  void segmentsThatASnapshotCoversAreDeleted() throws IOException {
    DurableLog log = open(files);
    for (long index = 1; index <= 500; index++) {
      log.append(null, new HardState(1, null, index - 1), List.of(entry(index, 1)));
    }
    int before = files.list(DIRECTORY).size();
    log.saveSnapshot(snapshot(400, 1));
    log.saveSnapshot(snapshot(100, 1)); // late, of no effect
    files.losePower();

    LogRecovery recovery = read(files);
    assertThat(files.list(DIRECTORY).size()).isLessThan(before - 4);
    assertThat(recovery.snapshot()).isEqualTo(snapshot(400, 1));
    assertThat(recovery.entries()).hasSize(100).first().isEqualTo(entry(401, 1));
  }

  @Test
  void aLeadersSnapshotReplacesTheLog() throws IOException {
    DurableLog log = open(files);
    log.append(null, new HardState(1, null, 0), List.of(entry(1, 1), entry(2, 1)));
    log.append(snapshot(90, 4), new HardState(5, null, 90), List.of(entry(91, 5)));
    files.losePower();

    LogRecovery recovery = read(files);

    assertThat(recovery.snapshot()).isEqualTo(snapshot(90, 4));
    assertThat(recovery.entries()).containsExactly(entry(91, 5));
    assertThat(recovery.hardState()).isEqualTo(new HardState(5, null, 90));
  }

  /** The power fails between the leader's snapshot and the note that the log restarts behind it. */
  @Test
  void aLogGoesOnBehindASnapshotThatWasCaughtByAPowerLoss() throws IOException {
    for (int oldEntries : new int[] {6, 12}) {
      for (int moment = 1; moment <= 12; moment++) {
        SimulatedFileSystem disk = disk(moment);
        DurableLog log = open(disk);
        List<Entry> old = new ArrayList<>();
        for (long index = 1; index <= oldEntries; index++) {
          old.add(entry(index, 1));
        }
        log.append(null, new HardState(1, null, 0), old);
        disk.losePowerAt(moment);
        try {
          log.append(snapshot(9, 2), new HardState(2, null, 9), List.of());
        } catch (PowerLoss lost) {
          // what the loop is about
        }
        disk.cancelPowerLoss();
        disk.losePower();
        LogRecovery recovery = read(disk);
        if (recovery.snapshot().isEmpty()) {
          assertThat(recovery.entries()).isEqualTo(old);
          assertThat(recovery.hardState().commit()).as("of entries of its own").isZero();
          continue;
        }
        assertThat(recovery.entries()).isEmpty();
        DurableLog next = new DurableLog(disk, DIRECTORY, SEGMENT_BYTES, recovery);
        next.append(null, null, List.of(entry(10, 2)));
        disk.losePower();

        assertThat(read(disk).entries()).as("moment " + moment).containsExactly(entry(10, 2));
      }
    }
  }

  @Test
  void theVotersAreThoseOfTheLogWhateverIsConfigured() throws IOException {
    Configuration joint = CONFIGURATION.joint(List.of(new PeerId("n3")));
    open(files).close();
    List<PeerId> configured = List.of(new PeerId("n9"));
    LogRecovery first = LogRecovery.read(files, DIRECTORY, configured);
    assertThat(first.snapshot()).isEqualTo(Snapshot.initial(CONFIGURATION));

    DurableLog log = new DurableLog(files, DIRECTORY, SEGMENT_BYTES, first);
    log.append(null, new HardState(1, null, 0), List.of(entry(1, 1), Entry.of(1, 2, joint)));
    files.losePower();
    assertThat(LogRecovery.read(files, DIRECTORY, configured).entries())
        .containsExactly(entry(1, 1), Entry.of(1, 2, joint));

    log = new DurableLog(files, DIRECTORY, SEGMENT_BYTES, read(files));
    log.saveSnapshot(new Snapshot(2, 1, joint, new byte[5]));
    files.losePower();
    LogRecovery last = LogRecovery.read(files, DIRECTORY, configured);
    assertThat(last.snapshot().configuration()).isEqualTo(joint);
    assertThat(last.entries()).isEmpty();
  }

  /**
   * Byte by byte what the first version wrote: two voters, two entries, a snapshot of the first.
   */
  @Test
  void aLogOfVersion1IsReadAndGoesOn() throws IOException {
    ByteBuf header = Unpooled.buffer();
    header.writeInt(DurableLog.SEGMENT_MAGIC).writeShort(1).writeShort(0).writeLong(1);
    header.writeInt(DurableLog.crc(header, 0, header.writerIndex()));
    ByteBuf payload = Unpooled.buffer();
    payload.writeByte(4).writeByte(2);
    payload.writeBytes(new byte[] {2, 'n', '1', 2, 'n', '2'});
    payload.writeByte(1).writeLong(3).writeLong(1).writeByte(0);
    for (Entry entry : List.of(entry(1, 1), entry(2, 3))) {
      payload.writeByte(2).writeLong(entry.term()).writeLong(entry.index());
      payload.writeInt(entry.command().length).writeBytes(entry.command());
    }
    ByteBuf frame = Unpooled.buffer();
    frame.writeInt(0).writeInt(payload.readableBytes()).writeLong(1).writeBytes(payload);
    frame.setInt(0, DurableLog.crc(frame, 4, frame.writerIndex() - 4));
    write("log-0000000001.raft", Unpooled.wrappedBuffer(header, frame));
    ByteBuf snapshot = Unpooled.buffer();
    snapshot.writeInt(DurableLog.SNAPSHOT_MAGIC).writeShort(1).writeShort(0);
    snapshot.writeLong(1).writeLong(1).writeInt(3).writeBytes(new byte[] {7, 8, 9});
    snapshot.writeInt(DurableLog.crc(snapshot, 0, snapshot.writerIndex()));
    write("snapshot", snapshot);

    LogRecovery recovery = LogRecovery.read(files, DIRECTORY, List.of(new PeerId("n9")));
    assertThat(recovery.snapshot())
        .isEqualTo(new Snapshot(1, 1, CONFIGURATION, new byte[] {7, 8, 9}));
    DurableLog log = new DurableLog(files, DIRECTORY, SEGMENT_BYTES, recovery);
    log.append(null, null, List.of(entry(3, 3)));
    files.losePower();
    assertThat(read(files).entries()).containsExactly(entry(2, 3), entry(3, 3));
  }

  @Test
  void aLogOfALaterVersionIsRefused() throws IOException {
    ByteBuf header = Unpooled.buffer();
    header.writeInt(DurableLog.SEGMENT_MAGIC).writeShort(3).writeShort(0).writeLong(1);
    header.writeInt(DurableLog.crc(header, 0, header.writerIndex()));
    write("log-0000000001.raft", header);

    assertThatThrownBy(() -> read(files))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("has version 3, this release reads 1 to 2");
  }

  private void write(String name, ByteBuf bytes) throws IOException {
    files.createDirectories(DIRECTORY);
    try (StoredFile file = files.open(DIRECTORY.resolve(name), Mode.CREATE)) {
      file.write(bytes.nioBuffer(), 0);
      file.sync();
    }
    files.syncDirectory(DIRECTORY);
  }

  @Test
  void afterAFailedSyncNothingMoreIsWritten() throws IOException {
    DurableLog log = open(files);
    files.fail(Operation.SYNC, "log-");
    assertThatThrownBy(() -> log.append(null, null, List.of(entry(1, 1))))
        .isInstanceOf(IOException.class);
    files.heal();

    assertThatThrownBy(() -> log.append(null, null, List.of(entry(1, 1))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("failed before");
  }

  /**
   * Whatever bit rots in what was synced: it is noticed, or it does not matter. Never a wrong log.
   */
  @Test
  void aFlippedBitIsNeverReadAsData() throws IOException {
    for (long seed = 1; seed <= 300; seed++) {
      SimulatedFileSystem disk = disk(seed);
      DurableLog log = open(disk);
      for (long index = 1; index <= 40; index++) {
        log.append(null, new HardState(2, new PeerId("n1"), index - 1), List.of(entry(index, 2)));
        if (index == 20) {
          log.saveSnapshot(snapshot(20, 2));
        }
      }
      log.close();
      List<Path> all = disk.files();
      disk.flipBit(all.get((int) (seed % all.size())));
      try {
        List<Entry> entries = read(disk).entries();
        List<Entry> expected = new ArrayList<>();
        // Only the last frame can be mistaken for one that was never finished.
        for (long index = 21; index <= 19 + entries.size() + 1; index++) {
          expected.add(entry(index, 2));
        }
        assertThat(entries).as("seed " + seed).isEqualTo(expected);
        assertThat(entries.size()).as("seed " + seed).isGreaterThanOrEqualTo(19);
      } catch (LogCorruption noticed) {
        assertThat(noticed).hasMessageContaining(DIRECTORY.toString());
      } catch (IOException otherVersion) {
        assertThat(otherVersion).hasMessageContaining("version");
      }
    }
  }

  /**
   * Power fails at any disk operation: all that was acknowledged is there, and nothing is altered.
   */
  @Test
  void aPowerLossAtAnyMomentLosesNothingAcknowledged() throws IOException {
    for (long seed = 1; seed <= 400; seed++) {
      SimulatedFileSystem disk = disk(seed);
      SplittableRandom random = new SplittableRandom(seed);
      List<Entry> acknowledged = new ArrayList<>();
      List<Entry> attempted = new ArrayList<>();
      HardState state = HardState.INITIAL;
      for (int life = 0; life < 4; life++) {
        disk.losePowerAt(1 + random.nextInt(120));
        try {
          DurableLog log = open(disk);
          for (int i = 0; i < 60; i++) {
            attempted = new ArrayList<>(acknowledged);
            long term = state.term() + 1;
            if (!attempted.isEmpty() && attempted.size() > 25 && random.nextInt(6) == 0) {
              attempted.removeLast(); // a conflict
            }
            attempted.add(entry(attempted.size() + 1L, term));
            HardState next = new HardState(term, new PeerId("n" + term % 3), 0);
            log.append(null, next, List.of(attempted.getLast()));
            acknowledged = attempted;
            state = next;
            if (i % 20 == 19) {
              Entry covered = acknowledged.get(Math.min(24, acknowledged.size() - 1));
              log.saveSnapshot(snapshot(covered.index(), covered.term()));
            }
          }
        } catch (PowerLoss lost) {
          // what the loop is about
        }
        disk.cancelPowerLoss();
        disk.losePower();
        LogRecovery recovery = read(disk);
        long from = recovery.snapshot().index();
        List<Entry> acknowledgedTail = tail(acknowledged, from);
        List<Entry> attemptedTail = tail(attempted, from);
        assertThat(recovery.entries())
            .as("seed " + seed + " life " + life)
            .isIn(acknowledgedTail, attemptedTail);
        if (recovery.entries().equals(attemptedTail)) {
          acknowledged = attempted;
        }
        assertThat(recovery.hardState().term())
            .as("seed " + seed)
            .isBetween(state.term(), state.term() + 1);
        state = recovery.hardState();
      }
    }
  }

  private static List<Entry> tail(List<Entry> entries, long after) {
    return entries.stream().filter(entry -> entry.index() > after).toList();
  }
}
