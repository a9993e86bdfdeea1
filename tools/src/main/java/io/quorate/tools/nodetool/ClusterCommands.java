package io.quorate.tools.nodetool;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code nodetool cluster}: nodes that come and go. */
@Command(
    name = "cluster",
    mixinStandardHelpOptions = true,
    description = "Nodes that come and go: status, plan, cancel, skip.")
final class ClusterCommands implements Callable<Integer> {
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

  @Command(description = "Which change is under way, who is waited for, who fetches how much.")
  int status() {
    return nodetool().print(nodetool().watch().look(), OwnershipReports::status);
  }

  @Command(description = "Goes back to the owners before, as long as reads still ask them.")
  int cancel() {
    return nodetool()
        .act(
            "/v1/transition/cancel",
            Map.of(),
            answer -> "cancelled; 'nodetool cleanup' removes what was fetched\n");
  }

  @Command(description = "Does not wait for a node that is dead and will not come back.")
  int skip(@Parameters(paramLabel = "HOST_ID|ADDRESS") String dead) {
    return nodetool()
        .act(
            "/v1/transition/skip",
            Map.of("node", dead),
            answer -> "not waiting for " + dead + "\n");
  }

  @Command(description = "What a change would do: join, decommission, removenode, replace.")
  int plan(
      @Parameters(index = "0", paramLabel = "KIND") String kind,
      @Parameters(arity = "0..1", index = "1", paramLabel = "HOST_ID|ADDRESS")
          @Nullable String node,
      @Option(names = "--force", description = "also when too few nodes stay for the replicas")
          boolean force) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("kind", kind);
    parameters.put("force", Boolean.toString(force));
    if (node != null) {
      parameters.put("node", node);
    }
    return nodetool().show("/v1/transition/plan", parameters, OwnershipReports::plan);
  }
}
