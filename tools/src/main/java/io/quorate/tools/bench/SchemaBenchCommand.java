package io.quorate.tools.bench;

import com.fasterxml.jackson.jr.ob.JSON;
import io.quorate.client.Row;
import io.quorate.client.Session;
import io.quorate.client.SessionConfig;
import io.quorate.client.Statement;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code quorate bench schema}. */
@Command(
    name = "schema",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Creates tables one after the other. Measures how long each statement takes,",
      "and how long it is until every node that is named shows the new schema version."
    })
final class SchemaBenchCommand implements Callable<Integer> {
  private static final int DEFAULT_PORT = 9042;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  @Option(
      names = "--host",
      split = ",",
      paramLabel = "HOST[:PORT]",
      description = "the nodes; the first is asked to create (default: 127.0.0.1:9042)")
  private List<String> hosts = new ArrayList<>(List.of("127.0.0.1"));

  @Option(
      names = "--tables",
      paramLabel = "N",
      description = "are there before it measures (default: ${DEFAULT-VALUE})")
  private int tables = 10;

  @Option(
      names = "--changes",
      paramLabel = "N",
      description = "tables created and measured (default: ${DEFAULT-VALUE})")
  private int changes = 50;

  @Option(names = "--replication", paramLabel = "N", description = "(default: ${DEFAULT-VALUE})")
  private int replication = 1;

  @Option(names = "--keyspace", description = "(default: ${DEFAULT-VALUE})")
  private String keyspace = "bench_schema";

  @Option(names = "--json", paramLabel = "FILE", description = "write the figures there, too")
  private @Nullable Path json;

  @Spec private CommandSpec spec = CommandSpec.create();

  private final Histogram answered = new Histogram(3);
  private final Histogram agreed = new Histogram(3);

  @Override
  public Integer call() {
    if (tables < 0 || changes < 1 || replication < 1) {
      throw new ParameterException(spec.commandLine(), "counts must be positive numbers");
    }
    if (!keyspace.matches("[a-z][a-z0-9_]{0,47}")) {
      throw new ParameterException(
          spec.commandLine(), "--keyspace takes lower-case letters, digits and '_'");
    }
    List<Session> nodes = new ArrayList<>();
    try {
      for (String host : hosts) {
        nodes.add(
            Session.connect(
                SessionConfig.of(HostPort.parse(host, DEFAULT_PORT))
                    .withOnlyContactPoints()
                    .withRequestTimeout(TIMEOUT)));
      }
      run(nodes);
    } finally {
      nodes.forEach(Session::close);
    }
    return 0;
  }

  private void run(List<Session> nodes) {
    Session creator = nodes.getFirst();
    creator.execute(
        String.format(
            Locale.ROOT,
            "CREATE KEYSPACE IF NOT EXISTS %s WITH replication ="
                + " {'class': 'SimpleStrategy', 'replication_factor': %d}",
            keyspace,
            replication));
    int there = countTables(creator);
    while (there < tables) {
      creator.execute(create(there++));
      if (there % 100 == 0) {
        spec.commandLine().getErr().printf(Locale.ROOT, "%,d tables%n", there);
      }
    }
    awaitAgreement(nodes, null);
    for (int i = 0; i < changes; i++) {
      UUID before = version(creator);
      long begin = System.nanoTime();
      creator.execute(create(there + i));
      answered.recordValue(microsSince(begin));
      awaitAgreement(nodes, before);
      agreed.recordValue(microsSince(begin));
    }
    report(nodes.size(), there);
  }

  private int countTables(Session session) {
    int count = 0;
    Statement tables =
        Statement.of(
            "SELECT table_name FROM system_schema.tables WHERE keyspace_name = '" + keyspace + "'");
    for (Row ignored : session.rows(tables)) {
      count++;
    }
    return count;
  }

  private String create(int number) {
    return String.format(
        Locale.ROOT,
        "CREATE TABLE IF NOT EXISTS %s.t%06d (key blob, seq int, value blob, note text,"
            + " PRIMARY KEY (key, seq))",
        keyspace,
        number);
  }

  private static long microsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1_000;
  }

  private static UUID version(Session node) {
    return Objects.requireNonNull(
        node.execute("SELECT schema_version FROM system.local WHERE key = 'local'")
            .rows()
            .getFirst()
            .uuid("schema_version"));
  }

  /** Asks all nodes again and again until they show one version, another than before. */
  private static void awaitAgreement(List<Session> nodes, @Nullable UUID before) {
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    while (true) {
      List<UUID> versions = nodes.stream().map(SchemaBenchCommand::version).distinct().toList();
      if (versions.size() == 1 && !versions.getFirst().equals(before)) {
        return;
      }
      if (System.nanoTime() > deadline) {
        throw new CommandFailed("the nodes do not agree on the schema: " + versions);
      }
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
    }
  }

  private void report(int nodes, int there) {
    spec.commandLine()
        .getOut()
        .printf(
            Locale.ROOT,
            "%,d tables created at %,d, %d nodes; us%n  %-15s%s%n  %-15s%s%n",
            changes,
            there,
            nodes,
            "answered",
            text(answered),
            "all agree",
            text(agreed));
    spec.commandLine().getOut().flush();
    Path file = json;
    if (file == null) {
      return;
    }
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("tables", there);
    figures.put("nodes", nodes);
    figures.put("answered_us", figures(answered));
    figures.put("all_agree_us", figures(agreed));
    try {
      Files.writeString(file, JSON.std.asString(figures) + "\n");
    } catch (IOException e) {
      throw new CommandFailed("cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  private static String text(Histogram micros) {
    return String.format(
        Locale.ROOT,
        "p50 %,d · p99 %,d · max %,d",
        micros.getValueAtPercentile(50),
        micros.getValueAtPercentile(99),
        micros.getMaxValue());
  }

  private static Map<String, Object> figures(Histogram micros) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("p50", micros.getValueAtPercentile(50));
    figures.put("p99", micros.getValueAtPercentile(99));
    figures.put("max", micros.getMaxValue());
    return figures;
  }
}
