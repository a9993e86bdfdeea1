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
  private static final Path DEFAULT_DIRECTORY = Path.of(".quorate");

  @Option(names = "--nodes", paramLabel = "N", description = "how many nodes (default: 3)")
  private @Nullable Integer nodes;

  @Option(
      names = "--dir",
      description = "where the cluster's files are (default: ${DEFAULT-VALUE})")
  private Path dir = DEFAULT_DIRECTORY;

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
    out.print(summary(cluster.nodes(), dir, seconds));
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

  static String summary(List<NodeDirectory> nodes, Path directory, double seconds) {
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
    List<NodeDirectory> members = nodes.stream().filter(NodeDirectory::isMember).toList();
    List<String> datacenters =
        members.stream().map(node -> node.config().datacenter()).distinct().toList();
    return table
        + String.format(
            Locale.ROOT,
            "healthy in %.1f s: %d nodes, data centre%s %s%n",
            seconds,
            members.size(),
            datacenters.size() == 1 ? "" : "s",
            String.join(", ", datacenters))
        + next(members.isEmpty() ? nodes.getFirst() : members.getFirst(), directory);
  }

  /** What to do next, such that it can be copied: with whatever is not the default. */
  private static String next(NodeDirectory node, Path directory) {
    NodeConfig config = node.config();
    String host = config.listenAddress();
    boolean isFirst = host.equals("127.0.0.1");
    boolean isPort = config.nativeTransport().port() == LocalCluster.DEFAULT_CQL_PORT;
    boolean isAdminPort = config.adminPort() == LocalCluster.DEFAULT_ADMIN_PORT;
    String next =
        "next: ./quorate shell"
            + (isFirst && isPort ? "" : " " + config.nativeTransport())
            + " · ./quorate nodetool"
            + (isFirst ? "" : " -H " + host)
            + (isAdminPort ? "" : " -p " + config.adminPort())
            + " status · ./quorate down"
            + (directory.equals(DEFAULT_DIRECTORY) ? "" : " --dir " + directory);
    return (next.length() <= 80 ? next : next.replace(" · ", "\n      ")) + "\n";
  }
}
