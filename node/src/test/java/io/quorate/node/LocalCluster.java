package io.quorate.node;

import io.quorate.environment.Endpoint;
import io.quorate.environment.real.RealEnvironment;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Nodes of one cluster inside the test's process, on loopback addresses of their own. */
final class LocalCluster {
  private final Path directory;
  private final String subnet;
  private final List<Endpoint> voters = new ArrayList<>();
  private final TreeMap<Integer, Running> running = new TreeMap<>();
  private final int nodeCount;

  private record Running(RealEnvironment world, Node node) {}

  /**
   * @param subnet the first three parts of the nodes' addresses, such as 127.0.9, so that test
   *     classes keep apart
   */
  LocalCluster(Path directory, String subnet, int nodeCount) throws Exception {
    this.directory = directory;
    this.subnet = subnet;
    this.nodeCount = nodeCount;
    for (int i = 1; i <= nodeCount; i++) {
      voters.add(new Endpoint(address(i), 7000));
    }
    List<CompletableFuture<Boolean>> starts = new ArrayList<>();
    for (int i = 1; i <= nodeCount; i++) {
      starts.add(begin(i));
    }
    for (CompletableFuture<Boolean> start : starts) {
      start.get(60, TimeUnit.SECONDS);
    }
    awaitAllAlive();
  }

  String address(int number) {
    return subnet + "." + number;
  }

  InetSocketAddress contact(int number) {
    return new InetSocketAddress(address(number), 9042);
  }

  /** Begins to start a node; done when it serves. */
  CompletableFuture<Boolean> begin(int number) {
    CompletableFuture<Boolean> ready = new CompletableFuture<>();
    RealEnvironment world =
        new RealEnvironment(
            2,
            failure -> {
              failure.printStackTrace();
              ready.completeExceptionally(failure);
            });
    String yaml =
        "cluster_name: test\nlisten_address: "
            + address(number)
            + "\nseeds: ["
            + String.join(", ", voters.stream().map(Endpoint::toString).toList())
            + "]\n";
    NodeConfig config =
        ConfigFile.parse("test", yaml, directory.resolve("node" + number), 256L << 20, 2);
    Node node =
        new Node(
            world.environment(),
            config,
            new Node.Listener() {
              @Override
              public void ready() {
                ready.complete(true);
              }

              @Override
              public void failed(String why) {
                ready.completeExceptionally(new StartupException(why));
              }
            });
    running.put(number, new Running(world, node));
    node.start();
    return ready;
  }

  /** Starts a node that was stopped. */
  void start(int number) throws Exception {
    begin(number).get(60, TimeUnit.SECONDS);
  }

  Node node(int number) {
    Running found = running.get(number);
    if (found == null) {
      throw new IllegalStateException("node " + number + " does not run");
    }
    return found.node;
  }

  /** Waits until every running node takes every running node for alive. */
  void awaitAllAlive() throws InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!allAlive()) {
      if (System.nanoTime() > limit) {
        throw new IllegalStateException("the nodes do not see each other");
      }
      Thread.sleep(50);
    }
  }

  private boolean allAlive() {
    for (Running one : running.values()) {
      if (one.node.coordinator().metadata().nodes().size() < nodeCount) {
        return false;
      }
      for (Running other : running.values()) {
        if (!one.node.coordinator().isAlive(other.node.coordinator().localHostId())) {
          return false;
        }
      }
    }
    return true;
  }

  /** Stops a node as SIGTERM does. */
  void stop(int number) throws InterruptedException {
    Running found = running.remove(number);
    if (found != null) {
      CountDownLatch stopped = new CountDownLatch(1);
      found.node.stop(stopped::countDown);
      if (!stopped.await(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("node " + number + " did not stop");
      }
      found.world.close();
    }
  }

  void close() throws InterruptedException {
    for (int number : List.copyOf(running.keySet())) {
      stop(number);
    }
  }
}
