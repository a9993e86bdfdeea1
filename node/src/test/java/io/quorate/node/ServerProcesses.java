package io.quorate.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * Servers as an operator runs them: a process each, started from the class path of the tests.
 * Whatever still runs when this is closed, or when the tests' own process ends, is killed.
 */
final class ServerProcesses implements AutoCloseable {
  private static final long POLL_MILLIS = 20;

  private final List<Server> servers = new CopyOnWriteArrayList<>();
  private final Thread atExit = new Thread(this::killAll, "kill servers");

  ServerProcesses() {
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** One life of one server. */
  record Server(Process process, Path stdout, Path stderr) {
    String output() throws IOException {
      return Files.readString(stdout, StandardCharsets.UTF_8);
    }

    String errors() throws IOException {
      return Files.readString(stderr, StandardCharsets.UTF_8);
    }

    /** Waits until it says that clients may come. */
    Server awaitReady() throws Exception {
      long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (!output().contains("ready: CQL at ")) {
        if (!process.isAlive() || System.nanoTime() > limit) {
          throw new AssertionError("not ready: " + errors() + "\n" + output());
        }
        Thread.sleep(POLL_MILLIS);
      }
      return this;
    }

    int awaitExit() throws Exception {
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        throw new AssertionError("still runs: " + errors() + "\n" + output());
      }
      return process.exitValue();
    }

    /** SIGKILL: nothing of the process gets to run any more. */
    void killNine() {
      process.destroyForcibly().onExit().join();
    }
  }

  /** Starts a server with a configuration written to {@code directory/quorate.yaml}. */
  Server start(Path directory, String yaml) throws IOException {
    Files.createDirectories(directory);
    Path file = directory.resolve("quorate.yaml");
    Files.writeString(file, yaml, StandardCharsets.UTF_8);
    return start(directory, file);
  }

  Server start(Path directory, Path configFile) throws IOException {
    Path stdout = Files.createTempFile(directory, "stdout", ".log");
    Path stderr = Files.createTempFile(directory, "stderr", ".log");
    List<String> command =
        new ArrayList<>(
            Arrays.asList(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                // Many start on few cores at once, and none lives for long.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dio.netty.leakDetection.level=paranoid",
                "-Dquorate.log=INFO",
                "-cp",
                System.getProperty("java.class.path"),
                NodeProcess.class.getName(),
                configFile.toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(stdout.toFile())
            .redirectError(stderr.toFile())
            .start();
    Server server = new Server(process, stdout, stderr);
    servers.add(server);
    return server;
  }

  private void killAll() {
    servers.forEach(server -> server.process().destroyForcibly());
  }

  @Override
  public void close() {
    servers.forEach(Server::killNine);
    Runtime.getRuntime().removeShutdownHook(atExit);
  }
}
