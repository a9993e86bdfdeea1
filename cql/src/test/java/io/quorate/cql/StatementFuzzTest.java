package io.quorate.cql;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.protocol.BoundValues;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** If this breaks, one odd statement of one client takes a node down. */
class StatementFuzzTest {
  private static final long SEED = 20_261_120L;

  private static final List<String> SEEDS =
      List.of(
          "SELECT a, b, count(*) FROM t WHERE k = 1 AND a > 2 AND (a, b) <= (3, 4) LIMIT 5",
          "SELECT max(v), m['x'], ttl(v), cast(a AS text) FROM t WHERE token(k) > 5 ALLOW"
              + " FILTERING",
          "SELECT DISTINCT k, s FROM t WHERE k IN (1, 2) ORDER BY a DESC PER PARTITION LIMIT 1",
          "INSERT INTO t (k, a, b, v, m, l) VALUES (1, 2, 3, 0x01, {'a': 1}, [1, 2]) USING TTL 5",
          "UPDATE t SET v = null, m['x'] = 1, l = l + [1], s = 'x' WHERE k = 1 AND a = 1 AND b = 1",
          "DELETE v, m['x'] FROM t USING TIMESTAMP 5 WHERE k = 1 AND a = 1 AND b = 1",
          "BEGIN BATCH INSERT INTO t (k, s) VALUES (1, 'x'); DELETE FROM t WHERE k = 1; APPLY"
              + " BATCH",
          "CREATE TABLE n (k int, c text, v frozen<map<text, int>>, PRIMARY KEY ((k), c)) WITH"
              + " comment = 'x'",
          "CREATE TYPE u (a int, b frozen<list<text>>)",
          "ALTER TABLE n ADD x set<int>",
          "DESCRIBE TABLE t",
          "SELECT * FROM system.local WHERE key = 'local' AND tokens CONTAINS 'x'",
          "SELECT * FROM t WHERE m CONTAINS KEY 'x' AND l CONTAINS 5 AND s >= 'a' ALLOW FILTERING");

  @Test
  void whateverIsAskedIsAnsweredNeverThrown() {
    Cql cql = new Cql();
    cql.run(
        "CREATE TABLE t (k int, a int, b int, v blob, m map<text, int>, l list<int>, s text static,"
            + " PRIMARY KEY (k, a, b))");
    Random random = new Random(SEED);
    int understood = 0;
    for (int round = 0; round < 6_000; round++) {
      String text = mutated(random);
      Response response;
      try {
        response = cql.query(text);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("round " + round + " of seed " + SEED + ": " + text, e);
      }
      boolean refused =
          response instanceof Response.Failure failure && failure.code() == ErrorCode.SYNTAX_ERROR;
      understood += refused ? 0 : 1;
    }
    assertThat(understood).as("statements that pass the grammar").isGreaterThan(500);
  }

  @Test
  void whateverIsBoundIsAnsweredNeverThrown() {
    Cql cql = new Cql();
    cql.run(
        "CREATE TABLE t (k int, a text, b decimal, v blob, m map<text, int>, l list<int>, s varint"
            + " static, f frozen<set<inet>>, PRIMARY KEY (k, a, b)) WITH CLUSTERING ORDER BY (a"
            + " DESC, b ASC)");
    List<Response.Prepared> statements =
        List.of(
            cql.prepare("INSERT INTO t (k, a, b, v, m, l, f) VALUES (?, ?, ?, ?, ?, ?, ?)"),
            cql.prepare(
                "UPDATE t USING TTL ? SET m[?] = ?, l = l + ?, s = ? WHERE k IN ? AND a = ?"
                    + " AND b = ?"),
            cql.prepare("DELETE m[?], f FROM t USING TIMESTAMP ? WHERE k = ? AND (a, b) IN ?"),
            cql.prepare("SELECT * FROM t WHERE k = ? AND (a, b) > ? LIMIT ?"),
            cql.prepare(
                "SELECT * FROM t WHERE token(k) > ? AND b = ? AND s < ? AND m CONTAINS ?"
                    + " ALLOW FILTERING"),
            cql.prepare("SELECT k, a, b, sum(s) FROM t WHERE k IN ? AND a IN ? AND b >= ?"));
    Random random = new Random(SEED);
    for (int round = 0; round < 20_000; round++) {
      Response.Prepared statement = statements.get(random.nextInt(statements.size()));
      List<byte @Nullable []> values = new ArrayList<>();
      for (int i = 0; i < statement.markers().columns().size(); i++) {
        values.add(bytes(random));
      }
      try {
        cql.execute(statement.statementId(), BoundValues.of(values));
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(
            "round " + round + " of seed " + SEED + ": " + statement.markers(), e);
      }
    }
  }

  private static byte @Nullable [] bytes(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> null;
      case 1 -> new byte[0];
      case 2, 3 -> new byte[] {0, 0, 0, (byte) random.nextInt(3)};
      case 4 -> new byte[] {0, 0, 0, 1, 0, 0, 0, 1, 'x'};
      case 5 -> new byte[] {0, 0, 0, 1, 'x', 0, 0, 0, 5, 0, 0, 0, 0, 7};
      case 6 -> new byte[] {0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 2};
      default -> {
        byte[] bytes = new byte[random.nextInt(12)];
        random.nextBytes(bytes);
        yield bytes;
      }
    };
  }

  /** Swaps, drops and repeats words of a statement, or takes words of others. */
  private static String mutated(Random random) {
    String[] words = split(SEEDS.get(random.nextInt(SEEDS.size())));
    int changes = random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(words.length);
      String[] other = split(SEEDS.get(random.nextInt(SEEDS.size())));
      words[at] =
          switch (random.nextInt(4)) {
            case 0 -> "";
            case 1 -> words[random.nextInt(words.length)];
            case 2 -> other[random.nextInt(other.length)];
            default -> List.of("null", "-1", "''", "1.5", "k", "{}", "()").get(random.nextInt(7));
          };
    }
    return String.join(" ", words);
  }

  private static String[] split(String text) {
    return text.replaceAll("([(),;{}\\[\\]=])", " $1 ").trim().split("\\s+");
  }
}
