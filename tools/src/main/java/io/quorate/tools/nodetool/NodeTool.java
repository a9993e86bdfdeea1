package io.quorate.tools.nodetool;

import io.quorate.tools.AdminClient;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.Json;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code quorate nodetool}: each command asks one node's admin interface once. */
@Command(
    name = "nodetool",
    mixinStandardHelpOptions = true,
    description = "Asks a node, and tells it to do things.",
    subcommands = {
      CommandLine.HelpCommand.class,
      NodeTool.Raft.class,
      TaskCommands.class,
      ClusterCommands.class,
      MetadataCommands.class
    })
public final class NodeTool implements Callable<Integer> {
  /** A flush of much data may take this long to answer. */
  private static final int ANSWER_MILLIS = 10 * 60 * 1_000;

  private enum Output {
    TABLE,
    JSON
  }

  @Option(
      names = {"-H", "--host"},
      scope = ScopeType.INHERIT,
      description = "the node to ask (default: ${DEFAULT-VALUE})")
  private String host = "127.0.0.1";

  @Option(
      names = {"-p", "--port"},
      scope = ScopeType.INHERIT,
      description = "its admin port (default: ${DEFAULT-VALUE})")
  private int port = 7080;

  @Option(
      names = {"-o", "--output"},
      scope = ScopeType.INHERIT,
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private Output output = Output.TABLE;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return CommandLine.ExitCode.USAGE;
  }

  AdminClient node() {
    return new AdminClient(host, port, ANSWER_MILLIS);
  }

  int show(String path, Map<String, String> parameters, Function<Json, String> report) {
    AdminClient node = node();
    return print(node, node.get(path, parameters), report);
  }

  int act(String path, Map<String, String> parameters, Function<Json, String> report) {
    AdminClient node = node();
    return print(node, node.post(path, parameters), report);
  }

