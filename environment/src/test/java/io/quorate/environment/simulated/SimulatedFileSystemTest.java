package io.quorate.environment.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.environment.FileSystem.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A disk that is kinder than a real one would let a node lose acknowledged writes unnoticed. */
class SimulatedFileSystemTest {
  private static final Path DIRECTORY = Path.of("/data");
  private static final Path FILE = DIRECTORY.resolve("log");

  @Test
  void whatWasSyncedSurvivesAndWhatWasNotTakesItsChance() throws IOException {
    Set<String> outcomes = new HashSet<>();
    for (long seed = 0; seed < 200; seed++) {
      SimulatedFileSystem disk = disk(seed);
      try (StoredFile file = disk.open(FILE, Mode.CREATE)) {
        file.write(bytes("synced"), 0);
        file.sync();
        disk.syncDirectory(DIRECTORY);
        file.write(bytes("-lost?"), 6);
      }
      disk.losePower();
      String found = new String(disk.readAll(FILE), StandardCharsets.UTF_8);
      assertThat(found).as("seed " + seed).startsWith("synced");
      outcomes.add(found.replace("\0", ""));
    }
    assertThat(outcomes).as("lost, torn and kept all happen").contains("synced", "synced-lost?");
    assertThat(outcomes.size()).isGreaterThan(3);
  }

  @Test
  void aNameNeedsASyncOfItsDirectory() throws IOException {
    boolean kept = false;
    boolean lost = false;
    for (long seed = 0; seed < 50; seed++) {
      SimulatedFileSystem disk = disk(seed);
      try (StoredFile file = disk.open(FILE, Mode.CREATE)) {
        file.sync();
      }
      disk.losePower();
      kept |= disk.exists(FILE);
      lost |= !disk.exists(FILE);
    }
    assertThat(kept && lost).isTrue();
  }

  @Test
  void replaceIsOldOrNewWhereverThePowerGoes() throws IOException {
    for (long operation = 1; operation < 12; operation++) {
      for (long seed = 0; seed < 20; seed++) {
        SimulatedFileSystem disk = disk(seed);
        disk.replace(FILE, "old".getBytes(StandardCharsets.UTF_8));
        disk.losePowerAt(operation);
        try {
          disk.replace(FILE, "new".getBytes(StandardCharsets.UTF_8));
          disk.losePower();
        } catch (PowerLoss expected) {
          assertThat(expected).hasMessageContaining("power loss");
        }
        String found = new String(disk.readAll(FILE), StandardCharsets.UTF_8);
        assertThat(found).as("seed " + seed + " operation " + operation).isIn("old", "new");
      }
    }
  }

  @Test
  void aFullDiskAFailedSyncAndAHeldLockAreErrors() throws IOException {
    SimulatedFileSystem disk = disk(1);
    disk.lock(DIRECTORY.resolve("lock"));
    assertThatThrownBy(() -> disk.lock(DIRECTORY.resolve("lock")))
        .hasMessageContaining("locked by another process");
    try (StoredFile file = disk.open(FILE, Mode.CREATE)) {
      file.write(bytes("x"), 0);
      disk.fail(Operation.SYNC, "log");
      assertThatThrownBy(file::sync).hasMessageContaining("Input/output error");
      disk.capacity(4096);
      assertThatThrownBy(() -> file.write(ByteBuffer.allocate(8192), 0))
          .isInstanceOf(DiskFullException.class)
          .hasMessageContaining("No space left");
    }
  }

  /** Who syncs once more after a failure and believes it must be caught in a simulation. */
  @Test
  void whatASyncFailedToBringToDiskNoLaterOneBrings() throws IOException {
    int lost = 0;
    for (int seed = 0; seed < 50; seed++) {
      SimulatedFileSystem disk = disk(seed);
      disk.replace(FILE, new byte[1]);
      try (StoredFile file = disk.open(FILE, Mode.READ_WRITE)) {
        file.write(bytes("x"), 0);
        disk.fail(Operation.SYNC, "log");
        assertThatThrownBy(file::sync).hasMessageContaining("Input/output error");
        disk.heal();
        assertThat(disk.readAll(FILE)).isEqualTo(bytes("x").array());
        file.sync();
      }
      disk.losePower();
      lost += disk.readAll(FILE)[0] == 0 ? 1 : 0;
    }
    assertThat(lost).isBetween(10, 40);
  }

