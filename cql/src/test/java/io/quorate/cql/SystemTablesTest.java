package io.quorate.cql;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.Coordinator;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.environment.Endpoint;
import io.quorate.protocol.Response;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** If this breaks, drivers and cqlsh do not get past connecting, or see a wrong schema. */
class SystemTablesTest {
  private final Cql cql = new Cql();

  @BeforeEach
  void nodes() {
    register(FakeCoordinator.HOST, "127.0.0.1", 100L);
    register(new UUID(8, 8), "127.0.0.2", 200L);
    cql.run("CREATE TYPE address (street text)");
    cql.run(
        "CREATE TABLE t (k int, c text, v map<text, int>, PRIMARY KEY (k, c)) WITH CLUSTERING"
            + " ORDER BY (c DESC) AND comment = 'it''s'");
  }

  private void register(UUID id, String host, long token) {
    cql.coordinator.change(
        new MetadataChange.RegisterNode(
            new NodeInfo(
                id,
                new Endpoint(host, 7000),
                new Endpoint(host, 9042),
                "datacenter1",
                "rack1",
                "5.0.9",
                List.of(token))),
        0,
        new Coordinator.Answer<>() {
          @Override
          public void succeeded(ChangeOutcome outcome) {}

          @Override
          public void failed(RequestFailure failure) {
            throw new AssertionError(failure);
          }
        });
  }

  /** Word for word what drivers and cqlsh ask when they connect and after each schema change. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT cluster_name FROM system.local",
        "SELECT * FROM system.local",
        "SELECT * FROM system.local WHERE key='local'",
        "SELECT * FROM system.peers",
        "SELECT * FROM system.peers_v2",
        "SELECT host_id, peer, peer_port, native_address, native_port, schema_version FROM"
            + " system.peers_v2",
        "SELECT schema_version FROM system.local WHERE key='local'",
        "SELECT * FROM system_schema.keyspaces",
        "SELECT * FROM system_schema.tables WHERE keyspace_name = 'ks' AND table_name = 't'",
        "SELECT * FROM system_schema.columns WHERE keyspace_name = 'ks'",
        "SELECT * FROM system_schema.types",
        "SELECT * FROM system_virtual_schema.keyspaces",
        "SELECT * FROM system_virtual_schema.tables",
        "SELECT * FROM system_virtual_schema.columns",
      })
  void driversFindWhatTheyLookFor(String query) {
    assertThat(cql.rows(query)).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "system_schema.views",
        "system_schema.indexes",
        "system_schema.functions",
        "system_schema.aggregates",
        "system_schema.triggers",
        "system_schema.dropped_columns",
        "system_schema.column_masks",
        "system_traces.sessions",
        "system_traces.events",
        "system.\"IndexInfo\"",
        "system.built_views",
        "system.size_estimates",
        "system.prepared_statements",
      })
  void whatIsEmptyIsThereAllTheSame(String table) {
    assertThat(cql.rows("SELECT * FROM " + table)).isEmpty();
  }

  @Test
  void theSchemaIsToldAsItIs() {
    assertThat(
            cql.rows(
                "SELECT column_name, kind, position, clustering_order, type FROM"
                    + " system_schema.columns WHERE keyspace_name = 'ks' AND table_name = 't'"))
        .containsExactly(
            "'k' 'partition_key' 0 'none' 'int'",
            "'c' 'clustering' 0 'desc' 'text'",
            "'v' 'regular' -1 'none' 'map<text, int>'");
    assertThat(cql.rows("SELECT comment FROM system_schema.tables WHERE keyspace_name = 'ks'"))
        .containsExactly("'it''s'");
    assertThat(cql.rows("SELECT rpc_address, data_center FROM system.peers"))
        .containsExactly("'127.0.0.2' 'datacenter1'");
    assertThat(cql.rows("SELECT rpc_address, rack, tokens FROM system.local"))
        .containsExactly("'127.0.0.1' 'rack1' {'100'}");
    assertThat(cql.rows("SELECT count(*) FROM system.peers_v2")).containsExactly("1");
  }

  @Test
  void describeAnswersWhatCqlshShows() {
    assertThat(cql.rows("DESCRIBE CLUSTER"))
        .containsExactly("'test cluster' 'Murmur3Partitioner' 'DynamicEndpointSnitch'");
    assertThat(cql.rows("DESCRIBE KEYSPACES")).contains("'ks' 'keyspace' 'ks'");
    assertThat(cql.rows("DESCRIBE TABLES")).contains("'ks' 'table' 't'");
    assertThat(cql.rows("DESCRIBE TYPES")).containsExactly("'ks' 'type' 'address'");
    assertThat(cql.error("DESCRIBE TABLE nope"))
        .isEqualTo("Table 'nope' not found in keyspace 'ks'");
    Response described = cql.run("DESCRIBE TABLE t");
    assertThat(((Response.Rows) described).metadata().columns())
        .extracting(column -> column.name())
        .containsExactly("keyspace_name", "type", "name", "create_statement");
  }

  @Test
  void aKeyspaceSaysWhenItsWritesAreAcknowledged() {
    cql.run(
        "CREATE KEYSPACE quick WITH replication = {'class': 'SimpleStrategy',"
            + " 'replication_factor': 1} AND commitlog_sync = 'periodic'");
    assertThat(cql.rows("DESCRIBE KEYSPACE quick").get(0))
        .contains("AND commitlog_sync = ''periodic''");
    assertThat(
            cql.rows(
                "SELECT commitlog_sync FROM system_schema.keyspaces"
                    + " WHERE keyspace_name IN ('quick', 'ks', 'system')"))
        .containsExactlyInAnyOrder("'periodic'", "'default'", "'default'");
    cql.run("ALTER KEYSPACE quick WITH durable_writes = true");
    assertThat(cql.rows("DESCRIBE KEYSPACE quick").get(0))
        .as("what is not said stays")
        .contains("AND commitlog_sync = ''periodic''");
    assertThat(cql.error("ALTER KEYSPACE quick WITH commitlog_sync = 'sometimes'"))
        .isEqualTo("commitlog_sync is 'sometimes'; allowed are group, batch, periodic, default");
    String row = cql.rows("DESCRIBE KEYSPACE quick").get(0);
    String statement =
        row.substring(row.indexOf("CREATE KEYSPACE"), row.length() - 1).replace("''", "'");
    cql.run("DROP KEYSPACE quick");
    cql.run(statement);
    assertThat(cql.rows("DESCRIBE KEYSPACE quick").get(0)).as("made again").isEqualTo(row);
    cql.run("ALTER KEYSPACE quick WITH commitlog_sync = 'default'");
    assertThat(cql.rows("DESCRIBE KEYSPACE quick").get(0)).doesNotContain("commitlog_sync");
  }

  @Test
  void aDescribedTableCanBeMadeAgain() {
    String row = cql.rows("DESCRIBE TABLE t").get(0);
    String statement =
        row.substring(row.indexOf("CREATE TABLE"), row.length() - 1).replace("''", "'");
    cql.run("DROP TABLE t");
    cql.run(statement);
    assertThat(cql.rows("DESCRIBE TABLE t").get(0)).isEqualTo(row);
  }
}
