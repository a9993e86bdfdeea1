package io.quorate.tools;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.jr.ob.JSON;
import io.quorate.simulation.ClusterSimulation;
import io.quorate.simulation.ClusterSimulation.Options;
import io.quorate.simulation.ShapeSimulation;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.LoggerFactory;
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
      "Replays a cluster under faults, all drawn from a seed.",
      "Three to nine real nodes on simulated time, network and disks, which come and go while"
          + " clients write and read and the schema changes; checks the metadata ring after each"
          + " step, and that nothing acknowledged is lost and no QUORUM read is stale. A seed gives"
          + " the same run each time; what happened in it is told when it is run alone, or fails."
    })
public final class SimCommand implements Callable<Integer> {
  private enum Output {
    TEXT,
    JSON
  }

  private enum Scenario {
    CHANGING,
    STEADY
  }

  @Option(names = "--seed", required = true, paramLabel = "N", description = "of the first run")
  private long seed;

  @Option(
      names = "--runs",
      paramLabel = "K",
      description = "seeds N, N+1 and so on (default: ${DEFAULT-VALUE})")
  private int runs = 1;

  @Option(
      names = "--threads",
      paramLabel = "T",
      description = "runs at once, which have nothing in common (default: ${DEFAULT-VALUE})")
  private int threads = 1;

  @Option(
      names = "--scenario",
      description = {
        "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}): nodes come and go, or the same three"
            + " stay"
      })
  private Scenario scenario = Scenario.CHANGING;

  @Option(
      names = {"-o", "--output"},
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private Output output = Output.TEXT;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** What is shown of a run of either scenario. */
  private record Shown(
      long seed, List<String> violations, Map<String, Object> figures, List<String> story) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (threads < 1) {
      throw new CommandFailed("--threads must be at least 1");
    }
    if (runs > 1 && LoggerFactory.getLogger("io.quorate") instanceof Logger nodes) {
      nodes.setLevel(Level.OFF); // who wants to know what they say replays a run alone
    }
    int violated = 0;
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      Queue<Future<Shown>> begun = new ArrayDeque<>();
      long next = seed;
      for (int shown = 0; shown < runs; shown++) {
        while (next < seed + runs && begun.size() < 2 * threads) {
          long each = next++;
          begun.add(workers.submit(() -> run(each)));
        }
        Shown run = begun.remove().get();
        violated += run.violations().isEmpty() ? 0 : 1;
        show(run);
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("a run ended in its middle", e.getCause());
    } finally {
      workers.shutdownNow();
    }
    if (violated > 0) {
      throw new CommandFailed(violated + " of " + runs + " runs broke a promise");
    }
    return 0;
  }

  private Shown run(long each) {
    return scenario == Scenario.CHANGING ? changing(each) : steady(each);
  }

  private void show(Shown run) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    out.println(output == Output.JSON ? JSON.std.asString(json(run)) : text(run));
    out.flush();
  }

  private static Shown changing(long seed) {
    ShapeSimulation.Verdict verdict = ShapeSimulation.run(seed);
    Map<String, Object> figures = new LinkedHashMap<>();
    verdict.shapes().forEach((shape, count) -> figures.put(shape.toLowerCase(Locale.ROOT), count));
    figures.put("acknowledged_writes", verdict.acknowledgedWrites());
    figures.put("unknown_writes", verdict.unknownWrites());
    figures.put("reads", verdict.reads());
    figures.put("metadata_operations", verdict.metadataOperations());
    figures.put("schema_changes", verdict.schemaChanges());
    figures.put("crashes", verdict.crashes());
    figures.put("cuts", verdict.cuts());
    figures.put("leader_after_ms", verdict.leaderAfterMillis());
    figures.put("settled_after_ms", verdict.settledAfterMillis());
    figures.put("converged_after_ms", verdict.convergedAfterMillis());
    figures.put("trace", hex(verdict.traceHash()));
    return new Shown(seed, verdict.violations(), figures, verdict.story());
  }

  private static Shown steady(long seed) {
    ClusterSimulation.Verdict verdict = ClusterSimulation.run(seed, Options.QUORUM);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("acknowledged_writes", verdict.acknowledgedWrites());
    figures.put("unknown_writes", verdict.unknownWrites());
    figures.put("reads", verdict.reads());
    figures.put("crashes", verdict.crashes());
    figures.put("cuts", verdict.cuts());
    figures.put("converged_after_ms", verdict.convergedAfterMillis());
    figures.put("trace", hex(verdict.traceHash()));
    return new Shown(seed, verdict.violations(), figures, List.of());
  }

  private static String hex(long hash) {
    return String.format(Locale.ROOT, "%016x", hash);
  }

  private String text(Shown run) {
    StringBuilder text = new StringBuilder();
    boolean holds = run.violations().isEmpty();
    if (runs == 1 || !holds) {
      run.story().forEach(line -> text.append(line).append('\n'));
    }
    text.append("seed ").append(run.seed()).append(": ").append(holds ? "ok" : "VIOLATED");
    run.figures()
        .forEach((name, value) ->
            text.append(", ").append(name.replace('_', ' ')).append(' ').append(value));
    run.violations().forEach(violation -> text.append("\n  ").append(violation));
    if (!holds) {
      text.append("\n  replay: ./quorate sim --seed ").append(run.seed());
      text.append(scenario == Scenario.CHANGING ? "" : " --scenario STEADY");
    }
    return text.toString();
  }

  private static Map<String, Object> json(Shown run) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("seed", run.seed());
    json.put("ok", run.violations().isEmpty());
    json.put("violations", run.violations());
    json.putAll(run.figures());
    return json;
  }
}
