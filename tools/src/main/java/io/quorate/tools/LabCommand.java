package io.quorate.tools;

import com.fasterxml.jackson.jr.ob.JSON;
import io.quorate.simulation.Lab;
import io.quorate.simulation.LabReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quorate lab}. */
@Command(
    name = "lab",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Shows what each consistency level gives while a cluster is cut in two.",
      "Clients write and read at ONE, QUORUM and ALL and change the schema on a simulated",
      "cluster of three, which is cut and healed; what they saw is checked, and printed by level.",
      "Exits with 1 when a promise did not hold."
    })
public final class LabCommand implements Callable<Integer> {
  private enum Output {
    TEXT,
    JSON
  }

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "of the run; a seed gives the same run each time (default: ${DEFAULT-VALUE})")
  private long seed = 1;

  @Option(
      names = "--break-quorum",
      description = "a control: QUORUM counts one replica, and the lab must notice")
  private boolean breakQuorum;

  @Option(
      names = {"-o", "--output"},
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private Output output = Output.TEXT;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    LabReport report = Lab.run(seed, breakQuorum);
    if (output == Output.JSON) {
      out.println(JSON.std.asString(json(report)));
    } else {
      out.print(report.text());
    }
    out.flush();
    return report.broken().isEmpty() ? 0 : 1;
  }

  private static Map<String, Object> json(LabReport report) {
    List<Object> levels = new ArrayList<>();
    for (LabReport.Level level : report.levels()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("level", level.name());
      entry.put("majority", side(level.majority()));
      entry.put("minority", side(level.minority()));
      entry.put("reads", level.reads());
      entry.put("stale_reads", level.staleReads());
      entry.put("acknowledged_writes", level.acknowledgedWrites());
      entry.put("lost_writes", level.lostWrites());
      entry.put("converged_after_ms", level.convergedAfterMillis());
      levels.add(entry);
    }
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("majority", side(report.metadata().majority()));
    metadata.put("minority", side(report.metadata().minority()));
    metadata.put("slowest_refusal_ms", report.metadata().slowestRefusalMillis());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("seed", report.seed());
    json.put("levels", levels);
    json.put("metadata", metadata);
    json.put("broken", report.broken());
    json.put("trace_hash", Long.toHexString(report.traceHash()));
    return json;
  }

  private static Map<String, Object> side(LabReport.Side side) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("ok", side.ok());
    json.put("refused", side.refused());
    json.put("unknown", side.unknown());
    json.put("by_second", side.picture());
    return json;
  }
}
