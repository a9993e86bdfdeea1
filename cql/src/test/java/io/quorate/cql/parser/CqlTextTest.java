package io.quorate.cql.parser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** If this breaks, a valid statement is refused, or an invalid one gets an unhelpful answer. */
class CqlTextTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT * FROM ks.t",
        "select a, b as c from t where k = 1 and c > 'x' limit 10 allow filtering;",
        "SELECT count(*), max(v), writetime(v), token(k), cast(v as text) FROM t",
        "SELECT DISTINCT k FROM t PER PARTITION LIMIT 2 LIMIT ?",
        "SELECT * FROM t WHERE (a, b) >= (1, 2) AND (a, b) IN ((1, 2), (3, 4)) ORDER BY a DESC",
        "SELECT * FROM t WHERE token(k) > ? AND token(k) <= :upper",
        "SELECT * FROM t WHERE k IN (1, 2, 3) AND m CONTAINS KEY 'x' AND m['a'] = 1",
        "SELECT udt.field, m['k'] FROM t -- comment",
        "SELECT * FROM system.local WHERE key='local'",
        "SELECT type, ttl, values, timestamp, key, list FROM t // other comment",
        "INSERT INTO t (k, v) VALUES (1, {'a': 1}) USING TTL 10 AND TIMESTAMP 5",
        "INSERT INTO \"Mixed\" (\"K\", v) VALUES (?, $$it's$$) IF NOT EXISTS",
        "INSERT INTO t (a,b,c,d,e,f) VALUES (-1, 1.5e3, true, 0xCAFE, 1h30m,"
            + " 550e8400-e29b-41d4-a716-446655440000)",
        "INSERT INTO t (a,b,c) VALUES ([1,2], {1,2}, {street: 'x', zip: 5})",
        "INSERT INTO t (a,b) VALUES (NaN, -Infinity)",
        "INSERT INTO t (a,b) VALUES ((int) 5, (1, 'x'))",
        "INSERT INTO t (k, v) VALUES (now(), P1Y2M)",
        "UPDATE t USING TTL ? SET a = 1, l = l + [1], m['k'] = 2, u.f = 3, s += {1} WHERE k = 1",
        "UPDATE t SET l = [0] + l, c = c - {1}, d = d -1 WHERE k = 1 IF a = 1 AND b IN (1, 2)",
        "DELETE a, m['k'], u.f FROM t USING TIMESTAMP 5 WHERE k = 1 AND c > 5 IF EXISTS",
        "BEGIN UNLOGGED BATCH USING TIMESTAMP 1 INSERT INTO t (k) VALUES (1); DELETE FROM t WHERE"
            + " k=2; APPLY BATCH",
        "BEGIN BATCH INSERT INTO t (k) VALUES (1) UPDATE t SET v=1 WHERE k=1 APPLY BATCH;",
        "CREATE KEYSPACE IF NOT EXISTS ks WITH replication = {'class': 'SimpleStrategy',"
            + " 'replication_factor': 3} AND durable_writes = true",
        "CREATE TABLE t (k int, c text, s int static, v frozen<map<text, list<int>>>, PRIMARY KEY"
            + " ((k), c)) WITH CLUSTERING ORDER BY (c DESC) AND comment = 'x' AND gc_grace_seconds"
            + " = 5",
        "CREATE TABLE ks.t (k int PRIMARY KEY, v vector<float, 3>, t set<text>)",
        "ALTER TABLE t ADD (a int, b text)",
        "ALTER TABLE t ADD a int",
        "ALTER TABLE t DROP IF EXISTS a",
        "ALTER TABLE t RENAME a TO b AND c TO d",
        "ALTER TABLE t WITH comment = 'y'",
        "CREATE TYPE IF NOT EXISTS ks.address (street text, zip int)",
        "ALTER TYPE address ADD country text",
        "ALTER TYPE address RENAME zip TO code",
        "DROP TYPE IF EXISTS address",
        "DROP TABLE IF EXISTS ks.t",
        "TRUNCATE TABLE t",
        "TRUNCATE t",
        "USE \"Ks\"",
        "DESCRIBE KEYSPACES",
        "DESC TABLE ks.t",
        "DESCRIBE FULL SCHEMA",
        "DESCRIBE ks",
        "DESCRIBE CLUSTER",
        "/* a block */ SELECT * FROM t",
      })
  void accepts(String text) {
    assertThat(CqlText.parse(text).statement()).isNotInstanceOf(Statement.Unsupported.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "SELEC * FROM t | line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)",
        "SELECT * FORM t | line 1:9 no viable alternative at input 'FORM' (SELECT * [FORM]...)",
        "SELECT * FROM | line 1:13 no viable alternative at input '<EOF>' (SELECT * FROM [<EOF>])",
        "INSERT INTO t (k) VALUES (1 | line 1:27 no viable alternative at input '<EOF>'"
            + " (...INTO t ( k ) VALUES ( 1 [<EOF>])",
        "USE select | line 1:4 no viable alternative at input 'select' (USE [select])",
      })
  void refusesSayingWhere(String text, String message) {
    assertThatThrownBy(() -> CqlText.parse(text))
        .isInstanceOf(SyntaxException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CREATE INDEX ON t (v) | CREATE INDEX",
        "CREATE CUSTOM INDEX i ON t (v) USING 'sai' | CREATE CUSTOM INDEX",
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM t | CREATE MATERIALIZED VIEW",
        "CREATE OR REPLACE FUNCTION f (a int) RETURNS int | CREATE OR REPLACE FUNCTION",
        "CREATE ROLE r WITH PASSWORD = 'x' | CREATE ROLE",
        "GRANT SELECT ON ks.t TO r | GRANT",
        "LIST ROLES | LIST ROLES",
        "INSERT INTO t JSON '{}' | INSERT JSON",
      })
  void namesWhatIsNotSupported(String text, String what) {
    assertThat(CqlText.parse(text).statement()).isEqualTo(new Statement.Unsupported(what));
  }

  @Test
  void markersAreNumberedInTheOrderOfTheText() {
    CqlText.Parsed parsed =
        CqlText.parse("SELECT * FROM t WHERE a = ? AND b = :x PER PARTITION LIMIT ? LIMIT ?");
    Statement.Select select = (Statement.Select) parsed.statement();
    assertThat(parsed.markerCount()).isEqualTo(4);
    assertThat(select.where().get(0).value()).isEqualTo(new Term.Marker(0, null));
    assertThat(select.where().get(1).value()).isEqualTo(new Term.Marker(1, "x"));
    assertThat(select.perPartitionLimit()).isEqualTo(new Term.Marker(2, null));
    assertThat(select.limit()).isEqualTo(new Term.Marker(3, null));
  }

  @Test
  void namesFoldUnlessQuoted() {
    Statement.Select select =
        (Statement.Select)
            CqlText.parse("SELECT Abc, \"Abc\", \"a\"\"b\" FROM Ks.\"T\"").statement();
    assertThat(select.selectors())
        .extracting(Selector.Aliased::columnName)
        .containsExactly("abc", "Abc", "a\"b");
    assertThat(select.table()).isEqualTo(new QualifiedName("ks", "T"));
  }

  @Test
  void absurdNestingIsRefusedNotRun() {
    String text = "SELECT * FROM t WHERE a = " + "[".repeat(100_000);
    assertThatThrownBy(() -> CqlText.parse(text))
        .isInstanceOf(SyntaxException.class)
        .hasMessageContaining("nested deeper than 200");
  }

  @Test
  void nestingWithoutBracketsIsRefusedToo() {
    for (String text :
        new String[] {
          "SELECT a FROM t WHERE k = " + "(int)".repeat(100_000) + " 1",
          "SELECT a" + ".b".repeat(100_000) + " FROM t",
          "SELECT a" + "[1]".repeat(100_000) + " FROM t",
        }) {
      assertThatThrownBy(() -> CqlText.parse(text))
          .isInstanceOf(SyntaxException.class)
          .hasMessageContaining("nested deeper than 1000 rules");
    }
    CqlText.parse("SELECT a FROM t WHERE k = " + "(int)".repeat(200) + " 1");
    CqlText.parse("SELECT a FROM t WHERE k = " + "[".repeat(199) + "]".repeat(199));
  }
}
