package io.quorate.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher with what was packaged, laid out as a distribution. If this breaks, nobody gets as
 * far as a first node, or every start takes twice as long as it could without a word about it.
 */
class LauncherIT {
  private static final Path PACKAGED = Path.of("target");

  @TempDir Path home;

  @BeforeEach
  void distribution() throws IOException {
    Files.copy(Path.of("..", "quorate"), home.resolve("quorate"));
    Files.copy(PACKAGED.resolve("quorate.jar"), home.resolve("quorate.jar"));
    Files.createDirectory(home.resolve("lib"));
    try (var jars = Files.list(PACKAGED.resolve("lib"))) {
      for (Path jar : jars.toList()) {
        Files.copy(jar, home.resolve("lib").resolve(String.valueOf(jar.getFileName())));
      }
    }
  }

  /** Runs a command of the distribution, which must succeed, and returns all that it printed. */
  private String quorate(String javaOptions, String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("/bin/sh", home.resolve("quorate").toString()));
    command.addAll(List.of(words));
    Path printed = Files.createTempFile(home, "printed", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("QUORATE_JAVA_OPTS", javaOptions);
    builder.redirectErrorStream(true).redirectOutput(printed.toFile());
    int code = builder.start().waitFor();
    String output = Files.readString(printed, StandardCharsets.UTF_8);
    assertThat(code).as("%s: %s", command, output).isZero();
    return output;
  }

  @Test
  void aServerAndItsCommandsStartFromTheCache() throws Exception {
    quorate("", "startup-cache");
    assertThat(home.resolve("quorate.aot")).isRegularFile();
    try (var files = Files.list(home)) {
      assertThat(files.map(file -> String.valueOf(file.getFileName())))
          .filteredOn(name -> name.startsWith("quorate.aot"))
          .containsExactlyInAnyOrder("quorate.aot", "quorate.aot.log");
    }

    String must = "-XX:AOTMode=on"; // a JVM that cannot use the cache does not start
    quorate(must, "up", "--nodes", "1", "--address", "127.0.95.1", "--heap", "256m");
    try {
      assertThat(quorate(must, "shell", "127.0.95.1", "-e", "SELECT key FROM system.local"))
          .contains("local");
      assertThat(quorate(must, "nodetool", "-H", "127.0.95.1", "status")).contains("1 of 1 nodes");
    } finally {
      quorate("", "down");
    }
  }

  @Test
  void aCacheThatIsOfNoUseIsNotHeardOf() throws Exception {
    Path cache = Files.writeString(home.resolve("quorate.aot"), "no cache at all");
    String version = quorate("", "--version");
    assertThat(version).startsWith("Quorate ").hasLineCount(1);
    Files.setLastModifiedTime(cache, FileTime.fromMillis(0)); // older than the jar: not asked
    assertThat(quorate("-XX:AOTMode=on", "--version")).isEqualTo(version);
  }
}
