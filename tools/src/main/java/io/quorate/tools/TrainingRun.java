package io.quorate.tools;

import io.quorate.environment.real.RealEnvironment;
import io.quorate.node.ConfigFile;
import io.quorate.node.Node;
import io.quorate.node.NodeConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What the launcher runs to make the startup cache (the JVM's AOT cache, JEP 483): three nodes in
 * this one process, a load on them, the commands that people use most, and one of the nodes once
 * more on what a kill would have left. The cache then has the classes linked that this loads.
 * Nothing listens but on free ports of the loopback address.
 */
public final class TrainingRun {
  private static final String ADDRESS = "127.0.0.1";
  private static final int NODES = 3;
  private static final int SHARDS = 2;
  private static final long HEAP_BYTES = 256L << 20;
  private static final long LIMIT_SECONDS = 60;

  /** For the load: each replica of each row is written on its own node, and read back. */
  private static final List<String> LOAD =
      List.of("--keys", "20000", "--replication", "3", "--consistency", "quorum", "--warmup", "0");

  private final Path directory;
  private final List<Integer> ports = new ArrayList<>();

  private TrainingRun(Path directory) throws IOException {
    this.directory = directory;
    List<ServerSocket> free = new ArrayList<>();
    for (int i = 0; i < NODES * 3; i++) {
      ServerSocket socket = new ServerSocket();
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      ports.add(socket.getLocalPort());
      free.add(socket);
    }
    for (ServerSocket socket : free) {
      socket.close();
    }
  }

  /**
   * Ends with code 0 when all of it went well.
   *
   * @param arguments a directory for the nodes, which the caller deletes afterwards
   */
  public static void main(String[] arguments) throws Exception {
    new TrainingRun(Path.of(arguments[0])).run();
    System.exit(0);
  }

  private void run() throws Exception {
    List<Life> lives = new ArrayList<>();
    for (int node = 0; node < NODES; node++) {
      lives.add(new Life(config(node, "data")));
    }
    for (Life life : lives) {
      life.awaitReady();
    }
    String cql = ADDRESS + ":" + cqlPort(0);
    bench("write", 2, cql);
    bench("read", 1, cql);
    command("shell", cql, "-e", "DESCRIBE KEYSPACES; SELECT * FROM system.local;");
    for (String question : List.of("status", "info", "tablestats", "ring", "compactionstats")) {
      command("nodetool", "-H", ADDRESS, "-p", Integer.toString(adminPort(0)), question);
    }
    copy(directory.resolve("node0/data"), directory.resolve("node0/killed"));
    lives.getFirst().end();
    lives.set(0, new Life(config(0, "killed")));
    lives.getFirst().awaitReady();
    for (Life life : lives) {
      life.end();
    }
  }

  private int internodePort(int node) {
    return ports.get(node * 3);
  }

  private int cqlPort(int node) {
    return ports.get(node * 3 + 1);
  }

  private int adminPort(int node) {
    return ports.get(node * 3 + 2);
  }

  private NodeConfig config(int node, String data) {
    List<String> seeds = new ArrayList<>();
    for (int seed = 0; seed < NODES; seed++) {
      seeds.add(ADDRESS + ":" + internodePort(seed));
    }
    String yaml =
        """
        listen_address: %s
        internode_port: %d
        native_transport_port: %d
        admin_port: %d
        seeds: %s
        data_directory: %s
        """
            .formatted(
                ADDRESS,
                internodePort(node),
                cqlPort(node),
                adminPort(node),
                String.join(",", seeds),
                data);
    Path home = directory.resolve("node" + node);
    return ConfigFile.parse("training", yaml, home, HEAP_BYTES, SHARDS);
  }

  private static void bench(String workload, int seconds, String host) {
    List<String> words = new ArrayList<>(List.of("bench", workload, "--host", host));
    words.addAll(List.of("--seconds", Integer.toString(seconds)));
    words.addAll(LOAD);
    command(words.toArray(String[]::new));
  }

  private static void command(String... words) {
    int code = Quorate.run(words);
    if (code != 0) {
      throw new CommandFailed(String.join(" ", words) + " ended with code " + code);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  /** One node from its start to its end. */
  private static final class Life implements Node.Listener {
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final RealEnvironment world;
    private final Node node;

    Life(NodeConfig config) throws IOException {
      Files.createDirectories(config.dataDirectory());
      world = new RealEnvironment(config.shards(), ready::completeExceptionally);
      node = new Node(world.environment(), config, this);
      node.start();
    }

    @Override
    public void ready() {
      ready.complete(null);
    }

    @Override
    public void failed(String why) {
      ready.completeExceptionally(new CommandFailed(why));
    }

    void awaitReady() throws Exception {
      ready.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    void end() throws Exception {
      CompletableFuture<Void> stopped = new CompletableFuture<>();
      node.stop(() -> stopped.complete(null));
      stopped.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      world.close();
    }
  }
}
