package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.environment.simulated.PowerLoss;
import io.quorate.environment.simulated.SimulatedFileSystem;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A node that takes itself for another one, or for a new one, serves rows that are not its own. */
class NodeIdentityTest {
  private static final Path DATA = Path.of("/data");
  private static final Path IDENTITY = DATA.resolve("identity");
  private static final List<Path> PARTS =
      List.of(DATA.resolve("storage"), DATA.resolve("metadata"));

  private final SimulatedHost host = new SimulatedWorld(1).addHost("n1", 1);
  private final SimulatedFileSystem disk = host.disk();
  private Environment environment = host.boot();

  private NodeIdentity begin() throws IOException {
    disk.createDirectories(DATA);
    return NodeIdentity.begin(environment, DATA, PARTS, "ring");
  }

  private void write(Path path, String text) throws IOException {
    try (StoredFile file = disk.open(path, Mode.CREATE)) {
      file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
    }
  }

  @Test
  void eachLifeIsOfTheSameNodeAndLater() throws IOException {
    NodeIdentity first = begin();
    NodeIdentity second = begin();
    assertThat(second.hostId()).isEqualTo(first.hostId());
    assertThat(second.generation()).isGreaterThan(first.generation());
  }

  @Test
  void noFlippedBitGoesByUnseen() throws IOException {
    begin();
    for (long bit = 0; bit < disk.size(IDENTITY) * 8; bit++) {
      disk.flipBit(IDENTITY, bit);
      assertThatThrownBy(this::begin)
          .as("bit %d", bit)
          .isInstanceOf(StartupException.class)
          .hasMessageContaining(IDENTITY.toString());
      disk.flipBit(IDENTITY, bit);
    }
  }

  @Test
  void wheneverItIsCutOffItIsRefused() throws IOException {
    begin();
    for (long size = disk.size(IDENTITY) - 1; size >= 0; size--) {
      disk.cutOff(IDENTITY, size);
      assertThatThrownBy(this::begin)
          .isInstanceOf(StartupException.class)
          .hasMessageContaining(IDENTITY.toString());
    }
  }

  @Test
  void oneOfAnEarlierReleaseIsRead() throws IOException {
    UUID id = new UUID(7, 7);
    disk.createDirectories(DATA);
    PARTS.forEach(this::make);
    writeToAllParts();
    write(IDENTITY, "version 1\nhost_id " + id + "\ncluster_name ring\ngeneration 5\n");
    assertThat(begin().hostId()).isEqualTo(id);
    assertThat(begin().state()).isEqualTo(NodeIdentity.State.MEMBER);
  }

  @Test
  void aNodeThatHasLeftItsClusterDoesNotStartAgainOnItsOldRows() throws IOException {
    NodeIdentity identity = begin();
    identity.leave(disk, DATA);
    assertThatThrownBy(this::begin)
        .isInstanceOf(StartupException.class)
        .hasMessage(
            "node "
                + identity.hostId()
                + " was removed from the cluster; to join again as a new node it needs an empty"
                + " data directory");
  }

  /** Else a voter that has lost its disk votes like the one that it was. */
  @Test
  void whoBeginsWithNothingIsNewUntilItSettles() throws IOException {
    assertThat(begin().state()).isEqualTo(NodeIdentity.State.NEW);
    NodeIdentity identity = begin();
    assertThat(identity.state()).isEqualTo(NodeIdentity.State.NEW);
    identity.settle(disk, DATA);
    writeToAllParts();
    assertThat(begin().state()).isEqualTo(NodeIdentity.State.MEMBER);
  }

  private void make(Path directory) {
    try {
      disk.createDirectories(directory);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aNodeThatHasLostItsIdentityIsNotTakenForANewOne() throws IOException {
    begin();
    write(PARTS.getFirst().resolve("something"), "precious");
    disk.lose(IDENTITY);
    assertThatThrownBy(this::begin)
        .hasMessage("/data/identity is missing, and /data/storage is not empty");
  }

  @Test
  void aDiskThatIsNotMountedIsNotTakenForAnEmptyOne() throws IOException {
    begin();
    disk.delete(PARTS.getFirst());
    assertThatThrownBy(this::begin)
        .isInstanceOf(StartupException.class)
        .hasMessage(
            "/data/storage is missing, and /data/identity says that it was there: is its disk"
                + " mounted?");
  }

  /** A member with an empty log would vote for somebody without what it had acknowledged. */
  @Test
  void thePlaceOfADiskThatIsNotMountedIsNotTakenForItsDisk() throws IOException {
    begin().settle(disk, DATA);
    writeToAllParts();
    for (Path part : PARTS) {
      disk.delete(part.resolve("something"));
      assertThatThrownBy(this::begin)
          .isInstanceOf(StartupException.class)
          .hasMessage(
              part
                  + " is empty, and /data/identity says that this node is a member: is its disk"
                  + " mounted?");
      write(part.resolve("something"), "precious");
    }
    assertThat(begin().state()).isEqualTo(NodeIdentity.State.MEMBER);
  }

  private void writeToAllParts() throws IOException {
    for (Path part : PARTS) {
      write(part.resolve("something"), "precious");
    }
  }

  /** Wherever the power goes during the very first start, the second one does not complain. */
  @Test
  void aFirstStartMayBeInterruptedAnywhere() throws IOException {
    for (int operation = 1; operation < 12; operation++) {
      SimulatedHost other = new SimulatedWorld(operation).addHost("n", 1);
      environment = other.boot();
      other.disk().losePowerAt(operation);
      try {
        other.disk().createDirectories(DATA);
        NodeIdentity.begin(environment, DATA, PARTS, "ring");
        other.disk().losePower();
      } catch (PowerLoss lost) {
        environment = other.boot();
      }
      other.disk().createDirectories(DATA);
      assertThat(NodeIdentity.begin(environment, DATA, PARTS, "ring").clusterName())
          .isEqualTo("ring");
    }
  }
}
