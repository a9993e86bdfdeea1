package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import io.quorate.node.ServerProcesses.Server;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An application must not notice that a node joins and another leaves, except that its driver knows
 * of them.
 */
class NodesUnderLoadTest {
  private static final String SUBNET = "127.0.67.";

  @TempDir Path directory;

  private final ServerProcesses servers = new ServerProcesses();
  private final AtomicBoolean working = new AtomicBoolean(true);
  private final AtomicInteger served = new AtomicInteger();
  private final List<Throwable> failures = new CopyOnWriteArrayList<>();

  private Server start(int number) throws Exception {
    String seeds = SUBNET + "1, " + SUBNET + "2, " + SUBNET + "3";
    return servers.start(
        directory.resolve("node" + number),
        "listen_address: " + SUBNET + number + "\nseeds: [" + seeds + "]\nshards: 2\n");
  }

  private static String ask(String method, String path) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://" + SUBNET + "4:7080" + path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private Thread work(CqlSession session, PreparedStatement insert, PreparedStatement select) {
    return Thread.ofPlatform()
        .start(() -> {
          int key = 0;
          while (working.get()) {
            key++;
            try {
              session.execute(insert.bind(key, key));
              Row row = session.execute(select.bind(key)).one();
              assertThat(row).as("row %d", key).isNotNull();
              served.incrementAndGet();
            } catch (RuntimeException | AssertionError e) {
              failures.add(e);
            }
          }
        });
  }

  @Test
  void noRequestFailsWhenANodeJoinsAndLeaves() throws Exception {
    List<Server> first = List.of(start(1), start(2), start(3));
    for (Server server : first) {
      server.awaitReady();
    }
    DriverConfigLoader options =
        DriverConfigLoader.programmaticBuilder()
            .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, Duration.ofSeconds(20))
            .withString(DefaultDriverOption.REQUEST_CONSISTENCY, ConsistencyLevel.QUORUM.toString())
            .withBoolean(DefaultDriverOption.REQUEST_DEFAULT_IDEMPOTENCE, true)
            .build();
    try (CqlSession session =
        CqlSession.builder()
            .withConfigLoader(options)
            .addContactPoint(new InetSocketAddress(SUBNET + "1", 9042))
            .withLocalDatacenter("datacenter1")
            .build()) {
      session.execute(
          "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy',"
              + " 'replication_factor': 3}");
      session.execute("CREATE TABLE app.t (k int PRIMARY KEY, v int)");
      Thread load =
          work(
              session,
              session.prepare("INSERT INTO app.t (k, v) VALUES (?, ?)"),
              session.prepare("SELECT v FROM app.t WHERE k = ?"));
      Server fourth = start(4).awaitReady();
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> session.getMetadata().getNodes().size() == 4);
      int before = served.get();
      Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> served.get() > before + 50);

      assertThat(ask("POST", "/v1/decommission")).contains("LEAVE");
      Awaitility.await()
          .atMost(60, TimeUnit.SECONDS)
          .until(() -> ask("GET", "/v1/info").contains("DECOMMISSIONED"));
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> session.getMetadata().getNodes().size() == 3);
      working.set(false);
      load.join(60_000);
      assertThat(failures).isEmpty();
      assertThat(served.get()).isGreaterThan(100);

      fourth.killNine();
      Server again = start(4);
      assertThat(again.awaitExit()).isEqualTo(1);
      assertThat(again.errors()).contains("was removed from the cluster").hasLineCount(1);
    } finally {
      working.set(false);
      servers.close();
    }
  }
}
