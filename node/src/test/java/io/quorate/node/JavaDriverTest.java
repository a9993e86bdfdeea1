package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.Row;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An application with Apache Cassandra's Java driver must not notice what it talks to. */
class JavaDriverTest {
  @TempDir static Path directory;
  private static LocalCluster cluster;
  private static CqlSession session;

  @BeforeAll
  static void start() throws Exception {
    cluster = new LocalCluster(directory, "127.0.11", 3);
    session =
        CqlSession.builder()
            .addContactPoint(cluster.contact(1))
            .withLocalDatacenter("datacenter1")
            .build();
  }

  @AfterAll
  static void stop() throws Exception {
    session.close();
    cluster.close();
  }

  @Test
  void schemaWriteAndReadBack() {
    session.execute(
        "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy', 'replication_factor':"
            + " 3}");
    session.execute("CREATE TABLE app.users (id int PRIMARY KEY, name text)");
    session.execute("INSERT INTO app.users (id, name) VALUES (1, 'Ada')");
    Row row = session.execute("SELECT * FROM app.users WHERE id = 1").one();
    assertThat(row).isNotNull();
    assertThat(row.getString("name")).isEqualTo("Ada");
  }
}
