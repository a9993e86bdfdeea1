package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.node.ServerProcesses.Server;
import io.quorate.protocol.ErrorCode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * If this breaks, a node whose disk has changed a byte looks healthy: neither {@code /metrics} nor
 * {@code nodetool info} says what its clients already know.
 */
class DamagedTableTest {
  private static final String ADDRESS = "127.0.63.1";

  @TempDir Path directory;
  private final ServerProcesses servers = new ServerProcesses();
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void stop() {
    servers.close();
    http.close();
  }

  private Server start() throws Exception {
    return servers
        .start(
            directory,
            "cluster_name: ring\nlisten_address: "
                + ADDRESS
                + "\nshards: 1\ndata_directory: "
                + directory.resolve("data")
                + "\n")
        .awaitReady();
  }

  private String ask(String method, String path) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + ADDRESS + ":7080" + path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .timeout(Duration.ofSeconds(60))
            .build();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(path + ": " + answer.body()).isEqualTo(200);
    return answer.body();
  }

  private static RawClient.Answer query(String cql) throws IOException {
    try (RawClient client = new RawClient(ADDRESS, 9042).startUp()) {
      return client.query(cql);
    }
  }

  /** Changes a byte of the first data block of the only SSTable. */
  private void damage() throws IOException {
    List<Path> tables;
    try (Stream<Path> files = Files.walk(directory.resolve("data/storage/tables"))) {
      tables = files.filter(file -> file.toString().endsWith(".sst")).toList();
    }
    assertThat(tables).hasSize(1);
    byte[] bytes = Files.readAllBytes(tables.getFirst());
    bytes[12] ^= 0x20;
    Files.write(tables.getFirst(), bytes);
  }

  @Test
  void aByteThatTheDiskHasChangedIsSeenFromOutside() throws Exception {
    Server server = start();
    for (String cql :
        List.of(
            "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy',"
                + " 'replication_factor': 1}",
            "CREATE TABLE app.t (k int PRIMARY KEY, v text)",
            "INSERT INTO app.t (k, v) VALUES (1, 'one')")) {
      assertThat(query(cql).errorCode()).as(cql).isEqualTo(-1);
    }
    ask("POST", "/v1/flush?keyspace=app&table=t");
    server.killNine();
    damage();

    // The log is read again, so the row is found in a second, whole SSTable, too.
    start();
    assertThat(ask("GET", "/metrics"))
        .contains("\nquorate_corruptions_total 0.0\n")
        .contains("\nquorate_sstables_quarantined 0.0\n");
    assertThat(ask("GET", "/v1/info")).doesNotContain("put aside");

    RawClient.Answer refused = query("SELECT v FROM app.t WHERE k = 1");
    assertThat(refused.errorCode()).isEqualTo(ErrorCode.READ_FAILURE.code());
    // The file is put aside after the answer, and counted then.
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() ->
            assertThat(ask("GET", "/metrics"))
                .contains("\nquorate_sstables_quarantined 1.0\n")
                .contains("\nquorate_corruptions_total 1.0\n"));
    assertThat(ask("GET", "/v1/info")).contains("1 damaged SSTables were put aside");
    assertThat(ask("GET", "/v1/tables?keyspace=app&table=t")).contains("\"quarantined\":1");
  }
}
