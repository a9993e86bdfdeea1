package io.quorate.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
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
  void aNodeThatDoesNotAnswerIsOneLineAndCodeOne() {
    assertThat(run("nodetool", "-H", "127.0.0.1", "-p", "1", "status")).isEqualTo(1);
    assertThat(err.toString().strip()).startsWith("no node answers at 127.0.0.1:1").hasLineCount(1);
  }

  @Test
  void badUsageIsCodeTwo() {
    assertThat(run("nodetool", "statsu")).isEqualTo(2);
    assertThat(run("nodetool", "getendpoints", "ks")).isEqualTo(2);
    assertThat(run("up", "--nodes", "many")).isEqualTo(2);
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString()).doesNotContain("Exception", "\tat ");
  }

  @Test
  void anErrorOfManyLinesIsToldInOne() {
    assertThat(Quorate.describe(new CommandFailed("first\n  second\n"))).isEqualTo("first; second");
    assertThat(Quorate.describe(new IllegalStateException("x"))).startsWith("internal error: ");
  }
}
