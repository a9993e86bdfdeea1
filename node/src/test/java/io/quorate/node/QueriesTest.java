package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.QueryParameters;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Drivers send the statement behind a CREATE TABLE to any node: one that has not heard of the table
 * yet must not say that there is none.
 */
class QueriesTest {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final SimulatedWorld world = new SimulatedWorld(1);
  private final List<Client> clients = new ArrayList<>();

  /** A client's session at one node. */
  private final class Client {
    private final Environment environment;
    private final Node node;
    private CqlServer.Processor.@Nullable Session session;

    Client(String address) {
      environment = world.addHost(address, 2).boot();
      String yaml =
          """
          listen_address: %s
          data_directory: /data
          seeds: [10.0.0.1, 10.0.0.2, 10.0.0.3]
          shards: 2
          """
              .formatted(address);
      NodeConfig config = ConfigFile.parse("q.yaml", yaml, Path.of("/"), 256L << 20, 2);
      node =
          new Node(
              environment,
              config,
              new Node.Listener() {
                @Override
                public void ready() {
                  session = node.assembled().queries().newSession();
                }

                @Override
                public void failed(String why) {
                  throw new AssertionError(why);
                }
              });
      node.start();
    }

    List<Response> send(String statement) {
      List<Response> answers = new ArrayList<>();
      Request request = new Request.Query(statement, QueryParameters.of(ConsistencyLevel.QUORUM));
      CqlServer.Processor.Session open = Objects.requireNonNull(session, "the node serves");
      environment.shards().get(1).execute(() -> open.process(request, answers::add));
      return answers;
    }

    Response run(String statement) {
      return await(send(statement));
    }

    long epoch() {
      return node.coordinator().metadata().epoch();
    }
  }

  private Response await(List<Response> answers) {
    world.runUntil(() -> !answers.isEmpty(), PATIENCE_NANOS);
    assertThat(answers).hasSize(1);
    return answers.getFirst();
  }

  private void start() {
    for (int i = 1; i <= 3; i++) {
      clients.add(new Client("10.0.0." + i));
    }
    assertThat(
            world.runUntil(
                () -> clients.stream().allMatch(client -> client.session != null), PATIENCE_NANOS))
        .isTrue();
    assertThat(
            clients
                .getFirst()
                .run(
                    "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy',"
                        + " 'replication_factor': 3}"))
        .isInstanceOf(Response.SchemaChanged.class);
  }

  @Test
  void aStatementRightBehindItsTableIsDoneByANodeThatHasNotHeardOfTheTable() {
    start();
    int behind = 0;
    for (int i = 0; i < 12; i++) {
      Client first = clients.get(i % 3);
      Client second = clients.get((i + 1) % 3);
      String table = "ks.t" + i;
      assertThat(first.run("CREATE TABLE " + table + " (k int PRIMARY KEY, v int)"))
          .isInstanceOf(Response.SchemaChanged.class);
      behind += second.epoch() < first.epoch() ? 1 : 0;
      assertThat(second.run("INSERT INTO " + table + " (k, v) VALUES (1, 2)"))
          .as("table %s", i)
          .isInstanceOf(Response.VoidResult.class);
    }
    assertThat(behind).as("times that the second node was behind").isPositive();
  }

  @Test
  void whatIsInvalidEverywhereIsRefusedAlsoWithoutAQuorumOfTheMetadata() {
    start();
    assertThat(code(clients.get(1).run("SELECT * FROM ks.none"))).isEqualTo(ErrorCode.INVALID);
    world.links().partition(List.of("10.0.0.1"), List.of("10.0.0.2", "10.0.0.3"));
    world.runFor(TimeUnit.SECONDS.toNanos(10));
    List<Response> answers = clients.get(0).send("SELECT * FROM ks.none");
    world.runFor(TimeUnit.SECONDS.toNanos(4));
    assertThat(answers).as("it does not wait for the ring for ever").hasSize(1);
    assertThat(code(answers.getFirst())).isEqualTo(ErrorCode.INVALID);
  }

  private static ErrorCode code(Response response) {
    return ((Response.Failure) response).code();
  }
}
