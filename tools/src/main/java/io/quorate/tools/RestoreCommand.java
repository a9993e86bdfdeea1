package io.quorate.tools;

import io.quorate.environment.real.RealEnvironment;
import io.quorate.protocol.Murmur3;
import io.quorate.sstable.EngineOptions;
import io.quorate.sstable.Restore;
import io.quorate.sstable.StorageEvents;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quorate restore}. */
@Command(
    name = "restore",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Brings a stopped node's tables to a point in time, from its archived commit log.",
      "First put a snapshot of before that time in the place of the tables; see"
          + " docs/commit-log-format.md. Doing it again changes nothing."
    })
public final class RestoreCommand implements Callable<Integer> {
  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "the node's data_directory")
  private Path data = Path.of("");

  @Option(
      names = "--archive",
      required = true,
      paramLabel = "DIR",
      description = "its commitlog_archive_directory")
  private Path archive = Path.of("");

  @Option(
      names = "--to",
      required = true,
      paramLabel = "TIME",
      description = "writes up to then come back: 2026-11-21T13:00:00Z, or microseconds since 1970")
  private String to = "";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    long toMicros = micros(to);
    Path storage = data.resolve("storage");
    if (!Files.isDirectory(storage)) {
      throw new CommandFailed(data + " is not the data directory of a node: it has no storage");
    }
    Restore restored;
    try (RealEnvironment real = new RealEnvironment(1, failure -> {})) {
      restored =
          Restore.to(
              real.environment(),
              storage,
              archive,
              toMicros,
              Murmur3::token,
              EngineOptions.DEFAULT,
              new Progress(out));
    }
    out.printf(
        "%,d writes up to %s are in the tables; %,d are newer; %,d are of tables that are not"
            + " there%n",
        restored.applied(), to, restored.tooNew(), restored.withoutTable());
    if (restored.setAside() > 0) {
      out.printf(
          "%,d damaged parts of the log were put aside in %s%n",
          restored.setAside(), storage.resolve("quarantine"));
    }
    out.flush();
    return restored.setAside() > 0 ? 1 : 0;
  }

  static long micros(String time) {
    if (time.matches("-?\\d{1,18}")) {
      return Long.parseLong(time);
    }
    try {
      Instant instant = Instant.parse(time);
      return Math.addExact(
          TimeUnit.SECONDS.toMicros(instant.getEpochSecond()), instant.getNano() / 1_000L);
    } catch (DateTimeParseException | ArithmeticException e) {
      throw new CommandFailed(
          "'" + time + "' is not a time such as 2026-11-21T13:00:00Z, or microseconds since 1970",
          e);
    }
  }

  private record Progress(PrintWriter out) implements StorageEvents {
    @Override
    public void commitLogReplayed(long bytes, long ofBytes, long records) {
      out.printf("%,d of %,d MiB, %,d writes read%n", bytes >> 20, ofBytes >> 20, records);
      out.flush();
    }
  }
}
