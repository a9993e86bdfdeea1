package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.raft.PeerId;
import io.quorate.raft.RaftStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An update of the cluster, one node after the other, must not be felt by any request. */
class RestartTest {
  private static final int REGISTER = 0x0B;
  private static final int EVENT = 0x0C;
  private static final byte[] SELECT =
      "SELECT v FROM app.t WHERE k = 1".getBytes(StandardCharsets.UTF_8);

  @TempDir Path directory;

  private LocalCluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new LocalCluster(directory, "127.0.81", 3);
    try (RawClient client = connect(1)) {
      ok(
          client.query(
              "CREATE KEYSPACE app WITH replication = {'class': 'NetworkTopologyStrategy',"
                  + " 'datacenter1': 3}"));
      ok(client.query("CREATE TABLE app.t (k int PRIMARY KEY, v int)"));
    }
  }

  @AfterEach
  void stop() throws Exception {
    cluster.close();
  }

  private RawClient connect(int node) throws IOException {
    return new RawClient(cluster.address(node), 9042).startUp();
  }

  private static void ok(RawClient.Answer answer) {
    assertThat(answer.opcode())
        .as(answer.opcode() == RawClient.ERROR ? answer.errorMessage() : "answer")
        .isEqualTo(RawClient.RESULT);
  }

  /** If this breaks, each node that starts again refuses requests at QUORUM for a moment. */
  @Test
  void quorumIsServedFromTheFirstMoment() throws Exception {
    for (int node = 1; node <= 3; node++) {
      cluster.stop(node);
      cluster.start(node);
      try (RawClient client = connect(node)) {
        ok(client.ask(RawClient.QUERY, RawClient.queryBody(SELECT)));
      }
      cluster.awaitAllAlive();
    }
  }

  /** If this breaks, the metadata ring has no leader for a second in each planned restart. */
  @Test
  void aLeaderThatStopsHandsOver() throws Exception {
    PeerId leader = Objects.requireNonNull(status(1).leader());
    int leading =
        List.of(1, 2, 3).stream()
            .filter(number -> status(number).self().equals(leader))
            .findFirst()
            .orElseThrow();
    cluster.stop(leading);
    for (int number : List.of(1, 2, 3)) {
      if (number != leading) {
        assertThat(status(number).leader())
            .as("at node %d", number)
            .isNotNull()
            .isNotEqualTo(leader);
      }
    }
  }

  private RaftStatus status(int node) {
    return cluster.node(node).assembled().raft().status();
  }

  /**
   * If this breaks, a request that is on its way to a node that is stopped has no answer, though
   * its client would have gone elsewhere had it known.
   */
  @Test
  void whoIsToldInTimeLosesNoRequest() throws Exception {
    try (RawClient client = connect(3)) {
      RawClient.Answer ready =
          client.ask(
              REGISTER,
              RawClient.bytes(out -> {
                out.writeShort(1);
                out.writeUTF("STATUS_CHANGE");
              }));
      assertThat(ready.opcode()).isEqualTo(RawClient.READY);
      CompletableFuture<Void> stopped =
          CompletableFuture.runAsync(() -> {
            try {
              cluster.stop(3);
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
      boolean told = false;
      while (!told) {
        client.send(RawClient.frame(4, 1, RawClient.QUERY, RawClient.queryBody(SELECT)));
        RawClient.Answer answer = client.read();
        while (answer.opcode() == EVENT) {
          told = true;
          answer = client.read();
        }
        ok(answer);
      }
      assertThat(client.readToEnd()).isEmpty();
      stopped.join();
    }
  }
}
