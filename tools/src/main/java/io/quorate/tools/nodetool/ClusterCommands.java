package io.quorate.tools.nodetool;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nodetool cluster}: nodes that come and go. */
@Command(
    name = "cluster",
    mixinStandardHelpOptions = true,
    description = "Nodes that come and go: status, plan, commit, cancel, skip.")
final class ClusterCommands extends CommandGroup {
  @Command(description = "Which changes are under way, who is waited for, who fetches how much.")
  int status() {
    return nodetool().print(nodetool().watch().look(), OwnershipReports::status);
  }

  @Command(description = "Goes back to the owners before, as long as reads still ask them.")
  int cancel(
      @Parameters(
              arity = "0..1",
              paramLabel = "NUMBER|HOST_ID|ADDRESS",
              description = "which change, or that of which node, when there are several")
          @Nullable String change) {
    return nodetool()
        .act(
            "/v1/transition/cancel",
            change == null ? Map.of() : Map.of("change", change),
            answer -> "cancelled; 'nodetool cleanup' removes what was fetched\n");
  }

  @Command(description = "Does not wait for a node that is dead and will not come back.")
  int skip(
      @Parameters(paramLabel = "HOST_ID|ADDRESS") String dead,
      @Option(
              names = "--change",
              paramLabel = "NUMBER|HOST_ID|ADDRESS",
              description = "which one, when several wait for it")
          @Nullable String change) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("node", dead);
    if (change != null) {
      parameters.put("change", change);
    }
    return nodetool()
        .act("/v1/transition/skip", parameters, answer -> "not waiting for " + dead + "\n");
  }

  @Command(
      description = {
        "What a change would do: join, decommission, removenode, replace, move.",
        "A move is one of the node that is asked (-H); so is a decommission that names none."
      })
  int plan(
      @Parameters(index = "0", paramLabel = "KIND") String kind,
      @Parameters(arity = "0..*", index = "1..*", paramLabel = "HOST_ID|ADDRESS")
          @Nullable List<String> nodes,
      @Mixin Place place,
      @Option(names = "--force", description = "also when too few nodes stay for the replicas")
          boolean force,
      @Option(names = NodeTool.ACCEPT_DATA_LOSS, description = NodeTool.ACCEPTS_DATA_LOSS)
          boolean acceptDataLoss) {
    switch (kind) {
      case "join", "decommission" -> {}
      case "removenode", "replace" -> nodesGiven(nodes);
      case "move" -> noneGiven(kind, nodes);
      default -> throw misuse("KIND is join, decommission, removenode, replace or move");
    }
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("kind", kind);
    parameters.put("force", Boolean.toString(force));
    parameters.put("accept_data_loss", Boolean.toString(acceptDataLoss));
    if (nodes != null) {
      parameters.put("node", String.join(",", nodes));
    }
    place.addTo(parameters);
    return nodetool().show("/v1/transition/plan", parameters, OwnershipReports::plan);
  }

  @Command(description = "Does what 'plan' showed, and waits: decommission, removenode, move.")
  int commit(
      @Parameters(index = "0", paramLabel = "KIND") String kind,
      @Parameters(arity = "0..*", index = "1..*", paramLabel = "HOST_ID|ADDRESS")
          @Nullable List<String> nodes,
      @Mixin Place place,
      @Option(names = "--force", description = "also when too few nodes stay for the replicas")
          boolean force,
      @Option(names = NodeTool.ACCEPT_DATA_LOSS, description = NodeTool.ACCEPTS_DATA_LOSS)
          boolean acceptDataLoss,
      @Option(names = "--no-wait", description = "returns when it has begun") boolean noWait) {
    switch (kind) {
      case "decommission":
        noneGiven(kind, nodes);
        return nodetool().decommission(force, noWait);
      case "removenode":
        return nodetool().removenode(nodesGiven(nodes), force, acceptDataLoss, noWait);
      case "move":
        noneGiven(kind, nodes);
        Map<String, String> parameters = new LinkedHashMap<>();
        place.addTo(parameters);
        return nodetool().begin("/v1/move", parameters, noWait, "moved");
      case "join":
        throw new CommandLine.ParameterException(
            commandLine(),
            "a node joins when it is started, with a node of this cluster among its 'seeds'"
                + " (here: './quorate up --nodes N'); 'cluster status' shows how it goes");
      case "replace":
        throw new CommandLine.ParameterException(
            commandLine(),
            "a node takes the place of a dead one when it is started, with an empty data"
                + " directory and 'replace_node: ADDRESS' in its configuration; 'cluster status'"
                + " shows how it goes");
      default:
        throw misuse("KIND is decommission, removenode or move");
    }
  }

  private List<String> nodesGiven(@Nullable List<String> nodes) {
    if (nodes == null) {
      throw misuse("which nodes are dead?");
    }
    return nodes;
  }

  /** What changes the node that is asked must not seem to change another one. */
  private void noneGiven(String kind, @Nullable List<String> nodes) {
    if (nodes != null) {
      throw misuse(
          "'"
              + kind
              + "' is about the node that is asked: name it by 'nodetool -H HOST', not as "
              + String.join(" ", nodes));
    }
  }

  private CommandLine.ParameterException misuse(String message) {
    return new CommandLine.ParameterException(commandLine(), message);
  }

  /** Where a node moves to. */
  static final class Place {
    @Option(names = "--rack", description = "move: the rack to go to")
    private @Nullable String rack;

    @Option(
        names = "--weight",
        description = "move: how much it owns, where an ordinary node owns 1")
    private @Nullable Double weight;

    void addTo(Map<String, String> parameters) {
      if (rack != null) {
        parameters.put("rack", rack);
      }
      if (weight != null) {
        parameters.put("weight", Double.toString(weight));
      }
    }
  }
}
