package io.quorate.tools.cluster;

import io.quorate.environment.Endpoint;
import io.quorate.node.NodeConfig;
import io.quorate.tools.AdminClient;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.Json;
import io.quorate.tools.nodetool.OwnershipReports;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Node processes on this machine, as the directories of one cluster describe them. */
public final class LocalCluster {
  static final int DEFAULT_CQL_PORT = 9042;
  static final int DEFAULT_ADMIN_PORT = 7080;
  static final int DEFAULT_INTERNODE_PORT = 7000;

  private static final Duration STOP_LIMIT = Duration.ofSeconds(20);
  private static final Duration KILL_LIMIT = Duration.ofSeconds(5);
  private static final long POLL_MILLIS = 50;
  private static final long TELL_NANOS = 1_000_000_000L;

  private final Path directory;
  private final Path launcher;
  private final String heap;
  private final PrintWriter out;
  private final Function<NodeDirectory, List<String>> within;

  /**
   * @param directory under which each node has its own
   * @param heap of each node, as {@code -Xmx} takes it
   * @param out where progress is told
   */
  public LocalCluster(Path directory, String heap, PrintWriter out) {
    this(directory, heap, out, node -> List.of());
  }

  /**
   * @param within the words of a command that a node is started by, such as {@code ip netns exec}
   */
  public LocalCluster(
      Path directory, String heap, PrintWriter out, Function<NodeDirectory, List<String>> within) {
    this.within = within;
    this.directory = directory.toAbsolutePath().normalize();
    this.heap = heap;
    this.out = out;
    String home = System.getProperty("quorate.home");
    if (home == null) {
      throw new CommandFailed("run this by the launcher, ./quorate, which nodes are started with");
    }
    this.launcher = Path.of(home, "quorate");
  }

  public Path directory() {
    return directory;
  }

  /** The nodes that are there, in order. */
  public List<NodeDirectory> nodes() {
    return IntStream.iterate(1, number -> number + 1)
        .mapToObj(this::node)
        .takeWhile(NodeDirectory::exists)
        .toList();
  }

  public NodeDirectory node(int number) {
    return new NodeDirectory(directory, number);
  }

  /**
   * Writes the configurations of nodes that are not there yet. Where there is a cluster already
   * they have its seeds and voters: a node that comes later joins, and does not vote.
   */
  void create(ClusterLayout layout) {
    NodeConfig first = node(1).exists() ? node(1).config() : null;
    for (int number = 1; number <= layout.nodeCount(); number++) {
      if (!node(number).exists()) {
        node(number)
            .configure(
                first == null
                    ? layout.yaml(number)
                    : layout
                        .like(first)
                        .yaml(number, texts(first.seeds()), texts(first.metadataVoters())));
      }
    }
  }

  private static List<String> texts(List<Endpoint> endpoints) {
    return endpoints.stream().map(Endpoint::toString).toList();
  }

  /** Makes a cluster of one data centre with default ports and starts it. */
  public void startNew(int nodeCount, String firstAddress, Duration limit) {
    create(
        new ClusterLayout(
            List.of(nodeCount),
            firstAddress,
            DEFAULT_CQL_PORT,
            DEFAULT_ADMIN_PORT,
            DEFAULT_INTERNODE_PORT,
            Map.of()));
    start(nodes(), limit);
  }

  /**
   * Starts those of the nodes that are down and waits until each is ready and all that run see each
   * other.
   *
   * @param limit how long it may go on without a change of what is waited for
   * @throws CommandFailed with a node's own reason when it ends, or when time is up
   */
  public void start(List<NodeDirectory> wanted, Duration limit) {
    Map<NodeDirectory, ProcessHandle> processes = new LinkedHashMap<>();
    Map<NodeDirectory, Long> logStarts = new LinkedHashMap<>();
    for (NodeDirectory node : wanted) {
      Optional<ProcessHandle> running = node.process();
      if (running.isEmpty()) {
        logStarts.put(node, node.logLength());
      }
      processes.put(
          node,
          running.isPresent() ? running.get() : node.start(launcher, heap, within.apply(node)));
    }
    long deadline = System.nanoTime() + limit.toNanos();
    String waitingFor = "";
    long told = System.nanoTime();
    while (true) {
      for (Map.Entry<NodeDirectory, ProcessHandle> process : processes.entrySet()) {
        NodeDirectory node = process.getKey();
        Long logStart = logStarts.get(node);
        if (process.getValue().isAlive()) {
          continue;
        }
        if (logStart != null) {
          throw new CommandFailed(
              node.name()
                  + " ended: "
                  + node.lastWords(logStart)
                  + " (its log: "
                  + shown(node.log())
                  + ")");
        }
        // It was about to end when this began: a kill takes a moment.
        logStarts.put(node, node.logLength());
        process.setValue(node.start(launcher, heap, within.apply(node)));
      }
      String missing = missing(wanted);
      if (missing.isEmpty()) {
        return;
      }
      if (!missing.equals(waitingFor)) {
        if (System.nanoTime() - told > 0) {
          out.println("  waiting: " + missing);
          out.flush();
          told = System.nanoTime() + TELL_NANOS;
        }
        waitingFor = missing;
        deadline = System.nanoTime() + limit.toNanos(); // rows that have to come take their time
      }
      if (System.nanoTime() - deadline > 0) {
        throw new CommandFailed(
            "not healthy after "
                + limit.toSeconds()
                + " s: "
                + missing
                + " (logs: "
                + shown(directory)
                + "/node*/logs)");
      }
      pause();
    }
  }

