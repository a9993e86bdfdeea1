package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.quorate.node.ServerProcesses.Server;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A server that cannot start must say why in one line, end with status 1, and leave alone what its
 * data directory held.
 */
class StartupErrorTest {
  @TempDir Path directory;
  private final ServerProcesses servers = new ServerProcesses();

  @AfterEach
  void stop() {
    servers.close();
  }

  private static String yaml(String address) {
    return "cluster_name: first\nlisten_address: " + address + "\nshards: 1\n";
  }

  private void assertRefused(Server server, String message) throws Exception {
    assertThat(server.awaitExit()).isEqualTo(1);
    assertThat(server.errors()).isEqualTo(message + "\n");
    assertThat(server.output()).doesNotContain("\tat ").doesNotContain("Exception");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "data_directry: d | unknown key 'data_directry'; did you mean 'data_directory'?",
        "'rack: [a' | not YAML: expected ',' or ']', but got <stream end> at line 1",
        "shards: two | shards is 'two'; a whole number is expected",
        "admin_port: 70000 | admin_port is 70000; allowed are 1 to 65535",
      })
  void aWrongConfiguration(String yaml, String message) throws Exception {
    Server server = servers.start(directory, yaml);
    assertRefused(server, directory.resolve("quorate.yaml") + ": " + message);
    assertThat(directory.resolve("data")).doesNotExist();
  }

  @Test
  void aConfigurationThatIsNotThere() throws Exception {
    Path missing = directory.resolve("missing.yaml");
    assertRefused(
        servers.start(directory, missing),
        "cannot read the configuration: " + missing + " does not exist");
  }

  @Test
  void aConfigurationThatIsNoText() throws Exception {
    Path file = directory.resolve("quorate.yaml");
    Files.write(file, new byte[] {'r', 'a', (byte) 0xFF, (byte) 0xFE});
    assertRefused(servers.start(directory, file), file + " is not UTF-8 text");
  }

  @ParameterizedTest
  @CsvSource({"7000, 127.0.17.1", "7080, 127.0.17.2", "9042, 127.0.17.3"})
  void aPortThatAnotherProcessHas(int port, String address) throws Exception {
    try (ServerSocket taken = new ServerSocket()) {
      taken.setReuseAddress(true);
      taken.bind(new InetSocketAddress(address, port));
      Server server = servers.start(directory, yaml(address));
      assertThat(server.awaitExit()).isEqualTo(1);
      assertThat(server.errors())
          .hasLineCount(1)
          .startsWith("cannot listen on " + address + ":" + port + ": ")
          .contains("Address already in use");
      assertThat(server.output()).doesNotContain("\tat ");
    }
    servers.start(directory, yaml(address)).awaitReady();
  }

  @Test
  void theDataDirectoryOfAnotherCluster() throws Exception {
    servers.start(directory, yaml("127.0.17.4")).awaitReady().killNine();
    Path data = directory.resolve("data");
    Map<String, Integer> before = contents(data);
    assertThat(before).containsKey("identity");
    Server server = servers.start(directory, yaml("127.0.17.4").replace("first", "second"));
    assertRefused(
        server,
        "data directory "
            + data
            + " belongs to cluster 'first'; this node is configured for 'second'");
    assertThat(contents(data)).isEqualTo(before);
  }

  @Test
  void theDataDirectoryOfARunningNode() throws Exception {
    Server running = servers.start(directory, yaml("127.0.17.5")).awaitReady();
    Path data = directory.resolve("data");
    byte[] identity = Files.readAllBytes(data.resolve("identity"));
    Server second =
        servers.start(
            directory.resolve("other"), yaml("127.0.17.6") + "data_directory: " + data + "\n");
    assertRefused(second, data.resolve("lock") + " is locked by another process");
    assertThat(data.resolve("identity")).hasBinaryContent(identity);
    assertThat(running.process().isAlive()).isTrue();
  }

  @Test
  void aDamagedIdentity() throws Exception {
    Path data = Files.createDirectories(directory.resolve("data"));
    Files.writeString(data.resolve("identity"), "version 1\nhost_id me\n");
    Map<String, Integer> before = contents(data);
    Server server = servers.start(directory, yaml("127.0.17.7"));
    assertRefused(server, data.resolve("identity") + " is damaged: Invalid UUID string: me");
    before.put("lock", Arrays.hashCode(new byte[0]));
    assertThat(contents(data)).isEqualTo(before);
  }

  @Test
  void aFileWhereTheDataDirectoryShouldBe() throws Exception {
    Path data = directory.resolve("data");
    Files.writeString(data, "precious");
    Server server = servers.start(directory, yaml("127.0.17.8"));
    assertRefused(server, data + " is in the way: it is no directory");
    assertThat(data).hasContent("precious");
  }

  @Test
  void aDataDirectoryThatMayNotBeWritten() throws Exception {
    Path data = Files.createDirectories(directory.resolve("data"));
    Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("r-xr-xr-x"));
    // Permissions do not bind the superuser.
    assumeThat(Files.isWritable(data)).isFalse();
    Server server = servers.start(directory, yaml("127.0.17.9"));
    assertRefused(server, data.resolve("lock") + ": permission denied");
  }

  @Test
  void aDataDirectoryThatNobodyCanMake() throws Exception {
    assumeThat(Path.of("/proc/self")).exists();
    Server server =
        servers.start(directory, yaml("127.0.17.10") + "data_directory: /proc/quorate\n");
    assertRefused(server, "/proc/quorate does not exist");
  }

  /** What each file holds,. */
  private static Map<String, Integer> contents(Path data) throws IOException {
    Map<String, Integer> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(data.relativize(file).toString(), Arrays.hashCode(Files.readAllBytes(file)));
      }
    }
    return contents;
  }
}
