package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.FileSystem;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, a node that is started again fetches anew what it had, or keeps files of changes
 * that ended while it was down.
 */
class StreamingLogTest {
  private static final Path DATA = Path.of("/data");

  @Test
  void whatWasNotedOfChangesThatAreOverGoesAndNothingElse() throws IOException {
    SimulatedHost host = new SimulatedWorld(1).addHost("10.0.0.1", 1);
    FileSystem files = host.boot().files();
    files.createDirectories(DATA);
    for (long change : List.of(5L, 7L, 12L)) {
      files.replace(DATA.resolve(StreamingLog.name(change)), new byte[] {1});
    }
    files.replace(DATA.resolve("streaming-notes"), new byte[] {1});
    // 12 began after what the node knows now.
    StreamingLog.forgetAllBut(files, Runnable::run, DATA, 10, List.of(7L));
    assertThat(files.list(DATA))
        .containsExactlyInAnyOrder("streaming-7", "streaming-12", "streaming-notes");
  }
}
