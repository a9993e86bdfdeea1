package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.environment.simulated.SimulatedFileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A member whose disk has forgotten a part of what it promised must not vote on. The rows are those
 * of docs/failures.md.
 */
class BadDiskTest {
  private static final Path DIRECTORY = Path.of("/data/raft");
  private static final List<PeerId> VOTERS = List.of(new PeerId("n1"));
  private static final int ENTRIES = 300;
  private static final int SNAPSHOT = 120;

  private final SimulatedFileSystem disk =
      new SimulatedFileSystem(new SplittableRandom(1)::nextLong, "host");

  private DurableLog log;

  enum Kind {
    SNAPSHOT,
    OLDEST_SEGMENT,
    MIDDLE_SEGMENT,
    NEWEST_SEGMENT
  }

  enum Harm {
    FLIPPED,
    HALVED,
    EMPTIED,
    LOST,
    UNOPENED,
    UNREAD
  }

  enum Outcome {
    /** The member does not start, and everything is as it was. */
    STOPS,
    /** As if the power had gone during the last writes: what is gone is not known to be. */
    LOSES_THE_END
  }

  @BeforeEach
  void populate() throws IOException {
    log = open();
    for (long index = 1; index <= ENTRIES; index++) {
      log.append(null, new HardState(2, new PeerId("n1"), index - 1), List.of(entry(index)));
      if (index == SNAPSHOT) {
        log.saveSnapshot(new Snapshot(SNAPSHOT, 2, Configuration.of(VOTERS), new byte[100]));
      }
    }
  }

  private DurableLog open() throws IOException {
    return new DurableLog(disk, DIRECTORY, 4096, read());
  }

  private LogRecovery read() throws IOException {
    return LogRecovery.read(disk, DIRECTORY, VOTERS);
  }

