package io.quorate.tools.bench;

import com.fasterxml.jackson.jr.ob.JSON;
import io.quorate.client.Session;
import io.quorate.client.SessionConfig;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.tools.Amounts;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.HostPort;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quorate bench}. */
@Command(
    name = "bench",
    subcommands = SchemaBenchCommand.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Puts a load on a cluster and measures it. Works with any CQL endpoint: Quorate, Cassandra.",
      "Keys are 16-byte blobs, statements are prepared. A read needs data: --prepare writes them."
    })
public final class BenchCommand implements Callable<Integer> {
  private static final int DEFAULT_PORT = 9042;
  private static final int LOAD_CONCURRENCY = 128;

  private enum Distribution {
    UNIFORM,
    ZIPFIAN
  }

  @Parameters(
      arity = "0..1",
      paramLabel = "WORKLOAD",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private Workload.Kind kind = Workload.Kind.WRITE;

  @Option(
      names = "--host",
      split = ",",
      paramLabel = "HOST[:PORT]",
      description = "contact points (default: 127.0.0.1:9042)")
  private List<String> hosts = new ArrayList<>();

  @Option(names = "--keys", paramLabel = "N", description = "(default: ${DEFAULT-VALUE})")
  private long keys = 100_000;

  @Option(names = "--value-bytes", paramLabel = "N", description = "(default: ${DEFAULT-VALUE})")
  private int valueBytes = 100;

  @Option(
      names = "--compressible",
      paramLabel = "PERCENT",
      description =
          "of each value one byte repeated, the rest random; no two values are the same (default:"
              + " ${DEFAULT-VALUE})")
  private int compressiblePercent = 0;

  @Option(
      names = "--slice-rows",
      paramLabel = "N",
      description = "rows of a slice (default: ${DEFAULT-VALUE})")
  private int sliceRows = 100;

  @Option(names = "--requests", paramLabel = "N", description = "ends after so many")
  private @Nullable Long requests;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description = "ends after this time (default: 10, without --requests)")
  private @Nullable Integer seconds;

  @Option(
      names = "--warmup",
      paramLabel = "SECONDS",
      description = "before it measures (default: ${DEFAULT-VALUE})")
  private int warmupSeconds = 3;

  @Option(
      names = "--concurrency",
      paramLabel = "N",
      description = "requests in flight (default: ${DEFAULT-VALUE})")
  private int concurrency = 64;

  @Option(
      names = "--rate",
      paramLabel = "N",
      description =
          "requests a second; latency then counts from when each was due (default: as fast as"
              + " answers come)")
  private @Nullable Integer rate;

  @Option(
      names = "--consistency",
      paramLabel = "LEVEL",
      description = "(default: ${DEFAULT-VALUE})")
  private ConsistencyLevel consistency = ConsistencyLevel.ONE;

  @Option(
      names = "--distribution",
      description = "of keys: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private Distribution distribution = Distribution.UNIFORM;

  @Option(
      names = "--connections",
      paramLabel = "N",
      description = "to each node (default: ${DEFAULT-VALUE})")
  private int connections = 1;

  @Option(names = "--replication", paramLabel = "N", description = "(default: ${DEFAULT-VALUE})")
  private int replication = 1;

  @Option(names = "--keyspace", description = "(default: ${DEFAULT-VALUE})")
  private String keyspace = "bench";

  @Option(names = "--prepare", description = "write all keys before measuring")
  private boolean prepare;

  @Option(names = "--no-setup", description = "keyspace and tables are there: do not create them")
  private boolean noSetup;

  @Option(
      names = "--server-pid",
      split = ",",
      paramLabel = "PID",
      description = "report CPU and memory of these processes (Linux)")
  private List<Long> serverPids = new ArrayList<>();

  @Option(names = "--json", paramLabel = "FILE", description = "write the figures there, too")
  private @Nullable Path json;

  @Option(names = "--seed", description = "of the keys drawn (default: ${DEFAULT-VALUE})")
  private long seed = 1;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    check();
    List<String> contacts = hosts.isEmpty() ? List.of("127.0.0.1") : hosts;
    SessionConfig config =
        SessionConfig.of(
                contacts.stream()
                    .map(host -> HostPort.parse(host, DEFAULT_PORT))
                    .toArray(InetSocketAddress[]::new))
            .withConnectionsPerNode(connections)
            .withRequestTimeout(Duration.ofSeconds(20));
    try (Session session = Session.connect(config)) {
      if (!noSetup) {
        Workload.createSchema(session, keyspace, replication);
      }
      Measurements measured = run(session, workload(session));
      spec.commandLine().getOut().print(measured.text());
      spec.commandLine().getOut().flush();
      write(measured);
      if (measured.operations() == 0) {
        throw new CommandFailed("no request succeeded: " + measured.errors());
      }
    }
    return 0;
  }

  private void check() {
    boolean wrong =
        keys < 1
            || valueBytes < 0
            || compressiblePercent < 0
            || compressiblePercent > 100
            || sliceRows < 1
            || concurrency < 1
            || connections < 1
            || replication < 1
            || warmupSeconds < 0
            || (rate != null && rate < 1)
            || (requests != null && requests < 1)
            || (seconds != null && seconds < 1);
    if (wrong) {
      throw new ParameterException(
          spec.commandLine(),
          "counts, sizes and times must be positive numbers, percents up to 100");
    }
    if (!keyspace.matches("[a-z][a-z0-9_]{0,47}")) {
      throw new ParameterException(
          spec.commandLine(), "--keyspace takes lower-case letters, digits and '_'");
    }
  }

