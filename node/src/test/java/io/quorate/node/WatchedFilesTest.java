package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.environment.simulated.SimulatedFileSystem;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** A disk that begins to fail must show in the metrics before it fails altogether. */
class WatchedFilesTest {
  private static final Path FILE = Path.of("/data/file");

  private final SimulatedFileSystem disk =
      new SimulatedFileSystem(new SimulatedWorld(1).random(), "host");
  private final WatchedFiles files = new WatchedFiles(disk);

  @Test
  void eachFailureIsCountedUnderItsOperation() throws IOException {
    files.createDirectories(Path.of("/data"));
    files.replace(FILE, new byte[10]);
    StoredFile file = files.open(FILE, Mode.READ_WRITE);
    fails(Operation.OPEN, () -> files.open(FILE, Mode.READ));
    fails(Operation.READ, () -> file.readFully(ByteBuffer.allocate(1), 0));
    fails(Operation.WRITE, () -> file.write(ByteBuffer.allocate(1), 0));
    fails(Operation.SYNC, file::sync);
    fails(Operation.RENAME, () -> files.rename(FILE, FILE));
    fails(Operation.DELETE, () -> files.delete(FILE));
    assertThat(files.errors()).isEqualTo(6);
    assertThat(files.lastError()).isEqualTo("/data/file: Input/output error");
    assertThat(files.readAll(FILE)).hasSize(10);
  }

  private void fails(Operation operation, ThrowingCallable work) {
    disk.fail(operation, FILE.toString());
    assertThatThrownBy(work).hasMessageContaining("Input/output error");
    disk.heal();
    assertThat(files.errors(operation)).as("%s", operation).isEqualTo(1);
  }

  @Test
  void aFullDiskIsCountedByItselfAndWhatIsNotThereNotAtAll() throws IOException {
    files.createDirectories(Path.of("/data"));
    disk.capacity(1);
    assertThatThrownBy(() -> files.replace(FILE, new byte[10])).isInstanceOf(IOException.class);
    assertThat(files.foundFull()).isEqualTo(1);
    assertThatThrownBy(() -> files.open(FILE, Mode.READ)).isInstanceOf(NoSuchFileException.class);
    assertThat(files.errors()).isZero();
  }
}
