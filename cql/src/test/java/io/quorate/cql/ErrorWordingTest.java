package io.quorate.cql;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** If this breaks, a user of Cassandra does not recognise the mistake that was made. */
class ErrorWordingTest {

  private static Cql cql() {
    Cql cql = new Cql();
    cql.run(
        "CREATE TABLE t (k int, a int, b int, v int, m map<text, int>, s int static, PRIMARY KEY"
            + " (k, a, b))");
    cql.run("CREATE TABLE two (x int, y int, v text, PRIMARY KEY ((x, y)))");
    return cql;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "SELECT * FROM nope | table nope does not exist",
        "SELECT * FROM nope.t | keyspace nope does not exist",
        "SELECT x FROM t | Undefined column name x in table ks.t",
        "SELECT * FROM t WHERE v = 1 | Cannot execute this query as it might involve data filtering"
            + " and thus may have unpredictable performance. If you want to execute this query"
            + " despite the performance unpredictability, use ALLOW FILTERING",
        "SELECT * FROM t WHERE k = 1 AND b = 1 | PRIMARY KEY column \"b\" cannot be restricted as"
            + " preceding column \"a\" is not restricted",
        "SELECT * FROM t WHERE k = 1 AND a > 1 AND b = 1 | Clustering column \"b\" cannot be"
            + " restricted (preceding column \"a\" is restricted by a non-EQ relation)",
        "SELECT * FROM t WHERE k > 1 | Only EQ and IN relation are supported on the partition key"
            + " (unless you use the token() function)",
        "SELECT * FROM t WHERE k = 1 AND k = 2 | k cannot be restricted by more than one relation"
            + " if it includes an Equal",
        "SELECT * FROM t WHERE k = 'x' | Invalid STRING constant (x) for \"k\" of type int",
        "SELECT * FROM t ORDER BY a | ORDER BY is only supported when the partition key is"
            + " restricted by an EQ or an IN.",
        "SELECT * FROM t WHERE k = null | Invalid null value in condition for column k",
        "SELECT DISTINCT v FROM t | SELECT DISTINCT queries must only request partition key columns"
            + " and/or static columns (not v)",
        "SELECT writetime(k) FROM t | Cannot use selection function writeTime on PRIMARY KEY part"
            + " k",
        "SELECT nofunction(k) FROM t | Unknown function 'nofunction'",
        "SELECT * FROM t LIMIT 0 | LIMIT must be strictly positive",
        "INSERT INTO t (k, a) VALUES (1, 2) | Some clustering keys are missing: b",
        "INSERT INTO t (a, b) VALUES (1, 2) | Some partition key parts are missing: k",
        "INSERT INTO t (k) VALUES (1, 2) | Unmatched column names/values",
        "INSERT INTO two (x, y, v) VALUES (1, 1, 5) | Invalid INTEGER constant (5) for \"v\" of"
            + " type text",
        "INSERT INTO t (k, a, b, m) VALUES (1, 1, 1, [1]) | Invalid list literal for m of type"
            + " map<text, int>",
        "UPDATE t SET k = 1 WHERE a = 1 | PRIMARY KEY part k found in SET part",
        "UPDATE t SET v = 1 WHERE k = 1 AND a = 1 | Some clustering keys are missing: b",
        "UPDATE t SET v = v + 1 WHERE k = 1 AND a = 1 AND b = 1 | Invalid operation (v = v + ...)"
            + " for non collection column v",
        "INSERT INTO t (k, a, b) VALUES (1, 1, 1) USING TTL -5 | A TTL must be greater or equal to"
            + " 0, but was -5",
        "INSERT INTO t (k, a, b) VALUES (1, 1, 1) IF NOT EXISTS | A conditional update (IF, a"
            + " lightweight transaction) is not supported yet",
        "INSERT INTO t (k, a, b) VALUES (1, 1, ?) | there were 1 markers(?) in CQL but 0 bound"
            + " variables",
        "DELETE v FROM t WHERE k = 1 AND a > 1 | Range deletions are not supported for specific"
            + " columns",
        "DELETE FROM t WHERE v = 1 | Non PRIMARY KEY columns found in where clause: v",
        "CREATE TABLE t (k int PRIMARY KEY) | Cannot add already existing table \"t\" to keyspace"
            + " \"ks\"",
        "CREATE TABLE n (k int) | No PRIMARY KEY specifed for table 'ks.n' (exactly one required)",
        "CREATE TABLE n (k list<int> PRIMARY KEY) | Invalid non-frozen collection type"
            + " \"list<int>\" for PRIMARY KEY column 'k'",
        "CREATE TABLE n (k int PRIMARY KEY, v foo) | Unknown type foo",
        "CREATE TABLE n (k int PRIMARY KEY) WITH foo = 1 | Unknown property 'foo'",
        "CREATE TABLE n (k int PRIMARY KEY) WITH compaction = {'class': 'Nope'} | Unable to find"
            + " compaction strategy class 'Nope'",
        "CREATE TABLE n (k int PRIMARY KEY) WITH compaction = {'class':"
            + " 'LeveledCompactionStrategy', 'min_threshold': '4'} | Properties specified"
            + " [min_threshold] are not understood by LeveledCompactionStrategy",
        "CREATE TABLE n (k int PRIMARY KEY) WITH compaction = {'class':"
            + " 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4, X1'} | 'T4, X1' is not"
            + " allowed for scaling_parameters; expected are numbers, or T and L with a number of"
            + " 2 or more, or N, with commas between",
        "ALTER TABLE t WITH compaction = {'class': 'TimeWindowCompactionStrategy',"
            + " 'compaction_window_unit': 'weeks'} | 'weeks' is not allowed for"
            + " compaction_window_unit; expected is one of MINUTES, HOURS, DAYS",
        "ALTER TABLE t WITH compression = {'class': 'DeflateCompressor'} | Could not find"
            + " compressor 'DeflateCompressor'; there are LZ4Compressor, ZstdCompressor and"
            + " NoopCompressor",
        "ALTER TABLE t WITH compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': 5} |"
            + " chunk_length_in_kb must be a power of 2",
        "CREATE TABLE n (k int PRIMARY KEY, c counter) | A table with counters is not supported"
            + " yet",
        "CREATE INDEX ON t (v) | CREATE INDEX is not supported yet",
        "CREATE KEYSPACE x WITH durable_writes = true | Missing mandatory option 'replication'",
        "DROP TABLE nope | Table 'ks.nope' doesn't exist",
        "USE nope | Keyspace 'nope' does not exist",
        "INSERT INTO system.local (key) VALUES ('x') | system keyspace is not user-modifiable.",
        "ALTER TABLE t DROP a | Cannot drop PRIMARY KEY column a",
      })
  void mistakesAreNamedAsCassandraNamesThem(String text, String message) {
    assertThat(cql().error(text)).isEqualTo(message);
  }
}
