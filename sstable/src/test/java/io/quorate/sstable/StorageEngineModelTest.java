package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * If this breaks, a write that a client was told is safe can be lost, or a read gives something
 * that was never written. Random updates, reads, flushes, compactions, truncations and power losses
 * at any operation of the disk, under random options, against a model.
 */
class StorageEngineModelTest {

  @Test
  void nothingAcknowledgedIsLost() throws IOException {
    for (long seed = 0; seed < 80; seed++) {
      new EngineModel(seed, true, files -> files).run(120);
    }
  }

  @Test
  void nothingDeletedComesBackWhenTombstonesArePurged() throws IOException {
    for (long seed = 1_000; seed < 1_080; seed++) {
      new EngineModel(seed, false, files -> files).run(120);
    }
  }

  @Test
  void damageIsNeverServed() throws IOException {
    int failedReads = 0;
    for (long seed = 2_000; seed < 2_060; seed++) {
      EngineModel model = new EngineModel(seed, true, files -> files).damaging();
      model.run(120);
      failedReads += model.failedReads;
    }
    assertThat(failedReads).as("damage was met").isGreaterThan(100);
  }

  /**
   * As many seeds as wanted, or the one that failed:
   *
   * <pre>
   * mvn -pl sstable -am test -Dsurefire.failIfNoSpecifiedTests=false \
   *     -Dtest=StorageEngineModelTest#soak -Dengine.seeds=3000-9000
   * </pre>
   */
  @Test
  @EnabledIfSystemProperty(named = "engine.seeds", matches = "\\d+-\\d+")
  void soak() throws IOException {
    String[] range = System.getProperty("engine.seeds", "").split("-");
    for (long seed = Long.parseLong(range[0]); seed <= Long.parseLong(range[1]); seed++) {
      EngineModel model = new EngineModel(seed, seed % 3 != 1, files -> files);
      (seed % 3 == 2 ? model.damaging() : model).run(120);
      if (seed % 500 == 0) {
        System.out.println("seed " + seed + " holds");
      }
    }
  }

  /** The negative control: when the log is not synced, the same runs must find lost writes. */
  @Test
  void aLogThatIsNotSyncedIsFoundOut() throws IOException {
    int foundOut = 0;
    for (long seed = 0; seed < 10; seed++) {
      try {
        new EngineModel(seed, true, ForgetfulFileSystem::new).run(120);
      } catch (AssertionError e) {
        assertThat(e).hasMessageContaining("after a restart");
        foundOut++;
      }
    }
    assertThat(foundOut).isGreaterThan(5);
  }

  @Test
  void theSameSeedTakesTheSameSteps() throws IOException {
    for (long seed = 0; seed < 5; seed++) {
      EngineModel first = new EngineModel(seed, true, files -> files, true);
      first.run(80);
      EngineModel second = new EngineModel(seed, true, files -> files, true);
      second.run(80);
      assertThat(second.world.traceHash()).as("seed %d", seed).isEqualTo(first.world.traceHash());
    }
  }

  /** Syncs everything but the commit log. */
  private static final class ForgetfulFileSystem extends ForwardingFileSystem {
    ForgetfulFileSystem(FileSystem files) {
      super(files);
    }

    @Override
    void sync(Path path, StoredFile file) throws IOException {
      if (!path.toString().contains("commitlog")) {
        super.sync(path, file);
      }
    }
  }
}