  @Test
  void aFlippedBitStaysFlipped() throws IOException {
    SimulatedFileSystem disk = disk(1);
    disk.replace(FILE, new byte[] {0, 0, 0});
    disk.flipBit(FILE, 9);
    assertThat(disk.readAll(FILE)).containsExactly(0, 2, 0);
    disk.losePower();
    assertThat(disk.readAll(FILE)).containsExactly(0, 2, 0);
  }

  private interface Action {
    void run() throws IOException;
  }

  @Test
  void anOperationFailsWhereItIsToldToUntilTheDiskIsHealed() throws IOException {
    SimulatedFileSystem disk = disk(1);
    Path other = DIRECTORY.resolve("other");
    disk.replace(FILE, new byte[] {1});
    disk.replace(other, new byte[] {1});
    StoredFile open = disk.open(FILE, Mode.READ_WRITE);
    Map<Operation, Action> actions = new EnumMap<>(Operation.class);
    actions.put(Operation.OPEN, () -> disk.open(FILE, Mode.READ).close());
    actions.put(Operation.READ, () -> open.readFully(ByteBuffer.allocate(1), 0));
    actions.put(Operation.WRITE, () -> open.write(bytes("x"), 0));
    actions.put(Operation.SYNC, open::sync);
    actions.put(Operation.RENAME, () -> disk.rename(FILE, FILE));
    actions.put(Operation.DELETE, () -> disk.delete(FILE));
    for (Operation operation : Operation.values()) {
      Action action = Objects.requireNonNull(actions.get(operation));
      disk.fail(operation, "log");
      assertThatThrownBy(action::run).as("%s", operation).hasMessage(FILE + ": Input/output error");
      assertThat(disk.readAll(other)).hasSize(1);
      disk.replace(other, new byte[] {2});
      disk.heal();
      action.run();
    }
  }

  @Test
  void aDiskThatIsReadOnlyIsReadAndNotChanged() throws IOException {
    SimulatedFileSystem disk = disk(1);
    StoredFile file = disk.open(FILE, Mode.CREATE);
    file.write(bytes("x"), 0);
    disk.readOnly(true);
    List<Action> changes =
        List.of(
            () -> file.write(bytes("y"), 0),
            file::sync,
            () -> disk.syncDirectory(DIRECTORY),
            () -> disk.delete(FILE),
            () -> disk.rename(FILE, DIRECTORY.resolve("other")),
            () -> disk.createDirectories(DIRECTORY.resolve("deeper")),
            () -> disk.lock(DIRECTORY.resolve("lock")));
    for (Action change : changes) {
      assertThatThrownBy(change::run).hasMessageContaining("Read-only file system");
    }
    assertThat(disk.readAll(FILE)).containsExactly('x');
    disk.readOnly(false);
    for (Action change : changes.subList(0, 3)) {
      change.run();
    }
    assertThat(disk.readAll(FILE)).containsExactly('y');
  }

  @Test
  void whatIsCutOffOrLostAtRestIsSoForGood() throws IOException {
    SimulatedFileSystem disk = disk(1);
    disk.replace(FILE, new byte[] {1, 2, 3});
    disk.cutOff(FILE, 2);
    disk.losePower();
    assertThat(disk.readAll(FILE)).containsExactly(1, 2);
    disk.lose(FILE);
    disk.losePower();
    assertThat(disk.exists(FILE)).isFalse();
  }

  private static SimulatedFileSystem disk(long seed) throws IOException {
    SimulatedFileSystem disk = new SimulatedFileSystem(new SplittableRandom(seed)::nextLong, "a");
    disk.createDirectories(DIRECTORY);
    return disk;
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}
