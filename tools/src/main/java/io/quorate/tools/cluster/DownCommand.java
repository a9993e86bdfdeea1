package io.quorate.tools.cluster;

import io.quorate.tools.CommandFailed;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quorate down}. */
@Command(
    name = "down",
    mixinStandardHelpOptions = true,
    description = "Stops the cluster that up has started. The data stay; up starts it again.")
public final class DownCommand implements Callable<Integer> {
  @Option(
      names = "--dir",
      description = "where the cluster's files are (default: ${DEFAULT-VALUE})")
  private Path dir = Path.of(".quorate");

  @Option(names = "--node", paramLabel = "N", description = "stop just this one")
  private @Nullable Integer only;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    LocalCluster cluster = new LocalCluster(dir, "", out);
    List<NodeDirectory> nodes =
        cluster.nodes().stream().filter(n -> only == null || n.number() == only).toList();
    if (nodes.isEmpty()) {
      throw new CommandFailed(
          "there is no " + (only == null ? "cluster" : "node" + only) + " in " + dir);
    }
    List<NodeDirectory> running = nodes.stream().filter(n -> n.process().isPresent()).toList();
    cluster.stop(running);
    out.println(
        running.isEmpty()
            ? "nothing was running"
            : "stopped " + String.join(", ", running.stream().map(NodeDirectory::name).toList()));
    out.flush();
    return 0;
  }
}