  private static Path shown(Path path) {
    Path here = Path.of("").toAbsolutePath();
    return path.startsWith(here) ? here.relativize(path) : path;
  }

  /** What is not healthy yet; empty when all is. */
  private String missing(List<NodeDirectory> wanted) {
    List<NodeDirectory> running = nodes().stream().filter(NodeDirectory::isMember).toList();
    List<String> notReady =
        wanted.stream().filter(node -> !isReady(node)).map(NodeDirectory::name).toList();
    if (!notReady.isEmpty()) {
      return String.join(", ", notReady) + " to be ready" + joining();
    }
    List<String> blind = new ArrayList<>();
    for (NodeDirectory node : running) {
      long up = upCount(node);
      if (up < running.size()) {
        blind.add(node.name() + " sees " + up + " of " + running.size() + " up");
      }
    }
    return String.join(", ", blind);
  }

  /** What a node that joins does meanwhile; empty when none does. */
  private String joining() {
    return nodes().stream()
        .filter(NodeDirectory::isMember)
        .map(LocalCluster::fetching)
        .filter(text -> !text.isEmpty())
        .findFirst()
        .orElse("");
  }

  private static String fetching(NodeDirectory node) {
    try {
      Json fetching = node.admin().json("/v1/transition").at("fetching");
      return fetching.isNull() ? "" : " (" + OwnershipReports.pieces(fetching) + ")";
    } catch (CommandFailed notYet) {
      return "";
    }
  }

  private static boolean isReady(NodeDirectory node) {
    try {
      return node.admin().ask("GET", "/health/ready", Map.of()).isOk();
    } catch (CommandFailed notYet) {
      return false;
    }
  }

  private static long upCount(NodeDirectory node) {
    try {
      AdminClient admin = node.admin();
      return admin.json("/v1/status").at("nodes").elements().stream()
          .filter(seen -> seen.text("status").equals("UP"))
          .count();
    } catch (CommandFailed notYet) {
      return 0;
    }
  }

  /** Asks the nodes to stop, all at once, and kills what has not stopped in 20 s. */
  public void stop(List<NodeDirectory> wanted) {
    Map<NodeDirectory, ProcessHandle> stopping = new LinkedHashMap<>();
    for (NodeDirectory node : wanted) {
      node.process()
          .ifPresent(process -> {
            process.destroy();
            stopping.put(node, process);
          });
    }
    awaitEnd(stopping, STOP_LIMIT);
    stopping.forEach((node, process) -> {
      out.println("  " + node.name() + " did not stop in time; killing it");
      process.destroyForcibly();
    });
    awaitEnd(stopping, KILL_LIMIT);
    if (!stopping.isEmpty()) {
      throw new CommandFailed("still running: " + stopping.values());
    }
  }

  /** Ends a node as a power cut would: {@code kill -9}. */
  public void kill(NodeDirectory node) {
    kill(List.of(node));
  }

  /** Ends nodes as a power cut would, all at once. */
  public void kill(List<NodeDirectory> nodes) {
    Map<NodeDirectory, ProcessHandle> killed = new LinkedHashMap<>();
    for (NodeDirectory node : nodes) {
      node.process()
          .ifPresent(process -> {
            process.destroyForcibly();
            killed.put(node, process);
          });
    }
    awaitEnd(killed, KILL_LIMIT);
  }

  /** Waits, and leaves in the map what still runs. */
  private static void awaitEnd(Map<NodeDirectory, ProcessHandle> processes, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!processes.isEmpty() && System.nanoTime() - deadline < 0) {
      processes.values().removeIf(process -> !process.isAlive());
      if (!processes.isEmpty()) {
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailed("interrupted", e);
    }
  }

  /** Takes the directory away with all that is in it. */
  public void delete() {
    try (var files = Files.walk(directory)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new CommandFailed("cannot delete " + directory + ": " + e, e);
    }
  }
}
