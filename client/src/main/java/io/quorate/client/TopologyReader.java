package io.quorate.client;

import io.quorate.client.Topology.Node;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.QueryParameters;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Reads the topology from the system tables of one node. */
final class TopologyReader {
  private static final String LOCAL = "SELECT data_center, tokens FROM system.local";
  private static final String PEERS =
      "SELECT native_address, native_port, data_center, tokens FROM system.peers_v2";
  private static final String KEYSPACES =
      "SELECT keyspace_name, replication FROM system_schema.keyspaces";

  private TopologyReader() {}

  /**
   * @param localDatacenter null to take the node's own
   */
  static CompletableFuture<Read> read(Wire wire, @Nullable String localDatacenter) {
    return query(wire, LOCAL)
        .thenCompose(local ->
            query(wire, PEERS)
                .thenCompose(peers ->
                    query(wire, KEYSPACES)
                        .thenApply(keyspaces ->
                            combine(wire.address(), localDatacenter, local, peers, keyspaces))));
  }

  /** What was read. */
  record Read(Topology topology, String datacenter) {}

  private static Read combine(
      InetSocketAddress address,
      @Nullable String localDatacenter,
      ResultPage local,
      ResultPage peers,
      ResultPage keyspaces) {
    List<Node> nodes = new ArrayList<>();
    String datacenter = "";
    for (Row row : local) {
      datacenter = String.valueOf(row.string("data_center"));
      nodes.add(new Node(address, datacenter, tokens(row)));
    }
    for (Row row : peers) {
      if (row.value("native_address") instanceof InetAddress peer
          && row.string("data_center") != null) {
        nodes.add(
            new Node(
                new InetSocketAddress(peer, row.integer("native_port")),
                String.valueOf(row.string("data_center")),
                tokens(row)));
      }
    }
    String counted = localDatacenter == null ? datacenter : localDatacenter;
    Map<String, Integer> factors = new HashMap<>();
    for (Row row : keyspaces) {
      Integer factor = factor(row.value("replication"), counted);
      if (factor != null) {
        factors.put(String.valueOf(row.string("keyspace_name")), factor);
      }
    }
    return new Read(new Topology(nodes, factors), counted);
  }

  private static @Nullable Integer factor(@Nullable Object replication, String datacenter) {
    if (!(replication instanceof Map<?, ?> options)) {
      return null;
    }
    boolean simple = String.valueOf(options.get("class")).endsWith("SimpleStrategy");
    Object factor = options.get(simple ? "replication_factor" : datacenter);
    try {
      return factor == null ? null : Integer.valueOf(String.valueOf(factor));
    } catch (NumberFormatException e) {
      return null; // a strategy of a kind that routing cannot make use of
    }
  }

  private static List<Long> tokens(Row row) {
    List<Long> tokens = new ArrayList<>();
    if (row.value("tokens") instanceof Collection<?> texts) {
      texts.forEach(text -> tokens.add(Long.valueOf(String.valueOf(text))));
    }
    return tokens;
  }

  static CompletableFuture<ResultPage> query(Wire wire, String text) {
    CompletableFuture<ResultPage> future = new CompletableFuture<>();
    wire.send(
        new Request.Query(text, QueryParameters.of(ConsistencyLevel.ONE)),
        new Wire.Callback() {
          @Override
          public void responded(Response response, List<String> warnings) {
            if (response instanceof Response.Result result) {
              future.complete(ResultPage.of(result, warnings));
            } else if (response instanceof Response.Failure failure) {
              future.completeExceptionally(new RequestError(failure));
            } else {
              future.completeExceptionally(new ConnectionError("unexpected " + response));
            }
          }

          @Override
          public void failed(ConnectionError error) {
            future.completeExceptionally(error);
          }
        });
    return future;
  }
}
