package io.quorate.environment.real;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** An operator who is told "No space left on device" and not of which file cannot help. */
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
}
