package io.quorate.tools.demo;

import io.quorate.tools.CommandFailed;
import io.quorate.tools.cluster.LocalCluster;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quorate demo}. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "A guided tour on a fresh cluster of three nodes: levels, a killed node, hints, read repair,",
      "the metadata ring. What it prints is what the cluster did; it fails when a claim does not"
          + " hold."
    })
public final class DemoCommand implements Callable<Integer> {
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  @Option(
      names = "--address",
      description = "of the first node; the others count up (default: ${DEFAULT-VALUE})")
  private String address = "127.0.0.1";

  @Option(names = "--keep", description = "leave the cluster running and say where it is")
  private boolean keep;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    long begin = System.nanoTime();
    PrintWriter out = spec.commandLine().getOut();
    Path directory = Files.createTempDirectory("quorate-demo");
    LocalCluster cluster = new LocalCluster(directory, "512m", out);
    Story story = new Story(out);
    boolean ended = false;
    try {
      out.println("Starting three nodes, files in " + directory);
      cluster.startNew(3, address, START_LIMIT);
      try (Tour tour = new Tour(cluster, story)) {
        tour.run();
      }
      ended = true;
    } finally {
      if (keep) {
        out.println("The cluster stays: quorate down --dir " + directory);
      } else {
        cluster.stop(cluster.nodes());
        if (ended && story.failures().isEmpty()) {
          cluster.delete();
        } else {
          out.println("The logs stay in " + directory);
        }
      }
      out.flush();
    }
    if (!story.failures().isEmpty()) {
      throw new CommandFailed("did not hold: " + String.join(" | ", story.failures()));
    }
    out.printf(Locale.ROOT, "%nAll of it held, in %.0f s.%n", (System.nanoTime() - begin) / 1e9);
    out.flush();
    return 0;
  }
}
