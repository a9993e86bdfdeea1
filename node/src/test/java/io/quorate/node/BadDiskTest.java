package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.servererrors.WriteFailureException;
import io.quorate.node.ServerProcesses.Server;
import io.quorate.protocol.ErrorCode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real disk that is really full, or read-only: clients are refused with a clear error, what was
 * acknowledged is read, and nobody has to restart anything once there is space. Needs the right to
 * mount a file system in memory, and says so where it has none.
 */
class BadDiskTest {
  private static final String ADDRESS = "127.0.61.1";
  private static final int VALUE_BYTES = 200_000;

  @TempDir Path directory;
  private final ServerProcesses servers = new ServerProcesses();
  private final HttpClient http = HttpClient.newHttpClient();
  private Path disk = Path.of("");
  private boolean mounted;

  @AfterEach
  void stop() throws Exception {
    servers.close();
    http.close();
    if (mounted) {
      run("umount", disk.toString());
    }
  }

  private static int run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor();
  }

  private void mount(int mebibytes) throws Exception {
    Path point = Files.createDirectories(directory.resolve("disk"));
    String size = "size=" + mebibytes + "m";
    if (run("mount", "-t", "tmpfs", "-o", size, "tmpfs", point.toString()) != 0) {
      System.err.println(
          "NOT TESTED: a full disk and a read-only one, for want of the right to mount");
      abort("no right to mount");
    }
    disk = point;
    mounted = true;
  }

  private Server start() throws IOException {
    return servers.start(
        directory,
        "cluster_name: ring\nlisten_address: "
            + ADDRESS
            + "\nshards: 1\ndata_directory: "
            + disk.resolve("data")
            + "\n");
  }

  private static CqlSession connect() {
    return CqlSession.builder()
        .addContactPoint(new InetSocketAddress(ADDRESS, 9042))
        .withLocalDatacenter("datacenter1")
        .build();
  }

  private HttpResponse<String> get(String path) throws Exception {
    URI uri = URI.create("http://" + ADDRESS + ":7080" + path);
    return http.send(
        HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** The answer that has the server's own words; the Java driver makes some of its own. */
  private static RawClient.Answer refusedWrite() throws IOException {
    try (RawClient client = new RawClient(ADDRESS, 9042).startUp()) {
      return client.query("INSERT INTO app.t (k, v) VALUES (-1, 0x00)");
    }
  }

  /** Takes every byte that is left. */
  private Path fill() throws IOException {
    Path ballast = disk.resolve("ballast");
    try (FileChannel file =
        FileChannel.open(ballast, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      ByteBuffer zeros = ByteBuffer.allocate(1 << 16);
      while (true) {
        file.write(zeros.clear());
      }
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("No space left");
    }
    return ballast;
  }

  private static ByteBuffer value(int key) {
    byte[] value = new byte[VALUE_BYTES];
    new Random(key).nextBytes(value);
    return ByteBuffer.wrap(value);
  }

  private static void assertAllThere(CqlSession session, List<Integer> keys) {
    PreparedStatement select = session.prepare("SELECT v FROM app.t WHERE k = ?");
    for (int key : keys) {
      var row = session.execute(select.bind(key)).one();
      assertThat(row).as("key %d", key).isNotNull();
      assertThat(row.getByteBuffer(0)).isEqualTo(value(key));
    }
  }

  @Test
  void aFullDiskRefusesWritesReadsOnAndGoesOnByItself() throws Exception {
    mount(256);
    Server server = start().awaitReady();
    List<Integer> acknowledged = new ArrayList<>();
    try (CqlSession session = connect()) {
      session.execute(
          "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy',"
              + " 'replication_factor': 1}");
      session.execute("CREATE TABLE app.t (k int PRIMARY KEY, v blob)");
      PreparedStatement insert = session.prepare("INSERT INTO app.t (k, v) VALUES (?, ?)");
      session.execute(insert.bind(-2, value(-2)));
      acknowledged.add(-2);
      Path ballast = fill();
      assertThatThrownBy(
              () -> {
                for (int key = 0; key < 2_000; key++) {
                  session.execute(insert.bind(key, value(key)));
                  acknowledged.add(key);
                }
              })
          .isInstanceOf(WriteFailureException.class);
      RawClient.Answer refused = refusedWrite();
      assertThat(refused.errorCode()).isEqualTo(ErrorCode.WRITE_FAILURE.code());
      assertThat(refused.errorMessage()).contains("1 failures: ").contains("the disk is full");
      assertThat(acknowledged).as("there was room in the log").hasSizeGreaterThan(1);
      assertAllThere(session, acknowledged);
      assertThat(get("/health/ready").statusCode()).isEqualTo(503);
      assertThat(get("/health/ready").body()).contains("writes are refused").contains("full");
      assertThat(get("/health/live").statusCode()).isEqualTo(200);
      assertThat(get("/metrics").body())
          .contains("\nquorate_writes_refused 1.0\n")
          .contains("\nquorate_commitlog_poisoned 0.0\n")
          .contains("\nquorate_sstables_quarantined 0.0\n")
          .contains("\nquorate_corruptions_total 0.0\n")
          .contains("\nquorate_disk_errors_total{operation=\"sync\"} 0.0\n")
          .contains("\nquorate_disk_usable_share 0.")
          .contains("\nquorate_snapshot_age_seconds NaN\n")
          .contains("\nquorate_archive_failures_total 0.0\n");
      assertThat(get("/v1/info").body()).contains("writes are refused: ");

      Files.delete(ballast);
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .ignoreExceptions()
          .until(() -> get("/health/ready").statusCode() == 200);
      for (int key = 10_000; key < 10_010; key++) {
        session.execute(insert.bind(key, value(key)));
        acknowledged.add(key);
      }
      assertThat(get("/metrics").body()).contains("\nquorate_writes_refused 0.0\n");
      assertThat(server.process().isAlive()).isTrue();
    }
    server.killNine();
    start().awaitReady();
    try (CqlSession session = connect()) {
      assertAllThere(session, acknowledged);
    }
  }

  @Test
  void aNodeDoesNotStartOnAFullOrAReadOnlyDisk() throws Exception {
    mount(128);
    start().awaitReady().killNine();
    Path ballast = fill();
    Server full = start();
    assertThat(full.awaitExit()).isEqualTo(1);
    assertThat(full.errors())
        .hasLineCount(1)
        .startsWith(disk.resolve("data").toString())
        .contains("No space left on device");
    Files.delete(ballast);

    assertThat(run("mount", "-o", "remount,ro", disk.toString())).isZero();
    Server readOnly = start();
    assertThat(readOnly.awaitExit()).isEqualTo(1);
    assertThat(readOnly.errors())
        .isEqualTo(disk.resolve("data/lock") + ": Read-only file system\n");
    assertThat(run("mount", "-o", "remount,rw", disk.toString())).isZero();
    start().awaitReady();
  }
}
