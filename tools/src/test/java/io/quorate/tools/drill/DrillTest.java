package io.quorate.tools.drill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.quorate.client.Statement;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.tools.Json;
import io.quorate.tools.Quorate;
import io.quorate.tools.cluster.LocalCluster;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * A node that dies, or is updated, must not be felt by an application that asks at QUORUM: here
 * with node processes, as an operator has them.
 */
class DrillTest {
  @TempDir Path directory;

  private final StringWriter err = new StringWriter();

  /** The launcher runs what was packaged, which is not there yet while tests run. */
  @BeforeEach
  void launcher() throws Exception {
    Path launcher = directory.resolve("quorate");
    Files.writeString(
        launcher,
        "#!/bin/sh\nexec '"
            + Path.of(System.getProperty("java.home"), "bin", "java")
            + "' -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
            + " --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -cp '"
            + System.getProperty("java.class.path")
            + "' io.quorate.node.NodeProcess \"$3\"\n");
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    System.setProperty("quorate.home", directory.toString());
  }

  @AfterEach
  void noLauncher() {
    System.clearProperty("quorate.home");
  }

  /** Runs a drill, and returns what it says as JSON. */
  private Json drill(String name, String address) throws Exception {
    StringWriter out = new StringWriter();
    CommandLine line = Quorate.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    int code =
        line.execute(
            "drill", name, "--duration", "1", "--rate", "100", "-o", "json", "--address", address);
    assertThat(code).as("%s%s", out, err).isZero();
    return Json.parse(out.toString()).elements().getFirst();
  }

  /** The time of a step of the timeline. */
  private static double seconds(Json drill, String step) {
    for (Json one : drill.at("timeline").elements()) {
      if (one.text("step").equals(step)) {
        assertThat(one.at("seconds").isNull()).as("%s was not seen in %s", step, drill).isFalse();
        return one.real("seconds");
      }
    }
    throw new AssertionError("no step '" + step + "' in " + drill);
  }

  @Test
  void noRequestFailsWhenTheLeaderIsKilled() throws Exception {
    Json drill = drill("leader-killed", "127.0.82.1");
    assertThat(drill.bool("held")).isTrue();
    assertThat(seconds(drill, "elect")).isLessThan(2);
    // Two nodes have to agree, so that one that is deaf harms nobody; and a driver believes both.
    assertThat(seconds(drill, "validate")).isGreaterThanOrEqualTo(seconds(drill, "detect"));
    assertThat(seconds(drill, "driver told")).isPositive();
  }

  @Test
  void noRequestFailsInARollingRestart() throws Exception {
    Json drill = drill("rolling-restart", "127.0.82.4");
    assertThat(drill.bool("held")).isTrue();
    assertThat(seconds(drill, "caught up")).isPositive();
  }

  /**
   * Negative control: a row that is taken away behind the drill's back is a write that was lost.
   */
  @Test
  void aLostWriteIsSeen() {
    PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
    LocalCluster cluster = new LocalCluster(directory.resolve("nodes"), "256m", nowhere);
    Report report = new Report("lost write", nowhere);
    try (Stage stage =
        new Stage(cluster, "127.0.82.10", null, 100, Duration.ofSeconds(1), report)) {
      Load load = stage.load();
      stage.warm();
      load.close();
      long key = load.acknowledged().getFirst();
      stage
          .driver()
          .execute(
              Statement.of("DELETE FROM " + Load.TABLE + " WHERE id = " + key)
                  .withConsistency(ConsistencyLevel.ALL));
      stage.settle(System.nanoTime());
    } finally {
      cluster.kill(cluster.nodes());
    }
    assertThat(report.broken()).singleElement().asString().endsWith("1 lost");
  }

  /** If this breaks, a minority hangs or goes on, or the majority stops. */
  @Test
  void aCutIsFeltOnItsSmallerSideOnly() throws Exception {
    assumeThat(NodeNetwork.lacking()).isNull();
    Json drill = drill("cut", "127.0.82.7");
    assertThat(drill.bool("held")).isTrue();
    assertThat(seconds(drill, "elect")).isLessThan(2);
  }
}
