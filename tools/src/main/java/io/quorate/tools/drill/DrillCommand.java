package io.quorate.tools.drill;

import com.fasterxml.jackson.jr.ob.JSON;
import io.quorate.client.ConnectionError;
import io.quorate.client.RequestError;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.Quorate;
import io.quorate.tools.TextTable;
import io.quorate.tools.cluster.LocalCluster;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quorate drill}. */
@Command(
    name = "drill",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Breaks a fresh cluster of three node processes under load, and measures what follows.",
      "leader-killed, cut, slow-node, rolling-restart, all-killed; all of them without a name."
          + " Prints the timeline, what requests felt, and which promises held; fails when one did"
          + " not. The cut needs root and the command 'ip'."
    })
public final class DrillCommand implements Callable<Integer> {
  private static final List<Drill> DRILLS =
      List.of(new LeaderKilled(), new Cut(), new SlowNode(), new RollingRestart(), new AllKilled());

  private enum Output {
    TABLE,
    JSON
  }

  @Parameters(
      arity = "0..1",
      paramLabel = "DRILL",
      description = "all or one of them (default: ${DEFAULT-VALUE})")
  private String wanted = "all";

  @Option(
      names = "--dir",
      description = "where the nodes' files are (default: a temporary directory, taken away)")
  private @Nullable Path dir;

  @Option(
      names = "--duration",
      paramLabel = "SECONDS",
      description = "how long a fault lasts at least (default: ${DEFAULT-VALUE})")
  private int durationSeconds = 5;

  @Option(
      names = "--rate",
      paramLabel = "N",
      description = "requests a second of a load (default: ${DEFAULT-VALUE})")
  private int rate = 200;

  @Option(
      names = "--address",
      description = "of the first node; the others count up (default: ${DEFAULT-VALUE})")
  private String address = "127.0.0.1";

  @Option(names = "--heap", description = "of each node (default: ${DEFAULT-VALUE})")
  private String heap = "512m";

  @Option(
      names = {"-o", "--output"},
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private Output output = Output.TABLE;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    List<Drill> drills = chosen();
    List<Report> reports = new ArrayList<>();
    for (Drill drill : drills) {
      reports.add(run(drill));
    }
    PrintWriter out = spec.commandLine().getOut();
    if (output == Output.JSON) {
      out.println(JSON.std.asString(reports.stream().map(Report::json).toList()));
    } else if (reports.size() > 1) {
      out.println();
      out.print(summary(reports));
    }
    out.flush();
    List<String> failed =
        reports.stream()
            .filter(report -> !report.broken().isEmpty())
            .map(report -> report.drill() + ": " + String.join(", ", report.broken()))
            .toList();
    if (!failed.isEmpty()) {
      throw new CommandFailed("did not hold: " + String.join(" | ", failed));
    }
    Report only = reports.getFirst();
    if (reports.size() == 1 && only.isSkipped()) {
      throw new CommandFailed("nothing was done: " + only.verdict());
    }
    return 0;
  }

  private List<Drill> chosen() {
    if (durationSeconds < 1 || rate < 1) {
      throw misuse("--duration and --rate take positive numbers");
    }
    if (wanted.equals("all")) {
      return DRILLS;
    }
    List<Drill> named = DRILLS.stream().filter(drill -> drill.name().equals(wanted)).toList();
    if (named.isEmpty()) {
      throw misuse(
          "there is no drill '"
              + wanted
              + "': all, "
              + String.join(", ", DRILLS.stream().map(Drill::name).toList()));
    }
    return named;
  }

  private ParameterException misuse(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private Report run(Drill drill) throws IOException {
    PrintWriter out =
        output == Output.JSON ? new PrintWriter(Writer.nullWriter()) : spec.commandLine().getOut();
    Report report = new Report(drill.name(), out);
    out.println();
    out.println(drill.name() + ": " + drill.title());
    String lacking = drill.needsNetwork() ? NodeNetwork.lacking() : null;
    if (lacking != null) {
      report.skip(lacking);
    } else {
      run(drill, report, out);
    }
    out.print(report.text());
    out.flush();
    return report;
  }

  private void run(Drill drill, Report report, PrintWriter out) throws IOException {
    Path directory =
        dir == null ? Files.createTempDirectory("quorate-drill") : dir.resolve(drill.name());
    if (Files.exists(directory.resolve("node1"))) {
      throw new CommandFailed(
          "there are nodes in " + directory + " already: a drill needs new ones");
    }
    NodeNetwork network = drill.needsNetwork() ? new NodeNetwork() : null;
    LocalCluster cluster =
        new LocalCluster(
            directory,
            heap,
            new PrintWriter(Writer.nullWriter()),
            node -> network == null ? List.of() : network.within(node));
    Runnable clear =
        () -> {
          cluster.kill(cluster.nodes());
          if (network != null) {
            network.close();
          }
        };
    Thread atExit = new Thread(clear, "end the drill");
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      if (network != null) {
        network.open();
      }
      String first = network == null ? address : network.address(1);
      Duration hold = Duration.ofSeconds(durationSeconds);
      try (Stage stage = new Stage(cluster, first, network, rate, hold, report)) {
        drill.run(stage);
      }
    } catch (CommandFailed | RequestError | ConnectionError e) {
      report.promise(
          false, String.format(Locale.ROOT, "it could not go on: %s", Quorate.describe(e)));
    } finally {
      clear.run();
      Runtime.getRuntime().removeShutdownHook(atExit);
      if (dir == null && report.broken().isEmpty()) {
        cluster.delete();
      } else {
        out.println("the nodes' files stay in " + directory);
      }
    }
  }

  private static String summary(List<Report> reports) {
    TextTable table = new TextTable("drill", "requests", "failed", "unknown", "lost", "verdict");
    for (Report report : reports) {
      table.row(
          report.drill(),
          report.total(Load.Figures::requests),
          report.total(Load.Figures::failed),
          report.total(Load.Figures::unknown),
          report.isSkipped() ? "" : report.lost(),
          report.isSkipped() ? "skipped" : report.broken().isEmpty() ? "held" : "BROKEN");
    }
    return table.toString();
  }
}
