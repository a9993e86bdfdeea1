package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.FileSystem;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * If this breaks, a write that a client was told is safe can be lost, or a read gives something
 * that was never written. Random updates, reads, flushes, compactions, truncations, snapshots and
 * power losses at any operation of the disk, under random options, against a model.
 */
class StorageEngineModelTest {

  private static final int STEPS = 120;

  /** What is compared, in turn with the seed, so that a seed alone says all. */
  private static EngineModel.Setting setting(long seed) {
    return switch ((int) (seed % 3)) {
      case 0 -> EngineModel.Setting.EXACT;
      case 1 -> EngineModel.Setting.PURGING;
      default -> EngineModel.Setting.DAMAGING;
    };
  }

  /** Runs a seed; a failure says how to run it again. */
  private static EngineModel hold(long seed) {
    try {
      EngineModel model = new EngineModel(seed, setting(seed));
      model.run(STEPS);
      return model;
    } catch (AssertionError | IOException | RuntimeException e) {
      throw new AssertionError(
          "seed "
              + seed
              + " fails; again: mvn -pl sstable -am test -Dsurefire.failIfNoSpecifiedTests=false"
              + " -Dtest=StorageEngineModelTest#soak -Dengine.seeds="
              + seed
              + "-"
              + seed,
          e);
    }
  }

  @Test
  void nothingAcknowledgedIsLost() {
    for (long seed = 0; seed < 360; seed += 3) {
      hold(seed);
    }
  }

  @Test
  void nothingDeletedOrExpiredComesBackWhenTombstonesArePurged() {
    for (long seed = 1; seed < 360; seed += 3) {
      hold(seed);
    }
  }

  @Test
  void damageIsNeverServed() {
    int failedReads = 0;
    for (long seed = 2; seed < 300; seed += 3) {
      failedReads += hold(seed).failedReads();
    }
    assertThat(failedReads).as("damage was met").isGreaterThan(100);
  }

  /** As many seeds as wanted, or the one that failed: {@code -Dengine.seeds=3000-9000}. */
  @Test
  @EnabledIfSystemProperty(named = "engine.seeds", matches = "\\d+-\\d+")
  void soak() {
    String[] range = System.getProperty("engine.seeds", "").split("-");
    for (long seed = Long.parseLong(range[0]); seed <= Long.parseLong(range[1]); seed++) {
      hold(seed);
      if (seed % 500 == 0) {
        System.out.println("seed " + seed + " holds");
      }
    }
  }

  /** A negative control: writes that were acknowledged go with the power. */
  @Test
  void aLogThatIsNotSyncedIsFoundOut() {
    assertThat(foundOutOn(files -> new ForgetfulFileSystem(files, "/commitlog/"))).isGreaterThan(5);
  }

  /** A negative control: the log goes, but what was flushed is not on the disk yet. */
  @Test
  void anSSTableThatIsNotSyncedIsFoundOut() {
    assertThat(foundOutOn(files -> new ForgetfulFileSystem(files, ".sst"))).isGreaterThan(5);
  }

  /** A negative control: which SSTables there are is forgotten. */
  @Test
  void aManifestThatIsNotSyncedIsFoundOut() {
    assertThat(foundOutOn(files -> new ForgetfulFileSystem(files, "MANIFEST"))).isGreaterThan(5);
  }

  private static int foundOutOn(UnaryOperator<FileSystem> disk) {
    return foundOut(EngineModel.Setting.EXACT.on(disk), 10);
  }

  /** A negative control: tombstones go although another SSTable holds what they delete. */
  @Test
  void aPurgeThatOverlooksOtherTablesIsFoundOut() {
    Outside wrong =
        (token, memtablesMicros, others) ->
            Outside.EVERYTHING.leastTimestampMicros(token, memtablesMicros, List.of());
    assertThat(foundOut(EngineModel.Setting.PURGING.with(e -> e.breakPurgeBy(wrong)), 30))
        .isGreaterThan(2);
  }

  /** A negative control: tombstones go although a memtable holds what they delete. */
  @Test
  void aPurgeThatOverlooksMemtablesIsFoundOut() {
    Outside wrong =
        (token, memtablesMicros, others) ->
            Outside.EVERYTHING.leastTimestampMicros(token, Long.MAX_VALUE, others);
    assertThat(foundOut(EngineModel.Setting.PURGING.with(e -> e.breakPurgeBy(wrong)), 30))
        .isGreaterThan(2);
  }

  /** Of some seeds, so many fail. */
  private static int foundOut(EngineModel.Setting setting, int seeds) {
    int foundOut = 0;
    for (long seed = 0; seed < seeds; seed++) {
      try {
        new EngineModel(seed, setting).run(STEPS);
      } catch (AssertionError | SimulatedWorld.SimulationFailure | IOException e) {
        foundOut++;
      }
    }
    return foundOut;
  }

  @Test
  void theSameSeedTakesTheSameSteps() throws IOException {
    for (long seed = 0; seed < 5; seed++) {
      EngineModel first = new EngineModel(seed, EngineModel.Setting.EXACT.withRoomyCache());
      first.run(80);
      EngineModel second = new EngineModel(seed, EngineModel.Setting.EXACT.withRoomyCache());
      second.run(80);
      assertThat(second.world().traceHash())
          .as("seed %d", seed)
          .isEqualTo(first.world().traceHash());
    }
  }

  /** Syncs all files but those of some kind. */
  private static final class ForgetfulFileSystem extends ForwardingFileSystem {
    private final String forgotten;

    ForgetfulFileSystem(FileSystem files, String forgotten) {
      super(files);
      this.forgotten = forgotten;
    }

    @Override
    void sync(Path path, StoredFile file) throws IOException {
      if (!path.toString().contains(forgotten)) {
        super.sync(path, file);
      }
    }
  }
}