  private Workload workload(Session session) {
    KeyChooser chooser =
        distribution == Distribution.UNIFORM
            ? new KeyChooser.Uniform(keys)
            : KeyChooser.Zipfian.of(keys);
    return new Workload(
        kind, chooser, consistency, valueBytes, compressiblePercent, sliceRows, keyspace, session);
  }

  private Measurements run(Session session, Workload workload) {
    if (prepare) {
      load(session, workload);
    }
    if (warmupSeconds > 0) {
      LoadGenerator warmup = new LoadGenerator(session);
      drive(warmup, "warming up", warmupSeconds, Long.MAX_VALUE, seed, workload);
    }
    LoadGenerator generator = new LoadGenerator(session);
    MachineTime machineBefore = MachineTime.now();
    ProcessUsage before = ProcessUsage.of(serverPids);
    long cpuBefore = ownCpuMicros();
    long begin = System.nanoTime();
    drive(
        generator,
        "measuring",
        seconds != null ? seconds : requests != null ? Integer.MAX_VALUE : 10,
        requests != null ? requests : Long.MAX_VALUE,
        seed + 1,
        workload);
    double took = (System.nanoTime() - begin) / 1e9;
    long cpu = ownCpuMicros() - cpuBefore;
    ProcessUsage after = ProcessUsage.of(serverPids);
    Map<String, Long> errors = new TreeMap<>();
    generator.errors().forEach((name, count) -> errors.put(name, count.sum()));
    return new Measurements(
        title(),
        took,
        generator.latencyMicros(),
        errors,
        cpu,
        MachineTime.now().stolenShareSince(machineBefore),
        serverPids.isEmpty()
            ? null
            : new ProcessUsage(after.cpuMicros() - before.cpuMicros(), after.residentBytes()));
  }

  private void load(Session session, Workload workload) {
    LoadGenerator loader = new LoadGenerator(session);
    long count = Workload.loadCount(kind, keys, sliceRows);
    try (Progress progress = new Progress(loader)) {
      progress.begin("writing " + Amounts.count(count) + " rows");
      loader.closedLoop(LOAD_CONCURRENCY, count, seed, (number, random) -> workload.load(number));
    }
    if (loader.failed() > 0) {
      throw new CommandFailed("writing the data failed: " + loader.errors());
    }
  }

  private void drive(
      LoadGenerator generator,
      String what,
      int forSeconds,
      long limit,
      long drawnFrom,
      Workload workload) {
    LoadGenerator.Source source = LoadGenerator.Source.of(workload::next);
    try (Progress progress = new Progress(generator)) {
      progress.begin(what);
      progress.stopAfter(forSeconds);
      if (rate != null) {
        generator.fixedRate(rate, concurrency, limit, drawnFrom, source);
      } else {
        generator.closedLoop(concurrency, limit, drawnFrom, source);
      }
    }
  }

  /** Tells once a second how it goes, when somebody looks; and ends the run in time. */
  private final class Progress implements AutoCloseable {
    private final ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());
    private final LoadGenerator generator;
    private final boolean shown =
        Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    private long last;

    Progress(LoadGenerator generator) {
      this.generator = generator;
    }

    void begin(String what) {
      if (shown) {
        timer.scheduleAtFixedRate(() -> show(what), 1, 1, TimeUnit.SECONDS);
      }
    }

    private void show(String what) {
      long now = generator.completed();
      PrintWriter err = spec.commandLine().getErr();
      err.printf(
          Locale.ROOT,
          "\r\u001b[K%s: %,d ops/s, %,d done, %,d failed",
          what,
          now - last,
          now,
          generator.failed());
      err.flush();
      last = now;
    }

    void stopAfter(int limitSeconds) {
      timer.schedule(generator::stop, limitSeconds, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
      timer.shutdownNow();
      if (shown) {
        spec.commandLine().getErr().print("\r\u001b[K");
        spec.commandLine().getErr().flush();
      }
    }
  }

  private String title() {
    return String.format(
        Locale.ROOT,
        "%s at %s, %s, %,d keys %s, %d-byte values%s, %d connection%s a node",
        kind.name().toLowerCase(Locale.ROOT),
        consistency,
        rate == null
            ? concurrency + " in flight"
            : String.format(Locale.ROOT, "%,d requests a second", rate),
        keys,
        distribution.name().toLowerCase(Locale.ROOT),
        valueBytes,
        compressiblePercent == 0 ? "" : " (" + compressiblePercent + " % compressible)",
        connections,
        connections == 1 ? "" : "s");
  }

  private static long ownCpuMicros() {
    return ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .map(duration -> duration.toNanos() / 1_000)
        .orElse(0L);
  }

  private void write(Measurements measured) {
    if (json == null) {
      return;
    }
    try {
      Files.writeString(json, JSON.std.asString(measured.json()) + "\n");
    } catch (IOException e) {
      throw new CommandFailed("cannot write " + json + ": " + e.getMessage(), e);
    }
  }
}
