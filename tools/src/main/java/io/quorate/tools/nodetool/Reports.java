package io.quorate.tools.nodetool;

import io.quorate.tools.Amounts;
import io.quorate.tools.Json;
import io.quorate.tools.TextTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** What a node's admin interface answers, as text for people. */
final class Reports {
  private Reports() {}

  static String status(Json status) {
    Map<String, TextTable> datacenters = new TreeMap<>();
    long up = 0;
    List<Json> nodes = status.at("nodes").elements();
    for (Json node : byAddress(nodes)) {
      up += node.text("status").equals("UP") ? 1 : 0;
      datacenters
          .computeIfAbsent(
              node.text("datacenter"),
              d -> new TextTable("--", "Address", "Load", "Owns", "Host ID", "Rack"))
          .row(
              letters(node),
              host(node.text("native_address")),
              Amounts.bytes(node.number("load_bytes")),
              node.text("role").equals("witness") ? "witness" : Amounts.percent(node.real("owns")),
              node.text("host_id"),
              node.text("rack"));
    }
    StringBuilder out = new StringBuilder();
    datacenters.forEach((name, table) -> {
      String title = "Datacenter: " + name;
      out.append(title).append('\n').append("=".repeat(title.length())).append('\n');
      out.append("Status=Up/Down |/ State=Normal/Leaving/Joining\n");
      out.append(table).append('\n');
    });
    String leader = status.text("metadata_leader");
    return out.append(up + " of " + nodes.size() + " nodes up · metadata epoch ")
        .append(status.text("epoch"))
        .append(leader.isEmpty() ? ", no leader" : ", leader " + leader)
        .append('\n')
        .append(ownState(status))
        .append(ownProblems(status))
        .toString();
  }

  private static String ownState(Json status) {
    String state = status.text("node_state");
    return state.isEmpty() || state.equals("NORMAL")
        ? ""
        : "the node that was asked is " + state + "\n";
  }

  /** What is wrong with the node that was asked; it does not know it of the others. */
  private static String ownProblems(Json status) {
    List<Json> problems = status.at("problems").elements();
    return problems.isEmpty() ? "" : "the node that was asked is not well:\n" + problems(problems);
  }

  /** {@code UN}: up and normal. */
  private static String letters(Json node) {
    String state =
        switch (node.text("state")) {
          case "RUNNING" -> "N";
          case "JOINING" -> "J";
          case "LEAVING", "DRAINING", "SHUTDOWN" -> "L";
          case "MOVING" -> "M";
          default -> "?";
        };
    return (node.text("status").equals("UP") ? "U" : "D") + state;
  }

  /** In the order of the numbers in their addresses: 127.0.0.2 before 127.0.0.10. */
  private static List<Json> byAddress(List<Json> nodes) {
    return nodes.stream()
        .sorted(Comparator.comparing(node -> padded(node.text("native_address"))))
        .toList();
  }

  private static String padded(String address) {
    return Pattern.compile("\\d+")
        .matcher(address)
        .replaceAll(
            digits -> "0".repeat(Math.max(0, 5 - digits.group().length())) + digits.group());
  }

  static String host(String endpoint) {
    int colon = endpoint.lastIndexOf(':');
    return colon < 0 ? endpoint : endpoint.substring(0, colon);
  }

  static String ring(Json ring) {
    boolean hasReplicas = ring.elements().stream().anyMatch(t -> !t.at("replicas").isNull());
    TextTable table =
        hasReplicas
            ? new TextTable("Token", "Address", "Status", "State", "Replicas")
            : new TextTable("Token", "Address", "Status", "State", "Datacenter", "Rack");
    for (Json token : ring.elements()) {
      if (hasReplicas) {
        List<String> replicas = new ArrayList<>();
        token.at("replicas").elements().forEach(replica -> replicas.add(host(replica.text())));
        table.row(
            token.text("token"),
            host(token.text("address")),
            token.text("status"),
            ringState(token),
            String.join(" ", replicas));
      } else {
        table.row(
            token.text("token"),
            host(token.text("address")),
            token.text("status"),
            ringState(token),
            token.text("datacenter"),
            token.text("rack"));
      }
    }
    return table.toString();
  }

