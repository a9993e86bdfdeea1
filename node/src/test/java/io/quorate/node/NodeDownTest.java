package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.metadata.Node;
import com.datastax.oss.driver.api.core.metadata.NodeState;
import com.datastax.oss.driver.api.core.servererrors.UnavailableException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One node of three going down must be felt at ALL only, and be healed when it is back. */
class NodeDownTest {
  @TempDir Path directory;

  @Test
  void quorumGoesOnAllIsRefusedAndHintsArrive() throws Exception {
    LocalCluster cluster = new LocalCluster(directory, "127.0.12", 3);
    try (CqlSession session =
        CqlSession.builder()
            .addContactPoint(cluster.contact(1))
            .withLocalDatacenter("datacenter1")
            .build()) {
      session.execute(
          "CREATE KEYSPACE app WITH replication = {'class': 'NetworkTopologyStrategy',"
              + " 'datacenter1': 3}");
      session.execute("CREATE TABLE app.t (k int PRIMARY KEY, v int)");
      insert(session, 1, ConsistencyLevel.ALL);
      cluster.stop(3);
      Awaitility.await()
          .atMost(15, TimeUnit.SECONDS)
          .until(() -> node(session, cluster.contact(3)).getState() == NodeState.DOWN);
      for (int i = 0; i < 50; i++) {
        insert(session, i, ConsistencyLevel.QUORUM);
      }
      assertThatThrownBy(() -> insert(session, 1, ConsistencyLevel.ALL))
          .isInstanceOfSatisfying(
              UnavailableException.class,
              e -> {
                assertThat(e.getRequired()).isEqualTo(3);
                assertThat(e.getAlive()).isEqualTo(2);
              });
      cluster.start(3);
      cluster.awaitAllAlive();
      Node back = node(session, cluster.contact(3));
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .ignoreExceptionsInstanceOf(AllNodesFailedException.class)
          .until(() -> {
            Row count =
                session
                    .execute(
                        SimpleStatement.newInstance("SELECT COUNT(*) FROM app.t")
                            .setConsistencyLevel(ConsistencyLevel.ONE)
                            .setNode(back))
                    .one();
            return count != null && count.getLong(0) == 50;
          });
      insert(session, 1, ConsistencyLevel.ALL);
    } finally {
      cluster.close();
    }
  }

  private static Node node(CqlSession session, InetSocketAddress address) {
    return session.getMetadata().getNodes().values().stream()
        .filter(node -> address.equals(node.getEndPoint().resolve()))
        .findFirst()
        .orElseThrow();
  }

  private static void insert(CqlSession session, int key, ConsistencyLevel level) {
    session.execute(
        SimpleStatement.newInstance("INSERT INTO app.t (k, v) VALUES (?, ?)", key, key)
            .setConsistencyLevel(level));
  }
}
