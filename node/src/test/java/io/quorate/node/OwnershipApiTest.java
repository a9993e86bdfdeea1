package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.CqlSession;
import com.fasterxml.jackson.jr.ob.JSON;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * If this breaks, an administrator takes out a node that must stay, cannot take out one that should
 * go, or finds rows gone after {@code nodetool cleanup}.
 */
class OwnershipApiTest {
  private static final String SUBNET = "127.0.66";

  @TempDir Path directory;

  private final HttpClient http = HttpClient.newHttpClient();

  private HttpResponse<String> ask(String method, int node, String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://" + SUBNET + "." + node + ":7080" + path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private void refused(int node, String path, String why) throws Exception {
    HttpResponse<String> answer = ask("POST", node, path);
    assertThat(answer.statusCode()).as(path + ": " + answer.body()).isBetween(400, 409);
    assertThat(answer.body()).contains(why);
    assertThat(answer.body().lines()).hasSize(1);
  }

  private Map<String, Object> transition(int node) throws Exception {
    return JSON.std.mapFrom(ask("GET", node, "/v1/transition").body());
  }

  private boolean isChanging(int node) throws Exception {
    return !List.of().equals(transition(node).get("transitions"));
  }

  private String voters(int node) throws Exception {
    return String.valueOf(JSON.std.mapFrom(ask("GET", node, "/v1/raft").body()).get("voters"));
  }

  @Test
  void nodesAreTakenOutAndPutInByCommand() throws Exception {
    LocalCluster cluster = new LocalCluster(directory, SUBNET, 3);
    try (CqlSession session =
        CqlSession.builder()
            .addContactPoint(cluster.contact(1))
            .withLocalDatacenter("datacenter1")
            .build()) {
      session.execute(
          "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy',"
              + " 'replication_factor': 3}");
      session.execute("CREATE TABLE app.t (k int PRIMARY KEY, v text)");
      refused(1, "/v1/decommission", "too few nodes would be left");
      refused(1, "/v1/removenode?node=" + SUBNET + ".2", "is alive");
      refused(1, "/v1/removenode?node=1.2.3.4", "there is no node '1.2.3.4'");
      refused(1, "/v1/removenode?node=" + SUBNET + ".1,1.2.3.4", "there is no node '1.2.3.4'");
      String both =
          "/v1/transition/plan?kind=removenode&force=true&node=" + SUBNET + ".2," + SUBNET + ".3";
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> ask("GET", 1, both).body().contains("may be lost"));
      assertThat(ask("GET", 1, both + "&accept_data_loss=true").statusCode()).isEqualTo(200);
      refused(1, "/v1/transition/cancel", "no change of ownership is under way");
      assertThat(ask("GET", 1, "/v1/transition/plan?kind=replace&node=" + SUBNET + ".2").body())
          .as("who is to be replaced has to be stopped")
          .contains("\"alive\":[\"" + SUBNET + ".2:7000\"]");

      HttpResponse<String> plan = ask("GET", 1, "/v1/transition/plan?kind=join");
      List<Object> nodes =
          JSON.std.listFrom(JSON.std.asString(JSON.std.mapFrom(plan.body()).get("nodes")));
      assertThat(nodes).hasSize(4);
      assertThat(isChanging(1)).isFalse();
      // Without a name it is the node that is asked, as in what it is a plan of.
      String leaving = "/v1/transition/plan?kind=decommission&force=true";
      HttpResponse<String> unnamed = ask("GET", 1, leaving);
      assertThat(unnamed.statusCode()).isEqualTo(200);
      String named = leaving + "&node=" + SUBNET + ".1";
      assertThat(unnamed.body()).isEqualTo(ask("GET", 1, named).body());

      cluster.start(4);
      assertThat(isChanging(4)).isFalse();
      assertThat(transition(4)).containsEntry("state", "NORMAL");
      // While one who takes part is away a change waits for it, and can be taken back.
      cluster.stop(3);
      Awaitility.await()
          .atMost(20, TimeUnit.SECONDS)
          .until(() -> ask("GET", 4, "/v1/status").body().contains("\"status\":\"DOWN\""));
      // Who was stopped may have led the metadata ring.
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> {
            ask("POST", 4, "/v1/decommission");
            return isChanging(1);
          });
      refused(4, "/v1/decommission", "another change of ownership is under way");
      refused(1, "/v1/cleanup?keyspace=app", "ownership is changing");
      assertThat(ask("GET", 1, "/v1/transition").body()).contains("\"status\":\"DOWN\"");
      assertThat(ask("GET", 1, "/v1/status").body()).contains("\"state\":\"LEAVING\"");
      refused(1, "/v1/transition/skip?node=" + SUBNET + ".3", "cancel it");
      // Whatever waits for another says so.
      assertThat(ask("GET", 1, "/v1/transition/plan?kind=join").body())
          .contains("\"waits_for\":\"change ", "they share ", " of keyspace app");
      refused(1, "/v1/transition/cancel?change=7777", "there is no node '7777'");
      refused(1, "/v1/transition/cancel?change=" + SUBNET + ".1", "no change of ownership of");
      assertThat(ask("POST", 1, "/v1/transition/cancel?change=" + SUBNET + ".4").statusCode())
          .isEqualTo(200);
      Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> !isChanging(4));

      cluster.start(3);
      cluster.stop(4);
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> ask("POST", 1, "/v1/removenode?node=" + SUBNET + ".4").statusCode() == 200);
      Awaitility.await()
          .atMost(60, TimeUnit.SECONDS)
          .until(() -> !ask("GET", 1, "/v1/status").body().contains(SUBNET + ".4"));
      // What was taken out while it was away finds that out when it is back.
      CompletableFuture<Boolean> back = cluster.begin(4);
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() ->
              back.isCompletedExceptionally()
                  || "DECOMMISSIONED".equals(transition(4).get("state")));

      // One that votes gives its vote to a node that stays.
      cluster.start(5);
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> ask("POST", 2, "/v1/decommission").statusCode() == 200);
      Awaitility.await()
          .atMost(60, TimeUnit.SECONDS)
          .until(() -> "DECOMMISSIONED".equals(transition(2).get("state")));
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> voters(1).contains(SUBNET + ".5") && !voters(1).contains(SUBNET + ".2:"));
    } finally {
      cluster.close();
    }
  }
}
