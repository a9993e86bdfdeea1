package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.simulated.SimulatedFileSystem;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** If this breaks, a restart forgets which files a table has, or how it is to be kept. */
class TableManifestTest {
  private static final Path DIRECTORY = Path.of("/data");

  private final SimulatedFileSystem files =
      new SimulatedFileSystem(new SimulatedWorld(1).random(), "host");

  private TableManifest stored() throws IOException {
    CompactionSettings compaction =
        new CompactionSettings(
            Map.of("class", "LeveledCompactionStrategy", "sstable_size_in_mb", "12"));
    TableSettings settings =
        new TableSettings(0.2, Compression.ZSTD, 64 << 10, 77, Durability.PERIODIC, compaction);
    TableManifest manifest =
        new TableManifest(
            new UUID(1, 2),
            settings,
            3,
            List.of(
                new TableManifest.Listed(5, Long.MIN_VALUE, -1, 3, false),
                new TableManifest.Listed(6, 0, Long.MAX_VALUE, 0, true)));
    files.createDirectories(DIRECTORY);
    manifest.store(files, DIRECTORY);
    return manifest;
  }

  @Test
  void whatIsStoredIsLoaded() throws IOException {
    assertThat(stored()).isEqualTo(TableManifest.load(files, DIRECTORY));
  }

  @Test
  void noFlippedBitGoesByUnseen() throws IOException {
    stored();
    Path file = DIRECTORY.resolve(TableManifest.FILE_NAME);
    for (long bit = 0; bit < files.size(file) * 8; bit++) {
      files.flipBit(file, bit);
      assertThatThrownBy(() -> TableManifest.load(files, DIRECTORY))
          .as("bit %d", bit)
          .isInstanceOf(CorruptFileException.class);
      files.flipBit(file, bit);
    }
  }
}
