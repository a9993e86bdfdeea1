package io.quorate.tools.cluster;

import io.quorate.node.NodeConfig;
import io.quorate.tools.TextTable;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code quorate up}. */
@Command(
    name = "up",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Starts a cluster on this machine and returns when all nodes are healthy.",
      "Nodes listen on 127.0.0.1, 127.0.0.2 and so on. On a directory that has a cluster in it,"
          + " starts the nodes that are down and keeps the data; with more --nodes than it has, the"
          + " new ones join."
    })
public final class UpCommand implements Callable<Integer> {
  @Option(names = "--nodes", paramLabel = "N", description = "how many nodes (default: 3)")
  private @Nullable Integer nodes;

  @Option(
      names = "--dir",
      description = "where the cluster's files are (default: ${DEFAULT-VALUE})")
  private Path dir = Path.of(".quorate");

  @Option(names = "--node", paramLabel = "N", description = "start just this one again")
  private @Nullable Integer node;

  @Option(
      names = "--dcs",
      split = ",",
      paramLabel = "N",
      description = "nodes of each data centre, such as 3,3")
  private List<Integer> dcs = new ArrayList<>();

  @Option(
      names = "--cql-port",
      paramLabel = "PORT",
      description = "for drivers (default: ${DEFAULT-VALUE})")
  private int cqlPort = LocalCluster.DEFAULT_CQL_PORT;

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description = "for nodetool and metrics (default: ${DEFAULT-VALUE})")
  private int adminPort = LocalCluster.DEFAULT_ADMIN_PORT;

  @Option(
      names = "--internode-port",
      paramLabel = "PORT",
      description = "between nodes (default: ${DEFAULT-VALUE})")
  private int internodePort = LocalCluster.DEFAULT_INTERNODE_PORT;

  @Option(
      names = "--address",
      description = "of the first node; the others count up (default: ${DEFAULT-VALUE})")
  private String address = "127.0.0.1";

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "a configuration key for all nodes that are started; may be repeated")
  private Map<String, String> overrides = new LinkedHashMap<>();

  @Option(names = "--heap", description = "of each node (default: ${DEFAULT-VALUE})")
  private String heap = "512m";

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "how long to wait without progress (default: ${DEFAULT-VALUE})")
  private int timeoutSeconds = 60;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    long begin = System.nanoTime();
    PrintWriter out = spec.commandLine().getOut();
    LocalCluster cluster = new LocalCluster(dir, heap, out);
    List<NodeDirectory> wanted = wanted(cluster);
    List<NodeDirectory> down = wanted.stream().filter(n -> n.process().isEmpty()).toList();
    down.forEach(n -> n.reconfigure(overrides));
    out.println(down.isEmpty() ? "already running: " + names(wanted) : "starting " + names(down));
    out.flush();
    cluster.start(wanted, Duration.ofSeconds(timeoutSeconds));
    double seconds = (System.nanoTime() - begin) / 1e9;
    out.print(summary(cluster.nodes(), seconds));
    out.flush();
    return 0;
  }

  private static String names(List<NodeDirectory> nodes) {
    return String.join(", ", nodes.stream().map(NodeDirectory::name).toList());
  }

  private List<NodeDirectory> wanted(LocalCluster cluster) {
    int there = cluster.nodes().size();
    if (node != null) {
      if (node < 1 || node > there) {
        throw misuse("there is no node" + node + " in " + dir + ", which has " + there + " nodes");
      }
      return List.of(cluster.node(node));
    }
    List<Integer> datacenters = dcs;
    if (datacenters.isEmpty()) {
      datacenters = List.of(nodes != null ? nodes : there > 0 ? there : 3);
    } else if (nodes != null) {
      throw misuse("--nodes and --dcs say the same: give one of them");
    }
    ClusterLayout layout;
    try {
      layout =
          new ClusterLayout(datacenters, address, cqlPort, adminPort, internodePort, overrides);
    } catch (IllegalArgumentException e) {
      throw misuse(String.valueOf(e.getMessage()));
    }
    cluster.create(layout);
    return IntStream.rangeClosed(1, layout.nodeCount())
        .mapToObj(cluster::node)
        .filter(one -> !one.hasLeft())
        .toList();
  }

  private ParameterException misuse(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  static String summary(List<NodeDirectory> nodes, double seconds) {
    TextTable table = new TextTable("", "CQL", "admin", "pid");
    for (NodeDirectory node : nodes) {
      NodeConfig config = node.config();
      table.row(
          node.name(),
          config.nativeTransport(),
          "http://" + config.listenAddress() + ":" + config.adminPort(),
          node.hasLeft()
              ? "has left"
              : node.process().map(process -> Long.toString(process.pid())).orElse("down"));
    }
    NodeConfig first = nodes.getFirst().config();
    return table
        + String.format(
            Locale.ROOT,
            "healthy in %.1f s: %d nodes, data centre %s%n",
            seconds,
            nodes.stream().filter(NodeDirectory::isMember).count(),
            first.datacenter())
        + "next: ./quorate shell · ./quorate nodetool status · ./quorate down\n";
  }
}
