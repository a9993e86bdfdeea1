package io.quorate.tools.cluster;

import io.quorate.node.NodeConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which node has which address and data centre, and what stands in its configuration.
 *
 * @param nodesOfDatacenters how many nodes each data centre has
 * @param firstAddress of node 1; the others count up from it
 * @param overrides configuration keys with their values, for all nodes
 */
record ClusterLayout(
    List<Integer> nodesOfDatacenters,
    String firstAddress,
    int nativePort,
    int adminPort,
    int internodePort,
    Map<String, String> overrides) {
  private static final int MOST_VOTERS = 5;

  ClusterLayout {
    nodesOfDatacenters = List.copyOf(nodesOfDatacenters);
    overrides = Map.copyOf(overrides);
    if (!firstAddress.matches("\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}")) {
      throw new IllegalArgumentException("'" + firstAddress + "' is not an IPv4 address");
    }
    if (nodesOfDatacenters.stream().anyMatch(nodes -> nodes < 1)) {
      throw new IllegalArgumentException("a data centre needs a node");
    }
    int last = lastOctet(firstAddress) + nodesOfDatacenters.stream().mapToInt(n -> n).sum() - 1;
    if (last > 254) {
      throw new IllegalArgumentException("there are not enough addresses after " + firstAddress);
    }
  }

  /** This layout where node 1 is already: its ports, and the addresses that count up from its. */
  ClusterLayout like(NodeConfig first) {
    return new ClusterLayout(
        nodesOfDatacenters,
        first.listenAddress(),
        first.nativeTransportPort(),
        first.adminPort(),
        first.internodePort(),
        overrides);
  }

  int nodeCount() {
    return nodesOfDatacenters.stream().mapToInt(nodes -> nodes).sum();
  }

  /** The address of a node; nodes count from 1. */
  String address(int node) {
    int dot = firstAddress.lastIndexOf('.');
    return firstAddress.substring(0, dot + 1) + (lastOctet(firstAddress) + node - 1);
  }

  private static int lastOctet(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf('.') + 1));
  }

  /** {@code datacenter1} and so on. */
  String datacenter(int node) {
    int before = 0;
    for (int datacenter = 0; datacenter < nodesOfDatacenters.size(); datacenter++) {
      before += nodesOfDatacenters.get(datacenter);
      if (node <= before) {
        return "datacenter" + (datacenter + 1);
      }
    }
    throw new IllegalArgumentException("there is no node " + node);
  }

  /** Voters of the metadata ring: an odd number, for an even one stands no more losses. */
  static int voterCount(int nodes) {
    int most = Math.min(nodes, MOST_VOTERS);
    return most % 2 == 0 ? most - 1 : most;
  }

  /** The {@code quorate.yaml} of a node of a new cluster. */
  String yaml(int node) {
    List<String> voters = new ArrayList<>();
    for (int voter = 1; voter <= voterCount(nodeCount()); voter++) {
      voters.add(address(voter) + ":" + internodePort);
    }
    return yaml(node, voters, voters);
  }

  /**
   * The {@code quorate.yaml} of a node.
   *
   * @param seeds endpoints, as are the voters
   */
  String yaml(int node, List<String> seeds, List<String> voters) {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("cluster_name", "quorate");
    keys.put("listen_address", address(node));
    keys.put("native_transport_port", Integer.toString(nativePort));
    keys.put("admin_port", Integer.toString(adminPort));
    keys.put("internode_port", Integer.toString(internodePort));
    keys.put("datacenter", datacenter(node));
    keys.put("rack", "rack1");
    keys.put("seeds", "[\"" + String.join("\", \"", seeds) + "\"]");
    keys.put("metadata_voters", "[\"" + String.join("\", \"", voters) + "\"]");
    keys.put("data_directory", "data");
    StringBuilder yaml = new StringBuilder();
    keys.forEach((key, value) -> yaml.append(key).append(": ").append(value).append('\n'));
    return withOverrides(yaml.toString(), overrides);
  }

  /** The text with these keys set: a key's line is replaced, or added at the end. */
  static String withOverrides(String yaml, Map<String, String> overrides) {
    Map<String, String> open = new TreeMap<>(overrides);
    StringBuilder out = new StringBuilder();
    yaml.lines()
        .forEach(line -> {
          int colon = line.indexOf(':');
          String value = colon < 0 ? null : open.remove(line.substring(0, colon));
          out.append(value == null ? line : line.substring(0, colon) + ": " + value).append('\n');
        });
    open.forEach((key, value) -> out.append(key).append(": ").append(value).append('\n'));
    return out.toString();
  }
}