  private static String ringState(Json token) {
    return switch (token.text("state")) {
      case "JOINING" -> "Joining";
      case "LEAVING" -> "Leaving";
      case "MOVING" -> "Moving";
      default -> "Normal";
    };
  }

  static String info(Json info) {
    Lines lines = new Lines();
    lines.add("Host ID", info.text("host_id"));
    lines.add("State", info.text("state"));
    lines.add(
        "Version",
        "Quorate " + info.text("version") + ", as Cassandra " + info.text("release_version"));
    lines.add("Data centre", info.text("datacenter") + ", rack " + info.text("rack"));
    lines.add("Uptime", Amounts.duration(info.number("uptime_seconds")));
    lines.add("Generation", info.text("generation"));
    lines.add(
        "Heap",
        Amounts.bytes(info.number("heap_used_bytes"))
            + " of "
            + Amounts.bytes(info.number("heap_max_bytes")));
    lines.add("Block cache", Amounts.bytes(info.number("block_cache_bytes")));
    lines.add("Shards", info.text("shards"));
    lines.add("Clients", info.text("connections"));
    lines.add("Metadata epoch", info.text("epoch"));
    lines.add("Replayed mutations", Amounts.count(info.number("replayed_mutations")));
    lines.add("Digest mismatches", Amounts.count(info.number("digest_mismatches")));
    lines.add("Read repairs", Amounts.count(info.number("read_repairs")));
    Json hints = info.at("hints");
    lines.add(
        "Hints",
        String.format(
            Locale.ROOT,
            "%d pending, %d stored, %d delivered, %d refused, %d expired",
            hints.number("pending"),
            hints.number("stored"),
            hints.number("delivered"),
            hints.number("refused"),
            hints.number("expired")));
    lines.add(
        "Data disk",
        Amounts.bytes(info.number("disk_usable_bytes"))
            + " free of "
            + Amounts.bytes(info.number("disk_total_bytes")));
    List<Json> problems = info.at("problems").elements();
    lines.add("Health", problems.isEmpty() ? "no problems" : "NOT WELL");
    return lines + problems(problems);
  }

  private static String problems(List<Json> problems) {
    StringBuilder out = new StringBuilder();
    problems.forEach(problem -> out.append("  ").append(problem.text()).append('\n'));
    return out.toString();
  }

  static String describeCluster(Json cluster) {
    Lines lines = new Lines();
    lines.add("Name", cluster.text("name"));
    lines.add("Partitioner", cluster.text("partitioner"));
    lines.add("Metadata epoch", cluster.text("epoch"));
    cluster.at("transitions").elements().forEach(each -> lines.add("Ownership", each.text()));
    List<String> features = cluster.at("features").elements().stream().map(Json::text).toList();
    lines.add("Features", features.isEmpty() ? "none" : String.join(", ", features));
    cluster
        .at("features_to_come")
        .fields()
        .forEach((feature, lacking) ->
            lines.add(
                "Not yet",
                feature
                    + ": unknown to "
                    + String.join(
                        ", ", lacking.elements().stream().map(n -> host(n.text())).toList())));
    StringBuilder out = new StringBuilder(lines.toString());
    out.append("Schema versions\n");
    cluster
        .at("schema_versions")
        .fields()
        .forEach((version, nodes) -> {
          out.append("  ").append(version).append(": ");
          out.append(
              String.join(
                  ", ", nodes.elements().stream().map(n -> host(n.text())).sorted().toList()));
          out.append('\n');
        });
    out.append("Keyspaces\n");
    cluster
        .at("keyspaces")
        .fields()
        .forEach((name, replication) -> {
          List<String> options = new ArrayList<>();
          replication.fields().forEach((key, value) -> options.add(key + " " + value.text()));
          out.append("  ")
              .append(name)
              .append(": ")
              .append(String.join(", ", options))
              .append('\n');
        });
    return out.toString();
  }