  private static Entry entry(long index) {
    return new Entry(
        2, index, ("entry " + index).getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private static List<Entry> entries(long last) {
    return LongStream.rangeClosed(SNAPSHOT + 1, last).mapToObj(BadDiskTest::entry).toList();
  }

  private Path file(Kind kind) {
    List<Path> segments =
        disk.files().stream().filter(path -> path.toString().endsWith(".raft")).toList();
    assertThat(segments).hasSizeGreaterThan(2);
    return switch (kind) {
      case SNAPSHOT -> DIRECTORY.resolve("snapshot");
      case OLDEST_SEGMENT -> segments.getFirst();
      case MIDDLE_SEGMENT -> segments.get(segments.size() / 2);
      case NEWEST_SEGMENT -> segments.getLast();
    };
  }

  private void harm(Harm harm, Path file) throws IOException {
    long size = disk.size(file);
    switch (harm) {
      case FLIPPED -> disk.flipBit(file, 8 * (size / 2));
      case HALVED -> disk.cutOff(file, size / 2);
      case EMPTIED -> disk.cutOff(file, 0);
      case LOST -> disk.lose(file);
      case UNOPENED -> disk.fail(Operation.OPEN, file.toString());
      case UNREAD -> disk.fail(Operation.READ, file.toString());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SNAPSHOT, FLIPPED, STOPS",
    "SNAPSHOT, HALVED, STOPS",
    "SNAPSHOT, EMPTIED, STOPS",
    "SNAPSHOT, LOST, STOPS",
    "SNAPSHOT, UNOPENED, STOPS",
    "SNAPSHOT, UNREAD, STOPS",
    "OLDEST_SEGMENT, FLIPPED, STOPS",
    "OLDEST_SEGMENT, HALVED, STOPS",
    "OLDEST_SEGMENT, EMPTIED, STOPS",
    "OLDEST_SEGMENT, LOST, STOPS",
    "OLDEST_SEGMENT, UNOPENED, STOPS",
    "OLDEST_SEGMENT, UNREAD, STOPS",
    "MIDDLE_SEGMENT, FLIPPED, STOPS",
    "MIDDLE_SEGMENT, HALVED, STOPS",
    "MIDDLE_SEGMENT, EMPTIED, STOPS",
    "MIDDLE_SEGMENT, LOST, STOPS",
    "NEWEST_SEGMENT, FLIPPED, STOPS",
    "NEWEST_SEGMENT, HALVED, LOSES_THE_END",
    "NEWEST_SEGMENT, EMPTIED, LOSES_THE_END",
    "NEWEST_SEGMENT, LOST, LOSES_THE_END",
    "NEWEST_SEGMENT, UNOPENED, STOPS",
    "NEWEST_SEGMENT, UNREAD, STOPS",
  })
  void atStart(Kind kind, Harm harm, Outcome expected) throws IOException {
    Path file = file(kind);
    byte[] before = disk.readAll(file);
    harm(harm, file);
    if (expected == Outcome.LOSES_THE_END) {
      List<Entry> left = read().entries();
      assertThat(left)
          .hasSizeLessThan(ENTRIES - SNAPSHOT)
          .isEqualTo(entries(SNAPSHOT + left.size()));
      return;
    }
    assertThatThrownBy(() -> read())
        .isInstanceOf(IOException.class)
        .hasMessageContaining(DIRECTORY.toString());
    disk.heal();
    if (disk.exists(file)) {
      disk.delete(file);
    }
    try (StoredFile mended = disk.open(file, Mode.CREATE)) {
      mended.write(ByteBuffer.wrap(before), 0);
    }
    assertThat(read().entries()).isEqualTo(entries(ENTRIES));
  }

  /** All that is left is a segment that says that it goes on behind the snapshot. */
  @Test
  void aSnapshotThatIsMissingIsMissedAlsoWithoutEntries() throws IOException {
    log.append(new Snapshot(900, 2, Configuration.of(VOTERS), new byte[10]), null, List.of());
    log.close();
    log = open();
    log.saveSnapshot(new Snapshot(901, 2, Configuration.of(VOTERS), new byte[10]));
    disk.lose(DIRECTORY.resolve("snapshot"));
    assertThatThrownBy(() -> read())
        .isInstanceOf(LogCorruption.class)
        .hasMessageContaining("/data/raft/snapshot is missing");
  }

  @ParameterizedTest
  @EnumSource(
      value = Operation.class,
      names = {"WRITE", "SYNC", "RENAME", "DELETE"})
  void anErrorEndsItForGood(Operation operation) throws IOException {
    disk.fail(operation, DIRECTORY.toString());
    assertThatThrownBy(
            () -> {
              log.append(null, null, List.of(entry(ENTRIES + 1)));
              log.saveSnapshot(new Snapshot(250, 2, Configuration.of(VOTERS), new byte[100]));
            })
        .hasMessageContaining(DIRECTORY.toString())
        .hasMessageContaining("Input/output error");
    disk.heal();
    assertThatThrownBy(() -> log.append(null, null, List.of(entry(ENTRIES + 2))))
        .hasMessageContaining("failed before");
    disk.losePower();
    List<Entry> left = read().entries();
    assertThat(left.getLast().index()).isIn((long) ENTRIES, ENTRIES + 1L);
  }

  @Test
  void aFullDiskHasOnlyToBeMadeRoomOn() throws IOException {
    long last = ENTRIES;
    for (int round = 0; round < 60; round++) {
      List<Entry> next = List.of(entry(++last));
      disk.capacity(round % 2 == 0 ? 1 : 200 + usedBytes());
      try {
        log.append(null, null, next);
      } catch (DiskFullException e) {
        assertThat(e).hasMessageContaining(DIRECTORY.toString());
        disk.capacity(Long.MAX_VALUE);
        log.append(null, null, next);
      }
      assertThat(read().entries()).isEqualTo(entries(last));
    }
    disk.capacity(1);
    assertThatThrownBy(
            () -> log.saveSnapshot(new Snapshot(260, 2, Configuration.of(VOTERS), new byte[100])))
        .isInstanceOf(DiskFullException.class);
    disk.capacity(Long.MAX_VALUE);
    log.saveSnapshot(new Snapshot(260, 2, Configuration.of(VOTERS), new byte[100]));
    disk.losePower();
    assertThat(read().snapshot().index()).isEqualTo(260);
  }

  private long usedBytes() throws IOException {
    long used = 0;
    for (Path file : disk.files()) {
      used += (disk.size(file) + 4095) / 4096 * 4096;
    }
    return used;
  }
}
