package io.quorate.cql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.coordinator.RequestFailure;
import io.quorate.environment.Shards;
import io.quorate.protocol.BoundValues;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ErrorDetails;
import io.quorate.protocol.Md5;
import io.quorate.protocol.Murmur3;
import io.quorate.protocol.QueryParameters;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.JavaValues;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** If this breaks, a statement that works on Cassandra gives other rows, or none, here. */
class QueryProcessorTest {
  private final Cql cql = new Cql();

  private void timeline() {
    cql.run(
        "CREATE TABLE t (k int, a int, b text, s text static, v int, PRIMARY KEY (k, a, b)) WITH"
            + " CLUSTERING ORDER BY (a DESC, b ASC)");
    for (int k = 1; k <= 3; k++) {
      cql.run("INSERT INTO t (k, s) VALUES (" + k + ", 's" + k + "')");
      for (int a = 1; a <= 3; a++) {
        for (String b : List.of("x", "y")) {
          cql.run(
              "INSERT INTO t (k, a, b, v) VALUES ("
                  + k
                  + ", "
                  + a
                  + ", '"
                  + b
                  + "', "
                  + a * 10
                  + ")");
        }
      }
    }
  }

  @Test
  void whatIsInsertedIsSelected() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v text, w int)");
    cql.run("INSERT INTO u (k, v, w) VALUES (1, 'it''s', null)");
    assertThat(cql.rows("SELECT * FROM u WHERE k = 1")).containsExactly("1 'it''s' null");
    assertThat(cql.rows("SELECT w, v AS name, k FROM u WHERE k = 1"))
        .containsExactly("null 'it''s' 1");
    assertThat(cql.rows("SELECT * FROM u WHERE k = 2")).isEmpty();
    cql.run("UPDATE u SET v = 'new' WHERE k = 1");
    assertThat(cql.rows("SELECT v FROM u WHERE k = 1")).containsExactly("'new'");
  }

  @Test
  void aRowOfAnInsertOutlivesItsColumnsAndThatOfAnUpdateDoesNot() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v int)");
    cql.run("INSERT INTO u (k, v) VALUES (1, 1)");
    cql.run("UPDATE u SET v = 2 WHERE k = 2");
    cql.run("DELETE v FROM u WHERE k IN (1, 2)");
    assertThat(cql.rows("SELECT * FROM u")).containsExactly("1 null");
  }

  @Test
  void preparedStatementsBindValuesNullsAndUnsets() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v text, w int)");
    cql.execute("INSERT INTO u (k, v, w) VALUES (?, ?, ?)", 1, "one", 5);
    cql.execute("UPDATE u SET v = ?, w = ? WHERE k = ?", null, 6, 1);
    assertThat(Cql.rows(cql.execute("SELECT v, w FROM u WHERE k = ?", 1)))
        .containsExactly("null 6");
    Response.Prepared insert = cql.prepare("INSERT INTO u (k, v, w) VALUES (:k, :v, :w)");
    assertThat(insert.partitionKeyIndexes()).containsExactly(0);
    BoundValues named = Cql.bind(insert, 1, "named").named(List.of("k", "v"));
    cql.execute(insert.statementId(), named);
    assertThat(cql.rows("SELECT v, w FROM u WHERE k = 1")).containsExactly("'named' 6");
  }

  @Test
  void clusteringSlicesRespectTheirOrder() {
    timeline();
    assertThat(cql.rows("SELECT a, b FROM t WHERE k = 1"))
        .containsExactly("3 'x'", "3 'y'", "2 'x'", "2 'y'", "1 'x'", "1 'y'");
    assertThat(cql.rows("SELECT a, b FROM t WHERE k = 1 AND a > 1 AND a <= 3 ORDER BY a ASC"))
        .containsExactly("2 'y'", "2 'x'", "3 'y'", "3 'x'");
    assertThat(cql.rows("SELECT a, b FROM t WHERE k = 1 AND a = 2 AND b > 'x'"))
        .containsExactly("2 'y'");
    assertThat(
            cql.rows("SELECT a, b FROM t WHERE k = 1 AND (a, b) > (1, 'x') AND (a, b) < (3, 'y')"))
        .containsExactly("3 'x'", "2 'x'", "2 'y'", "1 'y'");
    assertThat(cql.rows("SELECT a, b FROM t WHERE k = 1 AND a IN (1, 3) AND b = 'y'"))
        .containsExactly("3 'y'", "1 'y'");
    assertThat(cql.rows("SELECT a, b FROM t WHERE k = 1 AND (a, b) IN ((1, 'x'), (2, 'y'))"))
        .containsExactly("2 'y'", "1 'x'");
    assertThat(cql.rows("SELECT a FROM t WHERE k = 1 LIMIT 3")).containsExactly("3", "3", "2");
  }

  @Test
  void pagesOfAnySizeGiveEachRowOnce() {
    timeline();
    for (String query :
        List.of(
            "SELECT k, a, b, s FROM t WHERE k = 1",
            "SELECT k, a, b FROM t WHERE k = 2 ORDER BY a ASC",
            "SELECT k, a, b FROM t",
            "SELECT k, a, b FROM t WHERE k IN (3, 1)",
            "SELECT k, a, b FROM t PER PARTITION LIMIT 4",
            "SELECT k, a, b FROM t WHERE k IN (1, 2, 3) PER PARTITION LIMIT 2",
            "SELECT k, a, b FROM t LIMIT 11",
            "SELECT k, a, b FROM t WHERE v = 20 ALLOW FILTERING",
            "SELECT k, a, b FROM t WHERE k = 1 AND v >= 20 ALLOW FILTERING",
            "SELECT DISTINCT k, s FROM t")) {
      List<String> whole = cql.rows(query);
      assertThat(whole).as(query).isNotEmpty().doesNotHaveDuplicates();
      for (int pageSize = 1; pageSize < 8; pageSize++) {
        assertThat(cql.pages(query, pageSize))
            .as("%s, %d a page", query, pageSize)
            .isEqualTo(whole);
      }
    }
  }

  @Test
  void aPartitionThatComesInPiecesIsOnePartition() {
    timeline();
    cql.run("INSERT INTO t (k, s) VALUES (9, 'alone')");
    for (String query :
        List.of(
            "SELECT k, a, b, s FROM t",
            "SELECT k, a, b FROM t PER PARTITION LIMIT 4",
            "SELECT DISTINCT k, s FROM t")) {
      cql.coordinator.rowsPerPiece = Integer.MAX_VALUE;
      List<String> whole = cql.rows(query);
      for (int rows = 1; rows < 5; rows++) {
        cql.coordinator.rowsPerPiece = rows;
        assertThat(cql.rows(query)).as("%s, %d a piece", query, rows).isEqualTo(whole);
        assertThat(cql.pages(query, 3)).as("%s, %d a piece", query, rows).isEqualTo(whole);
      }
    }
  }

  /** If this breaks, rows behind a desert of tombstones are not found, or the desert times out. */
  @Test
  void aDesertOfTombstonesIsCrossedInSeveralPages() {
    timeline();
    cql.run("INSERT INTO t (k, s) VALUES (9, 'alone')");
    for (int i = 100; i < 160; i++) {
      cql.run("DELETE FROM t WHERE k = 1 AND a = " + i + " AND b = '0'");
      cql.run("DELETE FROM t WHERE k = 9 AND a = " + i + " AND b = '0'");
    }
    cql.run("INSERT INTO t (k, a, b, v) VALUES (1, 200, '0', 5)");
    for (String query :
        List.of(
            "SELECT k, a, b, s FROM t WHERE k = 1",
            "SELECT k, a, b, s FROM t WHERE k IN (1, 9)",
            "SELECT k, a, b, s FROM t WHERE k IN (1, 9) LIMIT 5",
            "SELECT k, a, b, s FROM t WHERE k = 1 AND a > 90",
            "SELECT s FROM t WHERE k = 9",
            "SELECT count(*) FROM t WHERE k = 1")) {
      cql.coordinator.rowsPerRead = Integer.MAX_VALUE;
      List<String> whole = cql.rows(query);
      cql.coordinator.rowsPerRead = 5;
      assertThat(cql.rows(query)).as(query).isEqualTo(whole);
      assertThat(cql.pages(query, 3)).as(query).isEqualTo(whole);
      assertThat(cql.pages(query, 100)).as(query).isEqualTo(whole);
    }
    cql.pageSize = 100;
    cql.coordinator.reads = 0;
    Response.Rows page =
        (Response.Rows) cql.query("SELECT a FROM t WHERE k = 1 AND a > 90 AND a < 190");
    assertThat(cql.coordinator.reads).as("work of one page").isEqualTo(4);
    assertThat(page.rowCount()).isZero();
    assertThat(page.pagingState()).isNotNull();
  }

  @Test
  void expectedRowCountsOfLimits() {
    timeline();
    assertThat(cql.rows("SELECT k FROM t")).hasSize(18);
    assertThat(cql.rows("SELECT k FROM t PER PARTITION LIMIT 4")).hasSize(12);
    assertThat(cql.rows("SELECT k FROM t LIMIT 11")).hasSize(11);
    assertThat(cql.rows("SELECT DISTINCT k, s FROM t")).hasSize(3);
    assertThat(cql.rows("SELECT k FROM t WHERE v = 20 ALLOW FILTERING")).hasSize(6);
  }

  @Test
  void aPagingStateThatNoNodeGaveOutIsRefused() {
    timeline();
    cql.pageSize = 2;
    cql.pagingState = new byte[] {1, 2, 3};
    Response.Failure failure = (Response.Failure) cql.query("SELECT * FROM t");
    assertThat(failure.code()).isEqualTo(ErrorCode.PROTOCOL_ERROR);
    assertThat(failure.message()).isEqualTo("Invalid value for the paging state");
  }

  @Test
  void staticColumnsBelongToThePartition() {
    timeline();
    assertThat(cql.rows("SELECT DISTINCT k, s FROM t WHERE k = 1")).containsExactly("1 's1'");
    cql.run("INSERT INTO t (k, s) VALUES (9, 'alone')");
    assertThat(cql.rows("SELECT k, a, s FROM t WHERE k = 9")).containsExactly("9 null 'alone'");
    assertThat(cql.rows("SELECT k, a, s FROM t WHERE k = 9 AND a = 1")).isEmpty();
    cql.run("UPDATE t SET s = 'other' WHERE k = 9");
    cql.run("DELETE s FROM t WHERE k = 1");
    assertThat(
            cql.rows(
                "SELECT DISTINCT s FROM t WHERE k = 1 ALLOW FILTERING"
                    .replace("DISTINCT s", "DISTINCT k, s")))
        .containsExactly("1 null");
  }

  @Test
  void deletionsOfEveryExtent() {
    timeline();
    cql.run("DELETE FROM t WHERE k = 1 AND a = 2 AND b = 'x'");
    cql.run("DELETE FROM t WHERE k = 1 AND a > 2");
    assertThat(cql.rows("SELECT a, b FROM t WHERE k = 1"))
        .containsExactly("2 'y'", "1 'x'", "1 'y'");
    cql.run("DELETE FROM t WHERE k = 1 AND a = 1");
    assertThat(cql.rows("SELECT a, b FROM t WHERE k = 1")).containsExactly("2 'y'");
    cql.run("DELETE FROM t WHERE k = 1");
    assertThat(cql.rows("SELECT * FROM t WHERE k = 1")).isEmpty();
    cql.run("TRUNCATE t");
    assertThat(cql.rows("SELECT * FROM t")).isEmpty();
  }

  @Test
  void collectionsGrowShrinkAndAreReplaced() {
    cql.run(
        "CREATE TABLE c (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, int>, f"
            + " frozen<list<int>>)");
    cql.run("INSERT INTO c (k, l, s, m, f) VALUES (1, [1, 2], {'b', 'a'}, {'x': 1, 'y': 2}, [9])");
    assertThat(cql.rows("SELECT l, s, m, f FROM c"))
        .containsExactly("[1, 2] {'a', 'b'} {'x': 1, 'y': 2} [9]");
    cql.run("UPDATE c SET l = l + [3], s = s + {'c'}, m['z'] = 3, m['x'] = null WHERE k = 1");
    cql.run("UPDATE c SET l = [-1, 0] + l, s -= {'a'}, m = m - {'y'} WHERE k = 1");
    assertThat(cql.rows("SELECT l, s, m FROM c"))
        .containsExactly("[-1, 0, 1, 2, 3] {'b', 'c'} {'z': 3}");
    cql.run("UPDATE c SET l = [7], s = {}, m = {'q': 0} WHERE k = 1");
    assertThat(cql.rows("SELECT l, s, m FROM c")).containsExactly("[7] null {'q': 0}");
    assertThat(cql.rows("SELECT k FROM c WHERE m CONTAINS KEY 'q' ALLOW FILTERING")).hasSize(1);
    assertThat(cql.rows("SELECT k FROM c WHERE m['q'] = 0 ALLOW FILTERING")).hasSize(1);
    assertThat(cql.rows("SELECT k FROM c WHERE l CONTAINS 8 ALLOW FILTERING")).isEmpty();
    cql.run("DELETE m['q'], l FROM c WHERE k = 1");
    assertThat(cql.rows("SELECT l, m FROM c")).containsExactly("null null");
  }

  @Test
  void userTypesWholeAndByField() {
    cql.run("CREATE TYPE address (street text, zip int)");
    cql.run("CREATE TABLE p (k int PRIMARY KEY, home address, fixed frozen<address>)");
    cql.run(
        "INSERT INTO p (k, home, fixed) VALUES (1, {street: 'a', zip: 1}, {street: 'b', zip: 2})");
    cql.run("UPDATE p SET home.zip = 5 WHERE k = 1");
    assertThat(cql.rows("SELECT home, fixed, home.zip, fixed.street FROM p"))
        .containsExactly("{street: 'a', zip: 5} {street: 'b', zip: 2} 5 'b'");
    cql.run("ALTER TYPE address ADD country text");
    cql.run("UPDATE p SET home.country = 'x' WHERE k = 1");
    assertThat(cql.rows("SELECT home, fixed FROM p"))
        .containsExactly(
            "{street: 'a', zip: 5, country: 'x'} {street: 'b', zip: 2, country: null}");
  }

  @Test
  void timestampsDecideAndTimeToLiveExpires() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v int)");
    cql.run("INSERT INTO u (k, v) VALUES (1, 1) USING TIMESTAMP 5000000000");
    cql.run("INSERT INTO u (k, v) VALUES (1, 2) USING TIMESTAMP 4000000000");
    assertThat(cql.rows("SELECT v, writetime(v) FROM u")).containsExactly("1 5000000000");
    cql.run("INSERT INTO u (k, v) VALUES (2, 2) USING TTL 100");
    cql.wallSeconds += 40;
    assertThat(cql.rows("SELECT v, ttl(v) FROM u WHERE k = 2")).containsExactly("2 60");
    cql.wallSeconds += 60;
    assertThat(cql.rows("SELECT v FROM u WHERE k = 2")).isEmpty();
    cql.run("CREATE TABLE short (k int PRIMARY KEY, v int) WITH default_time_to_live = 10");
    cql.run("INSERT INTO short (k, v) VALUES (1, 1)");
    cql.wallSeconds += 10;
    assertThat(cql.rows("SELECT * FROM short")).isEmpty();
  }

  @Test
  void aggregatesCastsAndFunctions() {
    timeline();
    assertThat(cql.rows("SELECT count(*), min(v), max(v), sum(v), avg(v) FROM t WHERE k = 1"))
        .containsExactly("6 10 30 120 20");
    assertThat(cql.rows("SELECT count(*) FROM t")).containsExactly("18");
    assertThat(cql.rows("SELECT count(v), sum(v) FROM t WHERE k = 77")).containsExactly("0 0");
    assertThat(cql.rows("SELECT cast(v AS text), cast(v AS double) FROM t WHERE k = 1 LIMIT 1"))
        .containsExactly("'30' 30.0");
    assertThat(cql.rows("SELECT intasblob(v), blobasint(intasblob(v)) FROM t WHERE k=1 LIMIT 1"))
        .containsExactly("0x0000001e 30");
    cql.run("CREATE TABLE ids (k int PRIMARY KEY, id timeuuid, u uuid, at timestamp)");
    cql.run("INSERT INTO ids (k, id, u, at) VALUES (1, now(), uuid(), totimestamp(now()))");
    assertThat(cql.rows("SELECT to_unix_timestamp(id), tounixtimestamp(at) FROM ids"))
        .containsExactly("1000000000 1000000000");
    assertThat(cql.rows("SELECT JSON k FROM ids")).containsExactly("'{\"k\": 1}'");
  }

  @Test
  void tokenRangesTogetherGiveEveryRowOnce() {
    timeline();
    List<String> tokens = new ArrayList<>(cql.rows("SELECT DISTINCT k, token(k) FROM t"));
    assertThat(tokens).hasSize(3);
    String middle = tokens.get(1).split(" ")[1];
    List<String> both =
        new ArrayList<>(cql.rows("SELECT k, a, b FROM t WHERE token(k) <= " + middle));
    both.addAll(cql.rows("SELECT k, a, b FROM t WHERE token(k) > " + middle));
    assertThat(both).isEqualTo(cql.rows("SELECT k, a, b FROM t"));
    assertThat(cql.rows("SELECT DISTINCT k FROM t WHERE token(k) = token(2)")).containsExactly("2");
  }

  @Test
  void batchesWriteEachPartitionOnce() {
    cql.run("CREATE TABLE u (k int, c int, v int, PRIMARY KEY (k, c))");
    cql.coordinator.writes = 0;
    cql.run(
        "BEGIN BATCH INSERT INTO u (k, c, v) VALUES (1, 2, 1); INSERT INTO u (k, c, v) VALUES (1,"
            + " 1, 2); DELETE FROM u WHERE k = 1 AND c = 9; APPLY BATCH");
    assertThat(cql.coordinator.writes).isEqualTo(1);
    assertThat(cql.rows("SELECT c, v FROM u WHERE k = 1")).containsExactly("1 2", "2 1");
    Response.Prepared insert = cql.prepare("INSERT INTO u (k, c, v) VALUES (?, ?, ?)");
    Response answer =
        cql.answer(to ->
            cql.processor.batch(
                new Request.Batch(
                    Request.Batch.Kind.LOGGED,
                    List.of(
                        new Request.Batch.Prepared(insert.statementId(), Cql.bind(insert, 2, 1, 1)),
                        new Request.Batch.Text(
                            "INSERT INTO u (k, c, v) VALUES (3, 1, 1)", BoundValues.NONE)),
                    QueryParameters.of(ConsistencyLevel.QUORUM)),
                cql.client,
                to));
    assertThat(answer).isEqualTo(Response.VoidResult.INSTANCE);
    assertThat(cql.coordinator.lastBatchLogged).isTrue();
    assertThat(cql.rows("SELECT k FROM u WHERE k IN (2, 3)")).hasSize(2);
  }

  @Test
  void preparedStatementsFollowTheSchema() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v int)");
    cql.run("INSERT INTO u (k, v) VALUES (1, 1)");
    Response.Prepared select = cql.prepare("SELECT * FROM u WHERE k = ?");
    cql.run("ALTER TABLE u ADD w text");
    assertThat(Cql.rows(cql.execute(select.statementId(), Cql.bind(select, 1))))
        .containsExactly("1 1 null");
    cql.run("ALTER TABLE u DROP v");
    cql.run("ALTER TABLE u ADD v int");
    assertThat(cql.rows("SELECT v FROM u")).containsExactly("null");
    cql.run("DROP TABLE u");
    Response.Failure gone =
        (Response.Failure) cql.execute(select.statementId(), Cql.bind(select, 1));
    assertThat(gone.message()).isEqualTo("table u does not exist");
  }

  @Test
  void aClientThatSkipsMetadataIsToldWhenItChanged() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v int)");
    Response.Prepared select = cql.prepare("SELECT * FROM u");
    QueryParameters skipping =
        new QueryParameters(
            ConsistencyLevel.ONE,
            BoundValues.NONE,
            true,
            0,
            null,
            ConsistencyLevel.SERIAL,
            QueryParameters.NO_TIMESTAMP,
            null,
            QueryParameters.NO_NOW);
    Request.Execute execute =
        new Request.Execute(select.statementId(), select.result().id(), skipping);
    Response.Rows same =
        (Response.Rows) cql.answer(to -> cql.processor.execute(execute, cql.client, to));
    assertThat(same.sendMetadata()).isFalse();
    Request.Execute ofVersion4 = new Request.Execute(select.statementId(), null, skipping);
    Response.Rows told =
        (Response.Rows) cql.answer(to -> cql.processor.execute(ofVersion4, cql.client, to));
    assertThat(told.sendMetadata()).isTrue();
    cql.run("ALTER TABLE u ADD w int");
    Response.Rows changed =
        (Response.Rows) cql.answer(to -> cql.processor.execute(execute, cql.client, to));
    assertThat(changed.metadataChanged()).isTrue();
    assertThat(changed.metadata().columns()).hasSize(3);
  }

  @Test
  void anUnknownPreparedIdAsksForPreparation() {
    Md5 unknown = new Md5(1, 2);
    Response.Failure failure = (Response.Failure) cql.execute(unknown, BoundValues.NONE);
    assertThat(failure.code()).isEqualTo(ErrorCode.UNPREPARED);
    assertThat(failure.details()).isEqualTo(new ErrorDetails.Unprepared(unknown));
  }

  @Test
  void theCoordinatorsFailuresReachTheClientWithTheirFields() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v int)");
    cql.coordinator.failNext = new RequestFailure.Unavailable(ConsistencyLevel.QUORUM, 2, 1);
    Response.Failure failure = (Response.Failure) cql.query("INSERT INTO u (k) VALUES (1)");
    assertThat(failure.code()).isEqualTo(ErrorCode.UNAVAILABLE);
    assertThat(failure.message()).isEqualTo("Cannot achieve consistency level QUORUM");
    assertThat(failure.details())
        .isEqualTo(new ErrorDetails.Unavailable(ConsistencyLevel.QUORUM, 2, 1));
  }

  @Test
  void anOrderOverSeveralPartitionsIsOneOrder() {
    timeline();
    List<String> rows = cql.rows("SELECT a, k FROM t WHERE k IN (1, 2, 3) ORDER BY a ASC LIMIT 9");
    List<String> sorted = new ArrayList<>(rows);
    Collections.sort(sorted, (x, y) -> x.substring(0, 1).compareTo(y.substring(0, 1)));
    assertThat(rows).hasSize(9).isEqualTo(sorted);
  }

  @Test
  void manyPartitionsDoNotTakeTheStack() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v int)");
    StringBuilder in = new StringBuilder("0");
    for (int k = 1; k < 20_000; k++) {
      in.append(", ").append(k);
    }
    assertThat(cql.rows("SELECT * FROM u WHERE k IN (" + in + ")")).isEmpty();
  }

  @Test
  void aReadThatThisNodeAnswersAloneRunsOnTheShardThatOwnsIt() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v int)");
    Set<Integer> owners = new HashSet<>();
    for (int k = 0; k < 20; k++) {
      cql.run("INSERT INTO u (k, v) VALUES (" + k + ", 1)");
      int owner = Shards.ownerIndex(Murmur3.token(JavaValues.encode(Scalar.INT, k)), 2);
      owners.add(owner);
      cql.coordinator.onRead = () -> assertThat(cql.shards.current()).isEqualTo(owner);
      assertThat(cql.rows("SELECT v FROM u WHERE k = " + k)).containsExactly("1");
    }
    assertThat(owners).containsExactlyInAnyOrder(0, 1);
    cql.coordinator.onRead = () -> assertThat(cql.shards.current()).isZero();
    assertThat(cql.rows("SELECT v FROM u WHERE k IN (1, 2, 3)")).hasSize(3);
    cql.coordinator.answersAlone = false;
    for (int k = 0; k < 20; k++) {
      assertThat(cql.rows("SELECT v FROM u WHERE k = " + k)).containsExactly("1");
    }
    assertThat(cql.coordinator.reads).isEqualTo(43);
  }

  /** A checksum is no secret: a client can make up what no node has given out. */
  @Test
  void aPagingStateThatIsMadeUpIsRefusedOrGoesOnSomewhere() {
    timeline();
    cql.pageSize = 10;
    byte[] key = JavaValues.encode(Scalar.INT, 1);
    long token = Murmur3.token(key);
    byte[] aboveAll = {(byte) 0xFF, (byte) 0xFF};
    for (PagingState state :
        List.of(
            new PagingState(token, key, aboveAll, true, 10, 10),
            new PagingState(token, key, null, true, 0, 10),
            new PagingState(token, key, null, true, -1, 10),
            new PagingState(token, key, null, true, 10, -1))) {
      cql.pagingState = state.encode();
      for (String select :
          List.of(
              "SELECT a FROM t WHERE k = 1",
              "SELECT a FROM t WHERE k IN (1, 2)",
              "SELECT a FROM t WHERE k = 1 ORDER BY a ASC",
              "SELECT a FROM t")) {
        assertThat(cql.error(select)).isEqualTo("Invalid value for the paging state");
      }
    }
    cql.pagingState = new PagingState(token, key, new byte[0], true, 10, 0).encode();
    assertThat(cql.rows("SELECT a FROM t WHERE k = 1")).isEmpty();
    cql.pagingState = new PagingState(token, key, new byte[0], true, 2, 10).encode();
    assertThat(cql.rows("SELECT a FROM t WHERE k = 1")).hasSize(2);
  }

  @Test
  void aReadThatMeetsABugIsAnsweredAndTheBugIsReported() {
    timeline();
    RuntimeException bug = new IllegalStateException("on purpose");
    cql.coordinator.onRead =
        () -> {
          throw bug;
        };
    for (String select :
        List.of("SELECT a FROM t WHERE k = 1", "SELECT a FROM t WHERE k IN (1, 2)")) {
      List<Response> answers = new ArrayList<>();
      Request.Query query = new Request.Query(select, QueryParameters.of(ConsistencyLevel.ONE));
      assertThatThrownBy(
              () -> {
                cql.processor.query(query, cql.client, answers::add);
                cql.shards.run();
              })
          .isSameAs(bug);
      cql.shards.run();
      assertThat(answers).hasSize(1);
      assertThat(answers.getFirst()).isInstanceOf(Response.Failure.class);
      assertThat(((Response.Failure) answers.getFirst()).code()).isEqualTo(ErrorCode.SERVER_ERROR);
    }
  }

  /** What is refused on the owner's shard is an answer like any other. */
  @Test
  void aRefusalOnTheOwnersShardIsToldWhereTheRequestCameIn() {
    cql.run("CREATE TABLE u (k int PRIMARY KEY, v int)");
    cql.pageSize = 10;
    cql.pagingState = new byte[] {1, 2, 3};
    for (int k = 0; k < 20; k++) {
      assertThat(cql.error("SELECT v FROM u WHERE k = " + k))
          .isEqualTo("Invalid value for the paging state");
    }
  }
}