  static String gossip(Json members) {
    StringBuilder out = new StringBuilder();
    for (Json member : members.elements()) {
      out.append(member.text("address").isEmpty() ? "(unknown address)" : member.text("address"));
      out.append(member.bool("alive") ? "  UP\n" : "  DOWN\n");
      Lines lines = new Lines();
      lines.add("  host_id", member.text("host_id"));
      lines.add("  generation", member.text("generation"));
      lines.add("  heartbeat", member.text("heartbeat"));
      lines.add("  phi", String.format(Locale.ROOT, "%.2f", member.real("phi")));
      out.append(lines);
      member
          .at("attributes")
          .elements()
          .forEach(a -> out.append("  ").append(a.text()).append('\n'));
    }
    return out.toString();
  }

  static String tableStats(Json tables) {
    if (tables.elements().isEmpty()) {
      return "there are no tables\n";
    }
    TextTable text =
        new TextTable("Table", "Memtable", "SSTables", "Disk", "Partitions", "Tombst.", "To do");
    List<String> quarantined = new ArrayList<>();
    for (Json table : tables.elements()) {
      String name = table.text("keyspace") + "." + table.text("table");
      text.row(
          name,
          Amounts.bytes(table.number("memtable_bytes")),
          table.number("sstables"),
          Amounts.bytes(table.number("disk_bytes")),
          "~" + table.number("estimated_partitions"),
          table.number("tombstones"),
          table.number("pending_compactions"));
      if (table.number("quarantined") > 0) {
        quarantined.add(name + ": " + table.number("quarantined") + " corrupt files set aside\n");
      }
    }
    return text + String.join("", quarantined);
  }

  static String tasks(Json tasks) {
    if (tasks.elements().isEmpty()) {
      return "there are no tasks\n";
    }
    TextTable text = new TextTable("ID", "Kind", "Table", "State", "Done", "Size");
    List<String> outcomes = new ArrayList<>();
    for (Json task : tasks.elements()) {
      // What comes from other nodes has no size before all of it is here.
      long done = task.number("done_bytes");
      boolean isSizeKnown =
          task.number("total_bytes") > 0 || done == 0 || task.text("state").equals("DONE");
      long total = Math.max(task.number("total_bytes"), done);
      text.row(
          task.number("id"),
          task.text("kind"),
          task.text("what"),
          task.text("state"),
          isSizeKnown ? progress(task, total) : Amounts.bytes(done),
          isSizeKnown ? Amounts.bytes(total) : "");
      if (!task.at("outcome").isNull()) {
        outcomes.add(task.text("id") + ": " + task.text("outcome") + "\n");
      }
    }
    return text + String.join("", outcomes);
  }

  /**
   * The sizes are those on disk, which blocks do not fill to the last byte: what is done is done.
   */
  private static String progress(Json task, long total) {
    if (task.text("state").equals("DONE")) {
      return Amounts.percent(1);
    }
    return total == 0 ? "" : Amounts.percent((double) task.number("done_bytes") / total);
  }

  static String compactionStats(Json stats) {
    Lines lines = new Lines();
    lines.add("Pending", stats.text("pending"));
    lines.add("Running", stats.text("running"));
    lines.add("Completed", Amounts.count(stats.number("completed")));
    lines.add("Failed", Amounts.count(stats.number("failed")));
    lines.add("Read", Amounts.bytes(stats.number("read_bytes")));
    lines.add("Written", Amounts.bytes(stats.number("written_bytes")));
    lines.add("Throughput", throughput(stats));
    Json tasks = stats.at("tasks");
    return lines + (tasks.elements().isEmpty() ? "" : "\n" + tasks(tasks));
  }

  static String throughput(Json answer) {
    long bytes = answer.number("throughput_bytes_per_second");
    return bytes == 0 ? "no limit" : Amounts.bytes(bytes) + "/s";
  }

  static String endpoints(Json answer) {
    StringBuilder out = new StringBuilder();
    answer.at("replicas").elements().forEach(r -> out.append(host(r.text())).append('\n'));
    return out.toString();
  }

  /** Names and values, the values below each other. */
  static final class Lines {
    private static final int NAME_WIDTH = 20;

    private final StringBuilder text = new StringBuilder();

    void add(String name, String value) {
      String padding = " ".repeat(Math.max(1, NAME_WIDTH - name.length()));
      text.append(name).append(padding).append(value).append('\n');
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }
}
