package io.quorate.tools.cluster;

import io.quorate.node.ConfigFile;
import io.quorate.node.ConfigFile.ConfigException;
import io.quorate.node.NodeConfig;
import io.quorate.tools.AdminClient;
import io.quorate.tools.CommandFailed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One node's files and its process.
 *
 * <pre>
 *   quorate.yaml   its configuration
 *   pid            of the process that was started last
 *   data/          what it stores
 *   logs/          what it prints: quorate.log
 * </pre>
 */
public final class NodeDirectory {
  private static final Duration ADMIN_LIMIT = Duration.ofSeconds(2);
  private static final long CONFIG_CHECK_HEAP_BYTES = 512L << 20;

  private final int number;
  private final Path path;

  NodeDirectory(Path clusterDirectory, int number) {
    this.number = number;
    this.path = clusterDirectory.resolve("node" + number);
  }

  public int number() {
    return number;
  }

  public String name() {
    return "node" + number;
  }

  /** Where the node keeps what it stores. */
  public Path data() {
    return path.resolve("data");
  }

  Path yaml() {
    return path.resolve("quorate.yaml");
  }

  Path log() {
    return path.resolve("logs").resolve("quorate.log");
  }

  boolean exists() {
    return Files.exists(yaml());
  }

  /** Whether the node was taken out of its cluster: it does not start again on its data. */
  boolean hasLeft() {
    Path identity = data().resolve("identity");
    return Files.exists(identity) && read(identity).lines().anyMatch("state left"::equals);
  }

  /** Whether it runs and is of the cluster. */
  boolean isMember() {
    return process().isPresent() && !hasLeft();
  }

  /** Writes the configuration, when a node would take it. */
  void configure(String yaml) {
    try {
      ConfigFile.parse(yaml().toString(), yaml, path, CONFIG_CHECK_HEAP_BYTES, 1);
      Files.createDirectories(data());
      Files.createDirectories(log().getParent());
      Files.writeString(yaml(), yaml);
    } catch (ConfigException e) {
      throw new CommandFailed(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new CommandFailed("cannot write " + yaml() + ": " + e, e);
    }
  }

  /** Sets keys in the configuration that is there. */
  public void reconfigure(Map<String, String> overrides) {
    if (!overrides.isEmpty()) {
      configure(ClusterLayout.withOverrides(read(yaml()), overrides));
    }
  }

  public NodeConfig config() {
    try {
      return ConfigFile.parse(yaml().toString(), read(yaml()), path, CONFIG_CHECK_HEAP_BYTES, 1);
    } catch (ConfigException e) {
      throw new CommandFailed(String.valueOf(e.getMessage()), e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new CommandFailed("cannot read " + file + ": " + e, e);
    }
  }

  /** For questions that a node answers at once, if it answers at all. */
  public AdminClient admin() {
    return admin(ADMIN_LIMIT);
  }

  /** For requests that take a while, such as a drain. */
  public AdminClient admin(Duration answerLimit) {
    NodeConfig config = config();
    return new AdminClient(
        config.listenAddress(), config.adminPort(), Math.toIntExact(answerLimit.toMillis()));
  }

  /** The running process of this node. Another process that got its id since then is not it. */
  public Optional<ProcessHandle> process() {
    Path pidFile = path.resolve("pid");
    if (!Files.exists(pidFile)) {
      return Optional.empty();
    }
    try {
      return ProcessHandle.of(Long.parseLong(read(pidFile).strip())).filter(this::isThisNode);
    } catch (NumberFormatException e) {
      throw new CommandFailed(pidFile + " has no process id in it", e);
    }
  }

  private boolean isThisNode(ProcessHandle process) {
    String config = yaml().toAbsolutePath().normalize().toString();
    return process.isAlive()
        && process
            .info()
            .arguments()
            .map(arguments -> List.of(arguments).contains(config))
            // A system that hides arguments leaves only the pid to go by.
            .orElse(true);
  }

  /**
   * Starts the process, in a session of its own so that it outlives the command and its terminal.
   *
   * @param launcher the script that finds Java and the jars
   * @param within the words of a command that runs the rest of its line, such as {@code ip netns
   *     exec}; mostly none
   */
  ProcessHandle start(Path launcher, String heap, List<String> within) {
    String config = yaml().toAbsolutePath().normalize().toString();
    List<String> command = new ArrayList<>();
    command.add(detacher());
    command.addAll(within);
    command.addAll(List.of(launcher.toString(), "node", "--config", config));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("QUORATE_HEAP", heap);
    builder.directory(path.toFile());
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
    builder.redirectErrorStream(true);
    try {
      Files.createDirectories(log().getParent());
      Process process = builder.start();
      Files.writeString(path.resolve("pid"), process.pid() + "\n");
      return process.toHandle();
    } catch (IOException e) {
      throw new CommandFailed("cannot start " + name() + ": " + e.getMessage(), e);
    }
  }

  /** Stops the process as a long pause would ({@code true}), or lets it go on. */
  public void pause(boolean stopped) {
    ProcessHandle running =
        process().orElseThrow(() -> new CommandFailed(name() + " does not run"));
    try {
      new ProcessBuilder("kill", stopped ? "-STOP" : "-CONT", Long.toString(running.pid()))
          .inheritIO()
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new CommandFailed("cannot signal " + name() + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailed("interrupted", e);
    }
  }

  private static String detacher() {
    return Files.isExecutable(Path.of("/usr/bin/setsid")) ? "setsid" : "nohup";
  }

  long logLength() {
    try {
      return Files.exists(log()) ? Files.size(log()) : 0;
    } catch (IOException e) {
      throw new CommandFailed("cannot read " + log() + ": " + e, e);
    }
  }

  /** Why the process ended, as it said itself in its log after this position. */
  String lastWords(long from) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(log());
    } catch (IOException e) {
      return "its log cannot be read: " + e;
    }
    int start = (int) Math.min(from, bytes.length);
    return lastWords(new String(bytes, start, bytes.length - start, StandardCharsets.UTF_8));
  }

  /** The last line that is meant for the operator: neither a log record nor a stack frame. */
  static String lastWords(String log) {
    List<String> lines =
        log.lines().filter(line -> !line.isBlank() && !line.matches("\\s+at .*|\\t.*")).toList();
    return lines.reversed().stream()
        .filter(line -> !line.matches("(\\d{4}-\\d\\d-\\d\\d |\\d\\d:\\d\\d:\\d\\d).*|Caused by.*"))
        .findFirst()
        .orElse(lines.isEmpty() ? "it said nothing" : lines.getLast());
  }
}
