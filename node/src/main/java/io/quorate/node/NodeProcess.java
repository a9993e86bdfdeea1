package io.quorate.node;

import io.quorate.environment.Invariant;
import io.quorate.environment.real.RealEnvironment;
import io.quorate.node.ConfigFile.ConfigException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server process: {@code NodeProcess FILE}. Runs until it is told to stop (SIGTERM drains it)
 * or cannot go on. Exit codes: 0 stopped as told, 1 could not start or go on, 2 bad usage.
 */
public final class NodeProcess {
  private static final Logger log = LoggerFactory.getLogger(NodeProcess.class);
  private static final long STOP_SECONDS = 30;

  private NodeProcess() {}

  public static void main(String[] arguments) {
    if (arguments.length != 1) {
      System.err.println("usage: node --config FILE");
      System.exit(2);
    }
    NodeConfig config;
    try {
      config = read(Path.of(arguments[0]));
    } catch (ConfigException e) {
      System.err.println(e.getMessage());
      System.exit(1);
      return;
    }
    run(config);
  }

  private static NodeConfig read(Path file) {
    String yaml;
    try {
      yaml = Files.readString(file, StandardCharsets.UTF_8);
    } catch (CharacterCodingException e) {
      throw new ConfigException(file + " is not UTF-8 text");
    } catch (IOException e) {
      throw new ConfigException("cannot read the configuration: " + FileFailure.describe(e));
    }
    Path directory = file.toAbsolutePath().getParent();
    return ConfigFile.parse(
        file.toString(),
        yaml,
        directory == null ? Path.of(".") : directory,
        Runtime.getRuntime().maxMemory(),
        Runtime.getRuntime().availableProcessors());
  }

  private static void run(NodeConfig config) {
    RealEnvironment world = new RealEnvironment(config.shards(), NodeProcess::taskFailed);
    Node node =
        new Node(
            world.environment(),
            config,
            new Node.Listener() {
              @Override
              public void ready() {
                System.out.println("ready: CQL at " + config.nativeTransport());
              }

              @Override
              public void failed(String why) {
                System.err.println(why);
                Runtime.getRuntime().halt(1);
              }
            });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(node, world), "stop"));
    node.start();
    waitForEver();
  }

  /** The node works on daemon threads: without this one the process would end at once. */
  private static void waitForEver() {
    try {
      Thread.currentThread().join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void stop(Node node, RealEnvironment world) {
    CountDownLatch stopped = new CountDownLatch(1);
    node.stop(stopped::countDown);
    try {
      if (!stopped.await(STOP_SECONDS, TimeUnit.SECONDS)) {
        log.warn(
            "did not stop cleanly within {} s; the commit log has what was acknowledged",
            STOP_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    world.close();
  }

  /**
   * A task threw. A broken invariant, or a lack of memory, ends the process; the rest is logged.
   */
  private static void taskFailed(Throwable failure) {
    log.error("a task failed", failure);
    if (failure instanceof Invariant.Broken || failure instanceof Error) {
      System.err.println("this node stops, since it cannot trust its state: " + failure);
      Runtime.getRuntime().halt(1);
    }
  }
}
