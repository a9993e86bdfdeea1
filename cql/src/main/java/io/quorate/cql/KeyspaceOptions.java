package io.quorate.cql;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.CommitLogSync;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ErrorDetails;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What {@code WITH} says of a keyspace; null is unsaid. */
record KeyspaceOptions(
    @Nullable Replication replication,
    @Nullable Boolean durableWrites,
    @Nullable CommitLogSync commitLogSync) {

  static KeyspaceOptions of(Map<String, Object> properties, ClusterMetadata metadata) {
    Replication replication = null;
    Boolean durableWrites = null;
    CommitLogSync commitLogSync = null;
    for (Map.Entry<String, Object> property : properties.entrySet()) {
      switch (property.getKey()) {
        case "replication" -> replication = replication(property.getValue(), metadata);
        case "durable_writes" ->
            durableWrites = TableProperties.bool("durable_writes", property.getValue());
        case "commitlog_sync" -> commitLogSync = commitLogSync(property.getValue());
        default ->
            throw new RequestException(
                ErrorCode.SYNTAX_ERROR,
                "Unknown property '" + property.getKey() + "'",
                new ErrorDetails.None());
      }
    }
    return new KeyspaceOptions(replication, durableWrites, commitLogSync);
  }

  private static CommitLogSync commitLogSync(Object value) {
    CommitLogSync sync = CommitLogSync.named(String.valueOf(value));
    if (sync == null) {
      throw RequestException.config(
          "commitlog_sync is '" + value + "'; allowed are group, batch, periodic, default");
    }
    return sync;
  }

  private static Replication replication(Object value, ClusterMetadata metadata) {
    if (!(value instanceof Map<?, ?> given)) {
      throw RequestException.config("Invalid value for property 'replication'. It should be a map");
    }
    Map<String, String> options = new LinkedHashMap<>();
    given.forEach((key, text) -> options.put(String.valueOf(key), String.valueOf(text)));
    String strategy = options.remove("class");
    if (strategy == null) {
      throw RequestException.config("Missing replication strategy class");
    }
    String name = strategy.substring(strategy.lastIndexOf('.') + 1);
    return switch (name) {
      case "SimpleStrategy" -> simple(options);
      case "NetworkTopologyStrategy" -> networkTopology(options, metadata);
      case "LocalStrategy", "EverywhereStrategy" ->
          throw RequestException.config(
              "Unable to use given strategy class: " + name + " is reserved for internal use.");
      default ->
          throw RequestException.config(
              "Unable to find replication strategy class '" + strategy + "'");
    };
  }

  private static Replication simple(Map<String, String> options) {
    String factor = options.remove("replication_factor");
    if (factor == null) {
      throw RequestException.config(
          "SimpleStrategy requires a replication_factor strategy option.");
    }
    if (!options.isEmpty()) {
      throw RequestException.config(
          "Unrecognized strategy option {"
              + options.keySet().iterator().next()
              + "} passed to SimpleStrategy");
    }
    return new Replication.Simple(factor(factor));
  }

  /** {@code replication_factor} stands for every data centre that has no factor of its own. */
  private static Replication networkTopology(
      Map<String, String> options, ClusterMetadata metadata) {
    SortedMap<String, Integer> factors = new TreeMap<>();
    String common = options.remove("replication_factor");
    if (common != null) {
      for (NodeInfo node : metadata.nodes()) {
        factors.put(node.datacenter(), factor(common));
      }
    }
    options.forEach((datacenter, factor) -> {
      boolean isKnown =
          metadata.nodes().isEmpty()
              || metadata.nodes().stream().anyMatch(node -> node.datacenter().equals(datacenter));
      if (!isKnown) {
        throw RequestException.config(
            "Unrecognized strategy option {" + datacenter + "} passed to NetworkTopologyStrategy");
      }
      factors.put(datacenter, factor(factor));
    });
    factors.values().removeIf(factor -> factor == 0);
    if (factors.isEmpty()) {
      throw RequestException.config("Configuration for at least one datacenter must be present");
    }
    return new Replication.NetworkTopology(factors);
  }

  private static int factor(String text) {
    int factor;
    try {
      factor = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw RequestException.config("Replication factor must be numeric; found " + text);
    }
    if (factor < 0) {
      throw RequestException.config("Replication factor must be non-negative; found " + text);
    }
    return factor;
  }
}
