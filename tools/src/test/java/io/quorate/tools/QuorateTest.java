package io.quorate.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** If this breaks, scripts see a wrong exit code, or a user reads a stack trace. */
class QuorateTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Quorate.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(arguments);
  }

  @Test
  void helpIsDone() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).contains("up", "down", "nodetool");
    assertThat(run("nodetool", "help")).isZero();
  }

  @Test
  void everyCommandTellsOfItself() {
    assertHelp(Quorate.commandLine(), List.of());
    assertThat(err.toString()).isEmpty();
  }

  private void assertHelp(CommandLine line, List<String> words) {
    List<String> arguments = new ArrayList<>(words);
    arguments.add("--help");
    assertThat(run(arguments.toArray(String[]::new))).as("%s", arguments).isZero();
    line.getSubcommands()
        .forEach((name, below) ->
            assertHelp(below, Stream.concat(words.stream(), Stream.of(name)).toList()));
  }

  /** If this breaks, who wants another node to leave makes the one leave that is asked. */
  @Test
  void whatChangesTheNodeThatIsAskedTakesNoOther() {
    assertThat(run("nodetool", "-p", "1", "cluster", "commit", "decommission", "127.0.0.3"))
        .isEqualTo(2);
    assertThat(err.toString()).contains("name it by 'nodetool -H HOST'");
    for (String verb : List.of("plan", "commit")) {
      assertThat(run("nodetool", "-p", "1", "cluster", verb, "move", "127.0.0.3", "--rack", "r"))
          .isEqualTo(2);
      assertThat(run("nodetool", "-p", "1", "cluster", verb, "removenode")).isEqualTo(2);
      assertThat(run("nodetool", "-p", "1", "cluster", verb, "leave")).isEqualTo(2);
    }
  }

  @Test
  void aNodeThatDoesNotAnswerIsOneLineAndCodeOne() {
    assertThat(run("nodetool", "-H", "127.0.0.1", "-p", "1", "status")).isEqualTo(1);
    assertThat(err.toString().strip()).startsWith("no node answers at 127.0.0.1:1").hasLineCount(1);
    assertThat(run("bench", "schema", "--host", "127.0.0.1:1")).isEqualTo(1);
    assertThat(err.toString().strip()).hasLineCount(2);
  }

  @Test
  void badUsageIsCodeTwo() {
    assertThat(run("nodetool", "statsu")).isEqualTo(2);
    assertThat(run("nodetool", "getendpoints", "ks")).isEqualTo(2);
    assertThat(run("up", "--nodes", "many")).isEqualTo(2);
    assertThat(run("drill", "leader-kiled")).isEqualTo(2);
    assertThat(run("drill", "--rate", "0")).isEqualTo(2);
    assertThat(run("bench", "schema", "--changes", "0")).isEqualTo(2);
    assertThat(run("bench", "schema", "--keyspace", "a;b")).isEqualTo(2);
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString()).doesNotContain("Exception", "\tat ");
  }

  @Test
  void restoreSaysInOneLineWhatItDidOrWhyNot(@TempDir Path directory) throws IOException {
    String data = directory.resolve("data").toString();
    String archive = directory.resolve("archive").toString();
    String time = "2026-11-21T13:00:00Z";
    assertThat(run("restore", "--data", data, "--archive", archive, "--to", time)).isEqualTo(1);
    Files.createDirectories(directory.resolve("data/storage"));
    assertThat(run("restore", "--data", data, "--archive", archive, "--to", time)).isEqualTo(1);
    assertThat(run("restore", "--data", data, "--archive", archive, "--to", "noon")).isEqualTo(1);
    assertThat(err.toString().lines())
        .satisfiesExactly(
            line -> assertThat(line).contains("is not the data directory of a node"),
            line -> assertThat(line).contains("there is no archive"),
            line -> assertThat(line).contains("'noon' is not a time"));
    Files.createDirectories(directory.resolve("archive"));
    assertThat(run("restore", "--data", data, "--archive", archive, "--to", time)).isZero();
    assertThat(out.toString().strip()).startsWith("0 writes up to " + time).hasLineCount(1);
    assertThat(RestoreCommand.micros(time)).isEqualTo(1_795_266_000_000_000L);
    assertThat(RestoreCommand.micros("1795266000000001")).isEqualTo(1_795_266_000_000_001L);
  }

  @Test
  void anErrorOfManyLinesIsToldInOne() {
    assertThat(Quorate.describe(new CommandFailed("first\n  second\n"))).isEqualTo("first; second");
    assertThat(Quorate.describe(new IllegalStateException("x"))).startsWith("internal error: ");
  }
}
