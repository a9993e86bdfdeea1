package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.FileSystem.Operation;
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

  private final SimulatedFileSystem files = disk(1);

  private static SimulatedFileSystem disk(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return new SimulatedFileSystem(random::nextLong, "host");
  }

  private static DurableLog open(SimulatedFileSystem files) throws IOException {
    return new DurableLog(
        files, DIRECTORY, SEGMENT_BYTES, VOTERS, LogRecovery.read(files, DIRECTORY));
  }

  private static Entry entry(long index, long term) {
    return new Entry(
        term, index, ("entry " + index + " of " + term).getBytes(StandardCharsets.UTF_8));
  }

  private static Snapshot snapshot(long index, long term) {
    return new Snapshot(index, term, ("state " + index).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aNewMemberStartsEmpty() throws IOException {
    LogRecovery recovery = LogRecovery.read(files, DIRECTORY);

    assertThat(recovery.hardState()).isEqualTo(HardState.INITIAL);
    assertThat(recovery.entries()).isEmpty();
    assertThat(recovery.snapshot()).isEqualTo(Snapshot.EMPTY);
  }

  @Test
  void whatWasAppendedIsThereAfterAPowerLoss() throws IOException {
    DurableLog log = open(files);
    HardState state = new HardState(3, new PeerId("n2"), 1);
    log.append(null, state, List.of(entry(1, 1), entry(2, 1)));
    log.append(null, null, List.of(entry(3, 3)));
    files.losePower();

    LogRecovery recovery = LogRecovery.read(files, DIRECTORY);

    assertThat(recovery.hardState()).isEqualTo(state);
    assertThat(recovery.entries()).containsExactly(entry(1, 1), entry(2, 1), entry(3, 3));
  }

  @Test
  void anEntryReplacesWhatStoodAtItsIndexAndBehind() throws IOException {
    DurableLog log = open(files);
    log.append(null, new HardState(1, null, 0), List.of(entry(1, 1), entry(2, 1), entry(3, 1)));
    log.append(null, new HardState(2, null, 0), List.of(entry(2, 2)));
    log.close();

    assertThat(LogRecovery.read(files, DIRECTORY).entries())
        .containsExactly(entry(1, 1), entry(2, 2));
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

    LogRecovery recovery = LogRecovery.read(files, DIRECTORY);
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

    LogRecovery recovery = LogRecovery.read(files, DIRECTORY);

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
        LogRecovery recovery = LogRecovery.read(disk, DIRECTORY);
        if (recovery.snapshot().isEmpty()) {
          assertThat(recovery.entries()).isEqualTo(old);
          continue;
        }
        assertThat(recovery.entries()).isEmpty();
        DurableLog next = new DurableLog(disk, DIRECTORY, SEGMENT_BYTES, VOTERS, recovery);
        next.append(null, null, List.of(entry(10, 2)));
        disk.losePower();

        assertThat(LogRecovery.read(disk, DIRECTORY).entries())
            .as("moment " + moment)
            .containsExactly(entry(10, 2));
      }
    }
  }

  @Test
  void aLogOfARingWithOtherVotersIsNotOpened() throws IOException {
    open(files).close();

    LogRecovery recovery = LogRecovery.read(files, DIRECTORY);
    assertThatThrownBy(() ->
            new DurableLog(files, DIRECTORY, SEGMENT_BYTES, List.of(new PeerId("n1")), recovery))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("voters [n1, n2]")
        .hasMessageContaining("names [n1]");
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
        List<Entry> entries = LogRecovery.read(disk, DIRECTORY).entries();
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
        LogRecovery recovery = LogRecovery.read(disk, DIRECTORY);
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