  private int print(AdminClient node, String body, Function<Json, String> report) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(output == Output.JSON ? body : report.apply(node.parsed(body)));
    out.flush();
    return 0;
  }

  /** Begins work on tables, waits until it is over, and fails when some of it did. */
  private int work(String path, String done, @Nullable String keyspace, @Nullable String table) {
    AdminClient node = node();
    Map<String, String> parameters = given(keyspace, table, null);
    parameters.put("wait", "false");
    Json begun = node.parsed(node.post(path, parameters));
    List<Long> ids =
        begun.at("tasks").elements().stream().map(id -> Long.parseLong(id.text())).toList();
    List<Json> tasks = new TaskWatch(node, spec.commandLine().getErr()).untilOver(ids);
    PrintWriter out = spec.commandLine().getOut();
    if (output == Output.JSON) {
      return showTasks(tasks);
    }
    tasks.stream()
        .filter(task -> !task.at("outcome").isNull())
        .forEach(task -> out.println(task.text("what") + ": " + task.text("outcome")));
    long failed = tasks.stream().filter(task -> !task.text("state").equals("DONE")).count();
    if (failed > 0) {
      out.flush();
      throw new CommandFailed(failed + " of " + tasks.size() + " tasks did not succeed");
    }
    out.print(tables(done, begun));
    out.flush();
    return 0;
  }

  /** Prints tasks; the command fails when one of them did. */
  int showTasks(List<Json> tasks) {
    List<@Nullable Object> values = new ArrayList<>();
    tasks.forEach(task -> values.add(task.value()));
    Json all = new Json(values);
    PrintWriter out = spec.commandLine().getOut();
    out.print(output == Output.JSON ? all.write() + "\n" : Reports.tasks(all));
    out.flush();
    boolean done = tasks.stream().allMatch(task -> task.text("state").equals("DONE"));
    return done ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private static Map<String, String> given(
      @Nullable String keyspace, @Nullable String table, @Nullable String key) {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (keyspace != null) {
      parameters.put("keyspace", keyspace);
    }
    if (table != null) {
      parameters.put("table", table);
    }
    if (key != null) {
      parameters.put("key", key);
    }
    return parameters;
  }

  @Command(description = "The nodes: which are up, how much they hold and own.")
  int status() {
    return show("/v1/status", Map.of(), Reports::status);
  }

  @Command(description = "The token ring; with a keyspace, the replicas of each range.")
  int ring(@Parameters(arity = "0..1", paramLabel = "KEYSPACE") @Nullable String keyspace) {
    return show("/v1/ring", given(keyspace, null, null), Reports::ring);
  }

  @Command(description = "This node: version, memory, hints, repairs.")
  int info() {
    return show("/v1/info", Map.of(), Reports::info);
  }

  @Command(description = "The cluster: name, schema versions, keyspaces.")
  int describecluster() {
    return show("/v1/describecluster", Map.of(), Reports::describeCluster);
  }

  @Command(description = "What this node knows of the others by gossip.")
  int gossipinfo() {
    return show("/v1/gossip", Map.of(), Reports::gossip);
  }

  @Command(description = "Writes memtables to disk: all, a keyspace's or a table's.")
  int flush(
      @Parameters(arity = "0..1", index = "0", paramLabel = "KEYSPACE") @Nullable String keyspace,
      @Parameters(arity = "0..1", index = "1", paramLabel = "TABLE") @Nullable String table) {
    return act("/v1/flush", given(keyspace, table, null), answer -> tables("flushed", answer));
  }

  @Command(description = "Compacts tables: all, a keyspace's or one.")
  int compact(
      @Parameters(arity = "0..1", index = "0", paramLabel = "KEYSPACE") @Nullable String keyspace,
      @Parameters(arity = "0..1", index = "1", paramLabel = "TABLE") @Nullable String table) {
    return work("/v1/compact", "compacted", keyspace, table);
  }

  @Command(description = "Leaves out rows that this node does not own.")
  int cleanup(
      @Parameters(arity = "0..1", index = "0", paramLabel = "KEYSPACE") @Nullable String keyspace,
      @Parameters(arity = "0..1", index = "1", paramLabel = "TABLE") @Nullable String table) {
    return work("/v1/cleanup", "cleaned", keyspace, table);
  }

  @Command(description = "Checks every block on disk; puts damaged files aside.")
  int verify(
      @Parameters(arity = "0..1", index = "0", paramLabel = "KEYSPACE") @Nullable String keyspace,
      @Parameters(arity = "0..1", index = "1", paramLabel = "TABLE") @Nullable String table) {
    return work("/v1/verify", "verified", keyspace, table);
  }

  @Command(description = "Brings back what can be read of damaged files.")
  int scrub(
      @Parameters(arity = "0..1", index = "0", paramLabel = "KEYSPACE") @Nullable String keyspace,
      @Parameters(arity = "0..1", index = "1", paramLabel = "TABLE") @Nullable String table) {
    return work("/v1/scrub", "scrubbed", keyspace, table);
  }

  @Command(description = "Rewrites files of an older format or of other settings.")
  int upgradesstables(
      @Parameters(arity = "0..1", index = "0", paramLabel = "KEYSPACE") @Nullable String keyspace,
      @Parameters(arity = "0..1", index = "1", paramLabel = "TABLE") @Nullable String table) {
    return work("/v1/upgradesstables", "upgraded", keyspace, table);
  }

  @Command(description = "Compactions that run and wait, and what they have done.")
  int compactionstats() {
    return show("/v1/compactionstats", Map.of(), Reports::compactionStats);
  }

  @Command(description = "How much compaction may read a second, until the node restarts.")
  int setcompactionthroughput(
      @Parameters(paramLabel = "MIB_PER_SECOND", description = "0 is without limit") long mib) {
    return act(
        "/v1/compactionthroughput",
        Map.of("mib", Long.toString(mib)),
        answer -> "compaction throughput: " + Reports.throughput(answer) + "\n");
  }

  private static String tables(String done, Json answer) {
    long tables = answer.number("tables");
    return done + " " + tables + (tables == 1 ? " table\n" : " tables\n");
  }

  @Command(description = "Size and state of tables: all, a keyspace's or one.")
  int tablestats(
      @Parameters(arity = "0..1", index = "0", paramLabel = "KEYSPACE") @Nullable String keyspace,
      @Parameters(arity = "0..1", index = "1", paramLabel = "TABLE") @Nullable String table) {
    return show("/v1/tables", given(keyspace, table, null), Reports::tableStats);
  }

  @Command(description = "The replicas of a partition key; ':' between the components of a key.")
  int getendpoints(
      @Parameters(index = "0", paramLabel = "KEYSPACE") String keyspace,
      @Parameters(index = "1", paramLabel = "TABLE") String table,
      @Parameters(index = "2", paramLabel = "KEY") String key) {
    return show("/v1/endpoints", given(keyspace, table, key), Reports::endpoints);
  }

  @Command(description = "Takes no new requests, finishes those under way and flushes.")
  int drain() {
    return act("/v1/drain", Map.of(), answer -> "drained\n");
  }

  @Command(description = "What this node is doing in the cluster, and the rows that it fetches.")
  int netstats() {
    return show("/v1/transition", Map.of(), OwnershipReports::netStats);
  }

  @Command(description = "The node leaves the cluster: its rows go to the others first.")
  int decommission(
      @Option(names = "--force", description = "also when too few nodes stay for the replicas")
          boolean force,
      @Option(names = "--no-wait", description = "returns when it has begun") boolean noWait) {
    AdminClient node = node();
    Json begun =
        node.parsed(node.post("/v1/decommission", Map.of("force", Boolean.toString(force))));
    return begun(begun, noWait, "decommissioned: it can be stopped");
  }

  @Command(
      description = {
        "Fetches what this node owns from another data centre.",
        "To be run at each node of a data centre that was added to the replication of keyspaces."
      })
  int rebuild(
      @Parameters(index = "0", paramLabel = "SOURCE_DC") String source,
      @Parameters(arity = "0..1", index = "1", paramLabel = "KEYSPACE") @Nullable String keyspace) {
    AdminClient node = node();
    Map<String, String> parameters = given(keyspace, null, null);
    parameters.put("source", source);
    Json begun = node.parsed(node.post("/v1/rebuild", parameters));
    List<Long> ids =
        begun.at("tasks").elements().stream().map(id -> Long.parseLong(id.text())).toList();
    return showTasks(new TaskWatch(node, spec.commandLine().getErr()).untilOver(ids));
  }

  @Command(
      description = {
        "Takes dead nodes out: the others copy their rows among themselves.",
        "All that are dead have to be named at once: no change waits for those it takes out."
      })
  int removenode(
      @Parameters(arity = "1..*", paramLabel = "HOST_ID|ADDRESS") List<String> gone,
      @Option(names = "--force", description = "also when too few nodes stay for the replicas")
          boolean force,
      @Option(names = ACCEPT_DATA_LOSS, description = ACCEPTS_DATA_LOSS) boolean acceptDataLoss,
      @Option(names = "--no-wait", description = "returns when it has begun") boolean noWait) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("node", String.join(",", gone));
    parameters.put("force", Boolean.toString(force));
    parameters.put("accept_data_loss", Boolean.toString(acceptDataLoss));
    return begin("/v1/removenode", parameters, noWait, "removed " + String.join(", ", gone));
  }

  static final String ACCEPT_DATA_LOSS = "--accept-data-loss";
  static final String ACCEPTS_DATA_LOSS =
      "removenode: also when so many replicas of rows are dead that what was acknowledged at QUORUM"
          + " may be lost";

  /** Begins a change of ownership. */
  int begin(String path, Map<String, String> parameters, boolean noWait, String done) {
    AdminClient node = node();
    return begun(node.parsed(node.post(path, parameters)), noWait, done);
  }

  private int begun(Json begun, boolean noWait, String done) {
    PrintWriter out = spec.commandLine().getOut();
    TransitionWatch watch = watch();
    Json last = noWait ? begun : watch.untilOver(begun);
    out.print(
        output == Output.JSON
            ? last.write() + "\n"
            : (noWait ? "it has begun: 'nodetool cluster status' shows how far it is" : done)
                + "\n");
    out.flush();
    return CommandLine.ExitCode.OK;
  }

  TransitionWatch watch() {
    return new TransitionWatch(node(), port, spec.commandLine().getErr());
  }

  int print(Json answer, Function<Json, String> report) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(output == Output.JSON ? answer.write() + "\n" : report.apply(answer));
    out.flush();
    return CommandLine.ExitCode.OK;
  }

  @Command(description = "Keeps tables as they are now, by hard links.")
  int snapshot(
      @Option(
              names = {"-t", "--tag"},
              paramLabel = "NAME",
              description = "its name (default: the time)")
          @Nullable String tag,
      @Option(names = "--series", description = "which of its kind it replaces, as with --keep")
          @Nullable String series,
      @Option(names = "--keep", description = "how many of the series stay; older ones are cleared")
          int keep,
      @Option(names = "--ttl", description = "seconds after which it is cleared by itself")
          long ttl,
      @Parameters(arity = "0..1", paramLabel = "KEYSPACE[.TABLE]") @Nullable String tables) {
    Map<String, String> parameters = tables(tables);
    parameters.put(
        "name",
        tag != null
            ? tag
            : DateTimeFormatter.ofPattern("uuuuMMdd-HHmmss", Locale.ROOT)
                .format(LocalDateTime.now(ZoneId.systemDefault())));
    if (series != null) {
      parameters.put("series", series);
    }
    parameters.put("keep", Integer.toString(keep));
    parameters.put("ttl_seconds", Long.toString(ttl));
    return act("/v1/snapshot", parameters, SnapshotReports::made);
  }

  /** A keyspace, or a table of one with a dot between; all when null. */
  private static Map<String, String> tables(@Nullable String text) {
    int dot = text == null ? -1 : text.indexOf('.');
    return text == null || dot < 0
        ? given(text, null, null)
        : given(text.substring(0, dot), text.substring(dot + 1), null);
  }

  @Command(description = "The snapshots of the node.")
  int listsnapshots() {
    return show("/v1/snapshots", Map.of(), SnapshotReports::list);
  }

  @Command(description = "Removes a snapshot.")
  int clearsnapshot(@Parameters(paramLabel = "NAME") String name) {
    return act(
        "/v1/snapshots/clear",
        Map.of("name", name),
        answer -> "cleared snapshot " + answer.text("snapshot") + "\n");
  }

  @Command(description = "Compares each file of a snapshot with its checksum.")
  int verifysnapshot(@Parameters(paramLabel = "NAME") String name) {
    Json verified =
        snapshotWork(
            "/v1/snapshots/verify",
            new LinkedHashMap<>(Map.of("name", name)),
            SnapshotReports::verified);
    return verified.at("problems").elements().isEmpty()
        ? CommandLine.ExitCode.OK
        : CommandLine.ExitCode.SOFTWARE;
  }

  /** Begins long work on a snapshot, waits until it is over, and prints what came of it. */
  private Json snapshotWork(
      String path, Map<String, String> parameters, Function<Json, String> report) {
    AdminClient node = node();
    parameters.put("wait", "false");
    Json begun = node.parsed(node.post(path, parameters));
    List<Long> ids =
        begun.at("tasks").elements().stream().map(id -> Long.parseLong(id.text())).toList();
    Json task = new TaskWatch(node, spec.commandLine().getErr()).untilOver(ids).getFirst();
    if (!task.text("state").equals("DONE")) {
      throw new CommandFailed(task.text("outcome"));
    }
    Json result = task.at("result");
    PrintWriter out = spec.commandLine().getOut();
    out.print(output == Output.JSON ? result.write() + "\n" : report.apply(result));
    out.flush();
    return result;
  }

  @Command(description = "Copies a snapshot to a directory of the node's machine.")
  int export(
      @Parameters(index = "0", paramLabel = "SNAPSHOT") String name,
      @Parameters(index = "1", paramLabel = "DIR") Path directory,
      @Option(
              names = "--since",
              paramLabel = "SNAPSHOT",
              description = "one that is in DIR: its files are not read again")
          @Nullable String since) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("name", name);
    parameters.put("directory", directory.toAbsolutePath().toString());
    if (since != null) {
      parameters.put("since", since);
    }
    snapshotWork("/v1/snapshots/export", parameters, SnapshotReports::exported);
    return CommandLine.ExitCode.OK;
  }

  @Command(
      name = "import",
      description =
          "Brings in what the node owns of an exported snapshot: of all nodes' exports in DIR.")
  int importSnapshot(
      @Parameters(index = "0", paramLabel = "DIR") Path directory,
      @Parameters(index = "1", paramLabel = "SNAPSHOT") String name,
      @Parameters(arity = "0..1", index = "2", paramLabel = "KEYSPACE[.TABLE]")
          @Nullable String tables) {
    Map<String, String> parameters = tables(tables);
    parameters.put("name", name);
    parameters.put("directory", directory.toAbsolutePath().toString());
    snapshotWork("/v1/snapshots/import", parameters, SnapshotReports::imported);
    return CommandLine.ExitCode.OK;
  }

  /** {@code nodetool raft}: the metadata ring. */
  @Command(
      name = "raft",
      mixinStandardHelpOptions = true,
      description = "The metadata ring: status, transfer.")
  static final class Raft implements Callable<Integer> {
    @CommandLine.ParentCommand private @Nullable NodeTool parent;
    @Spec private CommandSpec spec = CommandSpec.create();

    private NodeTool nodetool() {
      return Objects.requireNonNull(parent);
    }

    @Override
    public Integer call() {
      spec.commandLine().usage(spec.commandLine().getErr());
      return CommandLine.ExitCode.USAGE;
    }

    @Command(description = "Leader, term, log; who votes, who follows, how far each is.")
    int status() {
      return nodetool().show("/v1/raft", Map.of(), MetadataReports::raft);
    }

    @Command(description = "Hands leadership to a voter; ask the leader for it.")
    int transfer(@Parameters(paramLabel = "HOST:PORT") String to) {
      return nodetool()
          .act(
              "/v1/raft/transfer",
              Map.of("to", to),
              answer -> "handing leadership to " + answer.text("transferring_to") + "\n");
    }
  }
}
