package io.quorate.tools;

import com.fasterxml.jackson.jr.ob.JSON;
import io.quorate.simulation.ClusterSimulation;
import io.quorate.simulation.ClusterSimulation.Options;
import io.quorate.simulation.ClusterSimulation.Verdict;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quorate sim}. */
@Command(
    name = "sim",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Runs three real nodes on simulated time, network and disks, with faults drawn from a seed,",
      "and checks that nothing acknowledged is lost and no QUORUM read is stale.",
      "A seed gives the same run each time."
    })
public final class SimCommand implements Callable<Integer> {
  private enum Output {
    TEXT,
    JSON
  }

  @Option(names = "--seed", required = true, paramLabel = "N", description = "of the first run")
  private long seed;

  @Option(
      names = "--runs",
      paramLabel = "K",
      description = "seeds N, N+1 and so on (default: ${DEFAULT-VALUE})")
  private int runs = 1;

  @Option(
      names = {"-o", "--output"},
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private Output output = Output.TEXT;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    int violated = 0;
    for (long next = seed; next < seed + runs; next++) {
      Verdict verdict = ClusterSimulation.run(next, Options.QUORUM);
      violated += verdict.violations().isEmpty() ? 0 : 1;
      out.println(output == Output.JSON ? JSON.std.asString(json(verdict)) : line(verdict));
      out.flush();
    }
    if (violated > 0) {
      throw new CommandFailed(violated + " of " + runs + " runs broke a promise");
    }
    return 0;
  }

  static String line(Verdict verdict) {
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "seed %d: %s; %d writes acknowledged, %d unknown, %d reads; %d crashes, %d cuts;"
                + " converged after %d ms; trace %016x",
            verdict.seed(),
            verdict.violations().isEmpty() ? "ok" : "VIOLATED",
            verdict.acknowledgedWrites(),
            verdict.unknownWrites(),
            verdict.reads(),
            verdict.crashes(),
            verdict.cuts(),
            verdict.convergedAfterMillis(),
            verdict.traceHash()));
    verdict.violations().forEach(violation -> line.append("\n  ").append(violation));
    if (!verdict.violations().isEmpty()) {
      line.append("\n  replay: ./quorate sim --seed ").append(verdict.seed());
    }
    return line.toString();
  }

  private static Map<String, Object> json(Verdict verdict) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("seed", verdict.seed());
    json.put("ok", verdict.violations().isEmpty());
    json.put("violations", verdict.violations());
    json.put("trace_hash", String.format(Locale.ROOT, "%016x", verdict.traceHash()));
    json.put("acknowledged_writes", verdict.acknowledgedWrites());
    json.put("unknown_writes", verdict.unknownWrites());
    json.put("reads", verdict.reads());
    json.put("crashes", verdict.crashes());
    json.put("cuts", verdict.cuts());
    json.put("converged_after_ms", verdict.convergedAfterMillis());
    return json;
  }
}
