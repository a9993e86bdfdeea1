package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.CqlSession;
import com.fasterxml.jackson.jr.ob.JSON;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * If this breaks, an administrator cannot see, end or trust the long work of a node: {@code
 * nodetool compact} and its like.
 */
class MaintenanceApiTest {
  private static final String ADDRESS = "127.0.27";

  @TempDir Path directory;

  private final HttpClient http = HttpClient.newHttpClient();

  private HttpResponse<String> ask(String method, String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://" + ADDRESS + ".1:7080" + path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private Map<String, Object> post(String path) throws Exception {
    HttpResponse<String> answer = ask("POST", path);
    assertThat(answer.statusCode()).as(path + ": " + answer.body()).isEqualTo(200);
    return JSON.std.mapFrom(answer.body());
  }

  private List<Map<?, ?>> tasks() throws Exception {
    List<Map<?, ?>> tasks = new ArrayList<>();
    JSON.std.listFrom(ask("GET", "/v1/tasks").body()).forEach(task -> tasks.add((Map<?, ?>) task));
    return tasks;
  }

  @Test
  void workOnTablesIsATaskThatCanBeFollowed() throws Exception {
    LocalCluster cluster = new LocalCluster(directory, ADDRESS, 1);
    try (CqlSession session =
        CqlSession.builder()
            .addContactPoint(cluster.contact(1))
            .withLocalDatacenter("datacenter1")
            .build()) {
      session.execute(
          "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy',"
              + " 'replication_factor': 1}");
      session.execute("CREATE TABLE app.t (k int PRIMARY KEY, v text)");
      for (int i = 0; i < 100; i++) {
        session.execute("INSERT INTO app.t (k, v) VALUES (?, ?)", i, "value " + i);
        if (i % 25 == 24) {
          post("/v1/flush?keyspace=app&table=t");
        }
      }
      for (String work : List.of("compact", "verify", "scrub", "cleanup", "upgradesstables")) {
        assertThat(post("/v1/" + work + "?keyspace=app&table=t")).containsEntry("tables", 1);
      }
      List<String> kinds = new ArrayList<>();
      tasks().stream()
          .filter(task -> "app.t".equals(task.get("what")))
          .forEach(task -> kinds.add(String.valueOf(task.get("kind"))));
      assertThat(kinds).contains("major_compaction", "verify", "scrub", "cleanup", "upgrade");
      assertThat(tasks()).allMatch(task -> "DONE".equals(task.get("state")));
      assertThat(session.execute("SELECT * FROM app.t").all()).hasSize(100);

      Map<String, Object> begun = post("/v1/compact?keyspace=app&wait=false");
      Object id = JSON.std.listFrom(JSON.std.asString(begun.get("tasks"))).getFirst();
      assertThat(JSON.std.mapFrom(ask("GET", "/v1/tasks/" + id).body())).containsEntry("id", id);
      post("/v1/tasks/cancel?id=" + id);
      assertThat(ask("GET", "/v1/tasks/12345").statusCode()).isEqualTo(400);
      assertThat(ask("GET", "/v1/tasks/x").statusCode()).isEqualTo(400);
      assertThat(ask("POST", "/v1/compact?keyspace=nope").statusCode()).isEqualTo(400);

      assertThat(post("/v1/compactionthroughput?mib=5"))
          .containsEntry("throughput_bytes_per_second", 5 << 20);
      assertThat(JSON.std.mapFrom(ask("GET", "/v1/compactionstats").body()))
          .containsEntry("failed", 0)
          .containsEntry("throughput_bytes_per_second", 5 << 20);
      assertThat(ask("GET", "/metrics").body())
          .contains("quorate_compactions_pending")
          .contains("quorate_compactions_written_bytes_total")
          .contains("quorate_tasks_running")
          .contains("quorate_messages_dropped_total");
    } finally {
      cluster.close();
    }
  }
}
