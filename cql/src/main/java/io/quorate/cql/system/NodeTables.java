package io.quorate.cql.system;

import io.quorate.coordinator.Coordinator;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.environment.Endpoint;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.InvalidValueException;
import io.quorate.protocol.types.JavaValues;
import io.quorate.protocol.types.Literals;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tables about nodes: system.local, peers and peers_v2, and those that stay empty. */
final class NodeTables {
  private static final String SYSTEM = "system";
  private static final String PARTITIONER = "org.apache.cassandra.dht.Murmur3Partitioner";
  private static final String CQL_VERSION = "3.4.7";

  private final Coordinator coordinator;
  private final String clusterName;

  NodeTables(Coordinator coordinator, String clusterName) {
    this.coordinator = coordinator;
    this.clusterName = clusterName;
  }

  List<VirtualTable> all() {
    return List.of(
        VirtualTable.of(
            SYSTEM,
            "local",
            "key text PK, bootstrapped text, broadcast_address inet, broadcast_port int,"
                + " cluster_name text, cql_version text, data_center text, gossip_generation int,"
                + " host_id uuid, listen_address inet, listen_port int, native_protocol_version"
                + " text, partitioner text, rack text, release_version text, rpc_address inet,"
                + " rpc_port int, schema_version uuid, tokens set<text>, truncated_at map<uuid,"
                + " blob>",
            this::local),
        VirtualTable.of(
            SYSTEM,
            "peers",
            "peer inet PK, data_center text, host_id uuid, preferred_ip inet, rack text,"
                + " release_version text, rpc_address inet, schema_version uuid, tokens set<text>",
            this::peers),
        VirtualTable.of(
            SYSTEM,
            "peers_v2",
            "peer inet PK, peer_port int CK, data_center text, host_id uuid, native_address inet,"
                + " native_port int, preferred_ip inet, preferred_port int, rack text,"
                + " release_version text, schema_version uuid, tokens set<text>",
            this::peersV2),
        empty(
            "prepared_statements", "prepared_id blob PK, logged_keyspace text, query_string text"),
        empty(
            "size_estimates",
            "keyspace_name text PK, table_name text CK, range_start text CK, range_end text CK,"
                + " mean_partition_size bigint, partitions_count bigint"),
        empty("IndexInfo", "table_name text PK, index_name text CK, value blob"),
        empty("built_views", "keyspace_name text PK, view_name text CK, status_replicated boolean"),
        VirtualTable.of(
            "system_traces",
            "sessions",
            "session_id uuid PK, client inet, command text, coordinator inet, coordinator_port int,"
                + " duration int, parameters map<text, text>, request text, started_at timestamp",
            rows -> {}),
        VirtualTable.of(
            "system_traces",
            "events",
            "session_id uuid PK, event_id timeuuid CK, activity text, source inet, source_elapsed"
                + " int, source_port int, thread text",
            rows -> {}));
  }

  private static VirtualTable empty(String name, String columns) {
    return VirtualTable.of(SYSTEM, name, columns, rows -> {});
  }

  private void local(VirtualTable.Rows rows) {
    ClusterMetadata metadata = coordinator.metadata();
    NodeInfo node = metadata.node(coordinator.localHostId());
    VirtualTable.Row row =
        rows.begin()
            .set("key", "local")
            .set("bootstrapped", node == null ? "NEEDS_BOOTSTRAP" : "COMPLETED")
            .set("cluster_name", clusterName)
            .set("cql_version", CQL_VERSION)
            .set("host_id", coordinator.localHostId())
            .set("native_protocol_version", "5")
            .set("partitioner", PARTITIONER)
            .set("gossip_generation", 1)
            .set("schema_version", metadata.schemaVersion());
    if (node != null) {
      Object internode = address(node.internode());
      row.set("broadcast_address", internode)
          .set("broadcast_port", node.internode().port())
          .set("listen_address", internode)
          .set("listen_port", node.internode().port())
          .set("rpc_address", address(node.nativeTransport()))
          .set("rpc_port", node.nativeTransport().port())
          .set("data_center", node.datacenter())
          .set("rack", node.rack())
          .set("release_version", node.releaseVersion())
          .set("tokens", tokens(node));
    }
  }

  private List<NodeInfo> others() {
    return coordinator.metadata().nodes().stream()
        .filter(node -> !node.hostId().equals(coordinator.localHostId()))
        .toList();
  }

  private void peers(VirtualTable.Rows rows) {
    for (NodeInfo node : others()) {
      Object address = address(node.internode());
      if (address != null) {
        rows.begin()
            .set("peer", address)
            .set("data_center", node.datacenter())
            .set("host_id", node.hostId())
            .set("rack", node.rack())
            .set("release_version", node.releaseVersion())
            .set("rpc_address", address(node.nativeTransport()))
            .set("schema_version", coordinator.metadata().schemaVersion())
            .set("tokens", tokens(node));
      }
    }
  }

  private void peersV2(VirtualTable.Rows rows) {
    for (NodeInfo node : others()) {
      Object address = address(node.internode());
      if (address != null) {
        rows.begin()
            .set("peer", address)
            .set("peer_port", node.internode().port())
            .set("data_center", node.datacenter())
            .set("host_id", node.hostId())
            .set("native_address", address(node.nativeTransport()))
            .set("native_port", node.nativeTransport().port())
            .set("rack", node.rack())
            .set("release_version", node.releaseVersion())
            .set("schema_version", coordinator.metadata().schemaVersion())
            .set("tokens", tokens(node));
      }
    }
  }

  private static Set<String> tokens(NodeInfo node) {
    Set<String> tokens = new LinkedHashSet<>();
    node.tokens().forEach(token -> tokens.add(Long.toString(token)));
    return tokens;
  }

  /** The address, if it is a literal one: a name is not looked up on the way of a request. */
  private static @Nullable Object address(Endpoint endpoint) {
    String host = endpoint.host().equals("localhost") ? "127.0.0.1" : endpoint.host();
    try {
      return JavaValues.decode(Scalar.INET, Literals.parse(Scalar.INET, host));
    } catch (InvalidValueException e) {
      return null;
    }
  }
}
