package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DefaultConsistencyLevel;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.BatchType;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.data.CqlDuration;
import com.datastax.oss.driver.api.core.data.TupleValue;
import com.datastax.oss.driver.api.core.data.UdtValue;
import com.datastax.oss.driver.api.core.metadata.schema.TableMetadata;
import com.datastax.oss.driver.api.core.servererrors.AlreadyExistsException;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import com.datastax.oss.driver.api.core.servererrors.SyntaxError;
import com.datastax.oss.driver.api.core.type.DataTypes;
import com.datastax.oss.driver.api.core.type.TupleType;
import com.datastax.oss.driver.api.core.type.UserDefinedType;
import com.datastax.oss.driver.api.core.uuid.Uuids;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
            .withConfigLoader(
                // What is written at ONE, the driver's default, a read at ONE may not see yet.
                DriverConfigLoader.programmaticBuilder()
                    .withString(
                        DefaultDriverOption.REQUEST_CONSISTENCY, ConsistencyLevel.QUORUM.toString())
                    .build())
            .build();
    session.execute(
        "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy', 'replication_factor':"
            + " 3}");
  }

  @AfterAll
  static void stop() throws Exception {
    session.close();
    cluster.close();
  }

  private static Row one(String cql, Object... values) {
    Row row = session.execute(SimpleStatement.newInstance(cql, values)).one();
    assertThat(row).as(cql).isNotNull();
    return row;
  }

  @Test
  void everyScalarTypeComesBackAsItWasWritten() throws Exception {
    session.execute(
        "CREATE TABLE app.scalars (k int PRIMARY KEY, a ascii, b bigint, c blob, d boolean, e date,"
            + " f decimal, g double, h duration, i float, j inet, l smallint, m text, n time, o"
            + " timestamp, p timeuuid, q tinyint, r uuid, s varchar, t varint)");
    UUID time = Uuids.timeBased();
    UUID random = UUID.randomUUID();
    Object[] values = {
      1,
      "ascii",
      1L << 40,
      ByteBuffer.wrap(new byte[] {0, -1}),
      true,
      LocalDate.of(2026, 11, 20),
      new BigDecimal("-12.340"),
      -0.1,
      CqlDuration.from("1mo2d3s"),
      1.5f,
      InetAddress.getByAddress(new byte[] {10, 0, 0, 7}),
      (short) -7,
      "täxt",
      LocalTime.of(1, 2, 3, 4),
      Instant.ofEpochMilli(1_700_000_000_123L),
      time,
      (byte) -1,
      random,
      "varchar",
      new BigInteger("-123456789012345678901234567890")
    };
    PreparedStatement insert =
        session.prepare(
            "INSERT INTO app.scalars (k, a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q, r, s, t)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    session.execute(insert.bind(values));
    Row row =
        one("SELECT k, a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q, r, s, t FROM app.scalars");
    for (int i = 0; i < values.length; i++) {
      assertThat(row.getObject(i)).as("column " + i).isEqualTo(values[i]);
    }
  }

  @Test
  void collectionsTuplesAndUserTypes() {
    session.execute("CREATE TYPE app.address (street text, numbers list<int>)");
    session.execute(
        "CREATE TABLE app.nested (k int PRIMARY KEY, l list<text>, s set<int>, m map<text, int>,"
            + " fl frozen<list<int>>, t tuple<int, text>, u frozen<address>, v address)");
    UserDefinedType type =
        session
            .refreshSchema()
            .getKeyspace("app")
            .flatMap(keyspace -> keyspace.getUserDefinedType("address"))
            .orElseThrow();
    UdtValue address = type.newValue("Main", List.of(1, 2));
    TupleType tupleType = DataTypes.tupleOf(DataTypes.INT, DataTypes.TEXT);
    TupleValue tuple = tupleType.newValue(1, "x");
    session.execute(
        SimpleStatement.newInstance(
            "INSERT INTO app.nested (k, l, s, m, fl, t, u, v) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            1,
            List.of("b", "a"),
            Set.of(3, 1, 2),
            Map.of("x", 1, "a", 2),
            List.of(9),
            tuple,
            address,
            address));
    Row row = one("SELECT * FROM app.nested WHERE k = 1");
    assertThat(row.getList("l", String.class)).containsExactly("b", "a");
    assertThat(row.getSet("s", Integer.class)).containsExactly(1, 2, 3);
    assertThat(row.getMap("m", String.class, Integer.class)).isEqualTo(Map.of("x", 1, "a", 2));
    assertThat(row.getList("fl", Integer.class)).containsExactly(9);
    assertThat(row.getTupleValue("t")).isEqualTo(tuple);
    assertThat(row.getUdtValue("u")).isEqualTo(address);
    assertThat(row.getUdtValue("v")).isEqualTo(address);
    session.execute("UPDATE app.nested SET l = l + ['c'], s = s - {1}, m['x'] = 7 WHERE k = 1");
    row = one("SELECT * FROM app.nested WHERE k = 1");
    assertThat(row.getList("l", String.class)).containsExactly("b", "a", "c");
    assertThat(row.getSet("s", Integer.class)).containsExactly(2, 3);
    assertThat(row.getMap("m", String.class, Integer.class)).containsEntry("x", 7);
  }

  @Test
  void clusteringSlicesStaticsAndPaging() {
    session.execute(
        "CREATE TABLE app.events (k int, c int, s text STATIC, v text, PRIMARY KEY (k, c)) WITH"
            + " CLUSTERING ORDER BY (c DESC)");
    PreparedStatement insert = session.prepare("INSERT INTO app.events (k, c, v) VALUES (?, ?, ?)");
    for (int i = 0; i < 250; i++) {
      session.execute(insert.bind(1, i, "v" + i));
    }
    session.execute("INSERT INTO app.events (k, s) VALUES (1, 'static')");
    ResultSet paged =
        session.execute(
            SimpleStatement.newInstance("SELECT c, s FROM app.events WHERE k = 1").setPageSize(40));
    List<Integer> seen = new ArrayList<>();
    for (Row row : paged) {
      seen.add(row.getInt("c"));
      assertThat(row.getString("s")).isEqualTo("static");
    }
    assertThat(seen).hasSize(250).isSortedAccordingTo((a, b) -> b - a);
    assertThat(
            session
                .execute("SELECT c FROM app.events WHERE k = 1 AND c > 10 AND c <= 15 ORDER BY c")
                .all()
                .stream()
                .map(row -> row.getInt(0)))
        .containsExactly(11, 12, 13, 14, 15);
    assertThat(one("SELECT COUNT(*) FROM app.events WHERE k = 1").getLong(0)).isEqualTo(250);
    session.execute("DELETE FROM app.events WHERE k = 1 AND c >= 100");
    assertThat(one("SELECT COUNT(*) FROM app.events WHERE k = 1").getLong(0)).isEqualTo(100);
    session.execute("DELETE FROM app.events WHERE k = 1");
    assertThat(session.execute("SELECT * FROM app.events WHERE k = 1").all()).isEmpty();
  }

  @Test
  void fullScansAreCompleteOverPages() {
    session.execute("CREATE TABLE app.scan (k int PRIMARY KEY, v int)");
    PreparedStatement insert = session.prepare("INSERT INTO app.scan (k, v) VALUES (?, ?)");
    for (int i = 0; i < 500; i++) {
      session.execute(insert.bind(i, i));
    }
    Set<Integer> seen = new TreeSet<>();
    session
        .execute(SimpleStatement.newInstance("SELECT k FROM app.scan").setPageSize(33))
        .forEach(row -> assertThat(seen.add(row.getInt(0))).isTrue());
    assertThat(seen).hasSize(500);
    Row row = one("SELECT k, token(k) FROM app.scan WHERE k = 7");
    assertThat(
            session
                .execute("SELECT k FROM app.scan WHERE token(k) >= " + row.getLong(1) + " LIMIT 1")
                .all()
                .getFirst()
                .getInt(0))
        .isEqualTo(7);
  }

  @ParameterizedTest
  @EnumSource(
      value = DefaultConsistencyLevel.class,
      names = {"ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"})
  void everyLevelWritesAndReads(DefaultConsistencyLevel level) {
    session.execute("CREATE TABLE IF NOT EXISTS app.levels (k text PRIMARY KEY, v int)");
    session.execute(
        SimpleStatement.newInstance("INSERT INTO app.levels (k, v) VALUES (?, ?)", level.name(), 1)
            .setConsistencyLevel(level));
    // What was written at ONE a read at ONE may not see yet; a read at ALL gives it to everybody.
    for (DefaultConsistencyLevel read : List.of(DefaultConsistencyLevel.ALL, level)) {
      assertThat(
              session
                  .execute(
                      SimpleStatement.newInstance(
                              "SELECT v FROM app.levels WHERE k = ?", level.name())
                          .setConsistencyLevel(read))
                  .one())
          .isNotNull();
    }
  }

  @Test
  void anyIsForWritesOnly() {
    session.execute("CREATE TABLE IF NOT EXISTS app.any (k int PRIMARY KEY)");
    session.execute(
        SimpleStatement.newInstance("INSERT INTO app.any (k) VALUES (1)")
            .setConsistencyLevel(ConsistencyLevel.ANY));
    assertThatThrownBy(() ->
            session.execute(
                SimpleStatement.newInstance("SELECT * FROM app.any WHERE k = 1")
                    .setConsistencyLevel(ConsistencyLevel.ANY)))
        .isInstanceOf(InvalidQueryException.class);
  }

  @Test
  void batchesOfEveryKindExceptCounters() {
    session.execute("CREATE TABLE app.batches (k int PRIMARY KEY, v int)");
    PreparedStatement insert = session.prepare("INSERT INTO app.batches (k, v) VALUES (?, ?)");
    for (BatchType kind : List.of(BatchType.LOGGED, BatchType.UNLOGGED)) {
      BatchStatement batch = BatchStatement.newInstance(kind);
      for (int i = 0; i < 20; i++) {
        batch = batch.add(insert.bind(i, i));
      }
      batch = batch.add(SimpleStatement.newInstance("DELETE FROM app.batches WHERE k = 100"));
      session.execute(batch);
    }
    assertThat(one("SELECT COUNT(*) FROM app.batches").getLong(0)).isEqualTo(20);
  }

  @Test
  void timestampsAndTimeToLive() throws Exception {
    session.execute("CREATE TABLE app.expiring (k int PRIMARY KEY, v int)");
    session.execute("INSERT INTO app.expiring (k, v) VALUES (1, 1) USING TTL 3 AND TIMESTAMP 1000");
    Row row = one("SELECT writetime(v), ttl(v) FROM app.expiring WHERE k = 1");
    assertThat(row.getLong(0)).isEqualTo(1000);
    assertThat(row.getInt(1)).isBetween(0, 3);
    session.execute("INSERT INTO app.expiring (k, v) VALUES (2, 2) USING TIMESTAMP 10");
    session.execute("INSERT INTO app.expiring (k, v) VALUES (2, 1) USING TIMESTAMP 9");
    assertThat(one("SELECT v FROM app.expiring WHERE k = 2").getInt(0)).isEqualTo(2);
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> session.execute("SELECT * FROM app.expiring WHERE k = 1").one() == null);
  }

  @Test
  void namedMarkersUnsetAndNull() {
    session.execute("CREATE TABLE app.markers (k int PRIMARY KEY, a int, b int)");
    session.execute("INSERT INTO app.markers (k, a, b) VALUES (1, 1, 1)");
    PreparedStatement update =
        session.prepare("INSERT INTO app.markers (k, a, b) VALUES (:k, :a, :b)");
    BoundStatement unset = update.bind().setInt("k", 1).setToNull("a");
    session.execute(unset);
    Row row = one("SELECT * FROM app.markers WHERE k = 1");
    assertThat(row.isNull("a")).isTrue();
    assertThat(row.getInt("b")).as("unset leaves what is there").isEqualTo(1);
  }

  @Test
  void schemaChangesReachTheDriver() {
    session.execute("CREATE TABLE app.altered (k int PRIMARY KEY, a int)");
    PreparedStatement all = session.prepare("SELECT * FROM app.altered WHERE k = 1");
    session.execute("INSERT INTO app.altered (k, a) VALUES (1, 1)");
    assertThat(session.execute(all.bind()).one()).isNotNull();
    session.execute("ALTER TABLE app.altered ADD b text");
    session.execute("UPDATE app.altered SET b = 'new' WHERE k = 1");
    Row row = session.execute(all.bind()).one();
    assertThat(row).isNotNull();
    assertThat(row.getString("b")).isEqualTo("new");
    TableMetadata table =
        session
            .getMetadata()
            .getKeyspace("app")
            .flatMap(keyspace -> keyspace.getTable("altered"))
            .orElseThrow();
    assertThat(table.getColumn("b")).isPresent();
    session.execute("DROP TABLE app.altered");
    Awaitility.await()
        .atMost(5, TimeUnit.SECONDS)
        .until(() ->
            session
                .getMetadata()
                .getKeyspace("app")
                .flatMap(keyspace -> keyspace.getTable("altered"))
                .isEmpty());
    assertThat(session.checkSchemaAgreement()).isTrue();
  }

  @Test
  void mistakesAreNamedInTheServersWords() {
    session.execute("CREATE TABLE IF NOT EXISTS app.mistakes (k int PRIMARY KEY, v int)");
    assertThatThrownBy(() -> session.execute("SELEC 1")).isInstanceOf(SyntaxError.class);
    assertThatThrownBy(() -> session.execute("SELECT * FROM app.nowhere"))
        .isInstanceOf(InvalidQueryException.class)
        .hasMessageContaining("nowhere");
    assertThatThrownBy(() -> session.execute("SELECT * FROM app.mistakes WHERE v = 1"))
        .hasMessageContaining("ALLOW FILTERING");
    assertThatThrownBy(() -> session.execute("INSERT INTO app.mistakes (k, v) VALUES ('a', 1)"))
        .hasMessageContaining("Invalid STRING constant (a) for \"k\" of type int");
    assertThatThrownBy(() -> session.execute("CREATE TABLE app.mistakes (k int PRIMARY KEY)"))
        .isInstanceOf(AlreadyExistsException.class);
    assertThatThrownBy(
            () -> session.execute("INSERT INTO app.mistakes (k) VALUES (1) IF NOT EXISTS"))
        .isInstanceOf(InvalidQueryException.class);
  }

  @Test
  void tokenMapAndNodesAreKnown() {
    assertThat(session.getMetadata().getNodes()).hasSize(3);
    assertThat(session.getMetadata().getTokenMap()).isPresent();
  }
}
