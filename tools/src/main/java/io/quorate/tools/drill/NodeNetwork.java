package io.quorate.tools.drill;

import io.quorate.tools.CommandFailed;
import io.quorate.tools.cluster.NodeDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A network in which nodes can be cut from each other: a network namespace for each node, joined by
 * a bridge in one more, which this process reaches by an interface of its own.
 *
 * <pre>
 *   this process .254 ── bridge ┬─ node1 .1
 *                               ├─ node2 .2      198.18.N.0/24, which is kept for tests of networks
 *                               └─ node3 .3      (RFC 2544)
 * </pre>
 *
 * A cut is one-way: the sender takes a hardware address that nobody has for that of the receiver,
 * so what it sends is lost without a word, as behind a switch that fails. Linux only, as root.
 */
final class NodeNetwork implements AutoCloseable {
  private static final int NODES = 3;
  private static final String NOBODY = "02:00:00:00:00:01";
  private static final long COMMAND_SECONDS = 10;

  private final String prefix;
  private final String subnet;

  /** Why this machine cannot have such a network; null when it can. */
  static @Nullable String lacking() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return "it makes network namespaces, for which it has to be root";
    }
    String trial = "qd" + ProcessHandle.current().pid() + "t";
    String complaint = run("netns add " + trial);
    if (complaint != null) {
      return "it makes network namespaces, which 'ip' cannot do here: " + complaint;
    }
    complaint = run("-n " + trial + " link add trial type veth peer name lairt");
    run("netns del " + trial);
    return complaint == null ? null : "'ip' cannot make an interface here: " + complaint;
  }

  NodeNetwork() {
    long pid = ProcessHandle.current().pid();
    this.prefix = "qd" + pid;
    this.subnet = "198.18." + pid % 250 + ".";
  }

  /**
   * Makes it.
   *
   * @throws CommandFailed with what {@code ip} said
   */
  void open() {
    String bridge = prefix + "b";
    ip("netns add " + bridge);
    ip("-n " + bridge + " link add bridge type bridge");
    ip("-n " + bridge + " link set bridge up");
    for (int node = 1; node <= NODES; node++) {
      ip("netns add " + namespace(node));
      ip(
          "-n "
              + bridge
              + " link add port"
              + node
              + " type veth peer name eth0 netns "
              + namespace(node));
      attach("port" + node);
      ip("-n " + namespace(node) + " link set lo up");
      ip("-n " + namespace(node) + " addr add " + address(node) + "/24 dev eth0");
      ip("-n " + namespace(node) + " link set eth0 up");
    }
    ip("link add " + prefix + " type veth peer name here netns " + bridge);
    attach("here");
    ip("addr add " + subnet + "254/24 dev " + prefix);
    ip("link set " + prefix + " up");
  }

  private void attach(String port) {
    ip("-n " + prefix + "b link set " + port + " master bridge");
    ip("-n " + prefix + "b link set " + port + " up");
  }

  private String namespace(int node) {
    return prefix + "n" + node;
  }

  String address(int node) {
    return subnet + node;
  }

  /** The words before a command that runs where this node is. */
  List<String> within(NodeDirectory node) {
    return List.of("ip", "netns", "exec", namespace(node.number()));
  }

  /** From now on, nothing that one node sends reaches the other. */
  void cut(NodeDirectory from, NodeDirectory to) {
    ip(
        "-n "
            + namespace(from.number())
            + " neigh replace "
            + address(to.number())
            + " lladdr "
            + NOBODY
            + " dev eth0 nud permanent");
  }

  void cutBothWays(NodeDirectory one, List<NodeDirectory> others) {
    for (NodeDirectory other : others) {
      cut(one, other);
      cut(other, one);
    }
  }

  /** Ends all cuts. */
  void heal() {
    for (int node = 1; node <= NODES; node++) {
      ip("-n " + namespace(node) + " neigh flush nud permanent dev eth0");
    }
  }

  /** Takes it away, as much as there is of it. The nodes must have ended. */
  @Override
  public void close() {
    tryIp("link del " + prefix);
    for (int node = 1; node <= NODES; node++) {
      tryIp("netns del " + namespace(node));
    }
    tryIp("netns del " + prefix + "b");
  }

  private static void ip(String arguments) {
    String complaint = run(arguments);
    if (complaint != null) {
      throw new CommandFailed("ip " + arguments + ": " + complaint);
    }
  }

  /** What was not made is not there to be taken away, which is no fault. */
  private static void tryIp(String arguments) {
    run(arguments);
  }

  /** Runs {@code ip}; null when it did what was asked, or what it said. */
  private static @Nullable String run(String arguments) {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments.split(" ")));
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return "did not end";
      }
      return process.exitValue() == 0 ? null : said.strip();
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }
}
