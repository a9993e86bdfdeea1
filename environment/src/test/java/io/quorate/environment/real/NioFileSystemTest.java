package io.quorate.environment.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** If this breaks, an operator is not told of which file, or the log is not what was written. */
class NioFileSystemTest {

  @Test
  void aFullDeviceIsToldWithTheFile() throws IOException {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();
    try (StoredFile file = new NioFileSystem().open(full, Mode.READ_WRITE)) {
      assertThatThrownBy(() -> file.write(ByteBuffer.allocate(10), 0))
          .isInstanceOf(DiskFullException.class)
          .hasMessage("/dev/full: No space left on device");
    }
  }

  @Test
  void aFileThatFailsIsNamed() throws IOException {
    Path broken = Path.of("/proc/self/mem");
    assumeThat(broken).exists();
    try (StoredFile file = new NioFileSystem().open(broken, Mode.READ)) {
      // Nothing is mapped at the first page.
      assertThatThrownBy(() -> file.readFully(ByteBuffer.allocate(10), 0))
          .hasMessage("/proc/self/mem: Input/output error");
    }
  }

  @Test
  void whatIsWrittenInBlocksPastThePageCacheIsReadBackThroughIt(@TempDir Path directory)
      throws IOException {
    NioFileSystem files = new NioFileSystem();
    Path path = directory.resolve("log");
    int block = FileSystem.BLOCK_BYTES;
    try (StoredFile file = files.open(path, Mode.CREATE)) {
      file.preallocate(8L * block);
    }
    // The last block of a log is written again when more has come.
    ByteBuffer aligned = ByteBuffer.allocateDirect(3 * block).alignedSlice(block);
    try (StoredFile file = files.open(path, Mode.DIRECT)) {
      for (int round = 1; round <= 3; round++) {
        aligned.clear().limit(round < 3 ? block : 2 * block).put(round, (byte) round);
        file.write(aligned, 2L * block);
        file.sync();
      }
      assertThat(file.size()).isEqualTo(8L * block);
    }
    byte[] bytes = files.readAll(path);
    assertThat(Arrays.copyOfRange(bytes, 2 * block, 2 * block + 5)).containsExactly(0, 1, 2, 3, 0);
  }
}
