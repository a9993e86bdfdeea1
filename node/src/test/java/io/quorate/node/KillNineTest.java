package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.metadata.Node;
import io.quorate.node.ServerProcesses.Server;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A write that was acknowledged must be there after every server was killed at once. */
class KillNineTest {
  private static final int NODES = 3;
  private static final int IN_FLIGHT = 64;

  @TempDir Path directory;
  private final ServerProcesses processes = new ServerProcesses();
  private final List<Server> running = new ArrayList<>();

  @AfterEach
  void stop() {
    processes.close();
  }

  @Test
  void noAcknowledgedWriteIsLostWhenAllNodesAreKilled() throws Exception {
    startAll("127.0.14");
    WriteLoad load;
    try (CqlSession session = connect("127.0.14")) {
      createTable(session);
      load = new WriteLoad(session, false);
      load.awaitAcknowledged(3_000);
      running.forEach(server -> server.process().destroyForcibly());
      running.forEach(Server::killNine);
      load.stop();
    }
    assertThat(load.acknowledged).hasSizeGreaterThanOrEqualTo(3_000);
    assertThat(load.failed).as("the load went on until the kill").isNotEmpty();

    startAll("127.0.14");
    try (CqlSession session = connect("127.0.14")) {
      awaitAllAlive(session);
      assertThat(missing(session, load.acknowledged, ConsistencyLevel.QUORUM, null)).isEmpty();
      insert(session, -1, ConsistencyLevel.ALL);
    }
  }

  /**
   * The driver's own retry policy sends an idempotent statement to the next node when the
   * connection that carried it breaks; statements are idempotent only when the application says so.
   * Speculative executions are off, and the request timeout is 2 s: the defaults.
   */
  @Test
  void atQuorumNobodyNoticesThatOneNodeIsKilled() throws Exception {
    startAll("127.0.15");
    try (CqlSession session = connect("127.0.15")) {
      createTable(session);
      WriteLoad load = new WriteLoad(session, true);
      load.awaitAcknowledged(1_000);
      running.get(2).killNine();
      InetSocketAddress address = new InetSocketAddress("127.0.15.3", 9042);
      load.awaitAcknowledged(load.acknowledged.size() + 3_000);
      // Only now has the driver read the last answers that the victim had sent.
      Set<Integer> byVictim = load.coordinatedBy(node(session, address).getHostId());
      running.set(2, start("127.0.15", 3).awaitReady());
      load.awaitAcknowledged(load.acknowledged.size() + 1_000);
      load.stop();
      assertThat(load.failed).isEmpty();

      awaitAllAlive(session);
      insert(session, -1, ConsistencyLevel.ALL);
      Node back = node(session, address);
      // What survivors coordinated came by hints, or directly: LOCAL_ONE prefers the copy of the
      // node asked.
      List<Integer> hinted =
          load.acknowledged.stream().filter(key -> !byVictim.contains(key)).toList();
      assertThat(hinted).hasSizeGreaterThan(4_000);
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .untilAsserted(() ->
              assertThat(missing(session, hinted, ConsistencyLevel.LOCAL_ONE, back)).isEmpty());
      // What the victim coordinated itself may have been acknowledged by both others before its
      // own copy was on disk, and nobody was left to keep a hint: a QUORUM read repairs that.
      assertThat(missing(session, load.acknowledged, ConsistencyLevel.QUORUM, back)).isEmpty();
      assertThat(missing(session, load.acknowledged, ConsistencyLevel.LOCAL_ONE, back)).isEmpty();
    }
  }

  private void startAll(String subnet) throws Exception {
    running.clear();
    for (int number = 1; number <= NODES; number++) {
      running.add(start(subnet, number));
    }
    for (Server server : running) {
      server.awaitReady();
    }
  }

  private Server start(String subnet, int number) throws Exception {
    List<String> seeds = IntStream.rangeClosed(1, NODES).mapToObj(i -> subnet + "." + i).toList();
    return processes.start(
        directory.resolve("node" + number),
        "cluster_name: drill\nshards: 2\nlisten_address: "
            + subnet
            + "."
            + number
            + "\nseeds: ["
            + String.join(", ", seeds)
            + "]\n");
  }

  private static CqlSession connect(String subnet) {
    return CqlSession.builder()
        .addContactPoint(new InetSocketAddress(subnet + ".1", 9042))
        .addContactPoint(new InetSocketAddress(subnet + ".2", 9042))
        .withLocalDatacenter("datacenter1")
        .withConfigLoader(
            DriverConfigLoader.programmaticBuilder()
                // So that the driver's first try of a node that is back comes soon.
                .withDuration(DefaultDriverOption.RECONNECTION_MAX_DELAY, Duration.ofSeconds(1))
                .build())
        .build();
  }

  private static void createTable(CqlSession session) {
    session.execute(
        "CREATE KEYSPACE app WITH replication = {'class': 'NetworkTopologyStrategy',"
            + " 'datacenter1': 3}");
    session.execute("CREATE TABLE app.t (k int PRIMARY KEY, v int)");
  }

  private static void insert(CqlSession session, int key, ConsistencyLevel level) {
    session.execute(
        SimpleStatement.newInstance("INSERT INTO app.t (k, v) VALUES (?, ?)", key, value(key))
            .setConsistencyLevel(level));
  }

  private static int value(int key) {
    return key * 31 + 7;
  }

  private static Node node(CqlSession session, InetSocketAddress address) {
    return session.getMetadata().getNodes().values().stream()
        .filter(node -> address.equals(node.getEndPoint().resolve()))
        .findFirst()
        .orElseThrow();
  }

  /** Until ALL is accepted, some node still takes another for dead. */
  private static void awaitAllAlive(CqlSession session) {
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptions()
        .until(() -> {
          for (Node node : session.getMetadata().getNodes().values()) {
            session.execute(
                SimpleStatement.newInstance("SELECT v FROM app.t WHERE k = 0")
                    .setConsistencyLevel(ConsistencyLevel.ALL)
                    .setNode(node));
          }
          return session.getMetadata().getNodes().size() == NODES;
        });
  }

  /**
   * The keys that are not there, or hold something else.
   *
   * @param at the node to ask, or null for any
   */
  private static List<Integer> missing(
      CqlSession session, Iterable<Integer> keys, ConsistencyLevel level, @Nullable Node at) {
    PreparedStatement select = session.prepare("SELECT v FROM app.t WHERE k = ?");
    List<Integer> missing = new ArrayList<>();
    ArrayDeque<CompletableFuture<Boolean>> reads = new ArrayDeque<>();
    ArrayDeque<Integer> asked = new ArrayDeque<>();
    for (int key : keys) {
      reads.add(
          session
              .executeAsync(select.bind(key).setConsistencyLevel(level).setNode(at))
              .thenApply(rows -> {
                var row = rows.one();
                return row != null && row.getInt(0) == value(key);
              })
              .toCompletableFuture());
      asked.add(key);
      if (reads.size() == IN_FLIGHT) {
        collect(reads, asked, missing);
      }
    }
    while (!reads.isEmpty()) {
      collect(reads, asked, missing);
    }
    return missing;
  }

  private static void collect(
      Queue<CompletableFuture<Boolean>> reads, Queue<Integer> asked, List<Integer> missing) {
    int key = asked.remove();
    if (!reads.remove().join()) {
      missing.add(key);
    }
  }

  /** Inserts one key after the other, always some of them under way, until it is stopped. */
  private static final class WriteLoad {
    final Queue<Integer> acknowledged = new ConcurrentLinkedQueue<>();
    private final Map<Integer, UUID> coordinators = new ConcurrentHashMap<>();
    final Queue<Throwable> failed = new ConcurrentLinkedQueue<>();
    private final Semaphore slots = new Semaphore(IN_FLIGHT);
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final Thread thread;

    WriteLoad(CqlSession session, boolean idempotent) {
      PreparedStatement insert = session.prepare("INSERT INTO app.t (k, v) VALUES (?, ?)");
      thread = Thread.ofPlatform().name("write load").start(() -> run(session, insert, idempotent));
    }

    private void run(CqlSession session, PreparedStatement insert, boolean idempotent) {
      for (int key = 0; !stopped.get(); key++) {
        slots.acquireUninterruptibly();
        int written = key;
        session
            .executeAsync(
                insert
                    .bind(key, value(key))
                    .setConsistencyLevel(ConsistencyLevel.QUORUM)
                    .setIdempotent(idempotent))
            .whenComplete((rows, failure) -> {
              if (failure == null) {
                Node coordinator = rows.getExecutionInfo().getCoordinator();
                if (coordinator != null && coordinator.getHostId() != null) {
                  coordinators.put(written, coordinator.getHostId());
                }
                acknowledged.add(written);
              } else {
                failed.add(failure);
                if (failed.size() > 10_000) {
                  stopped.set(true);
                }
              }
              slots.release();
            });
      }
    }

    /** The acknowledged keys whose coordinator was this node. */
    Set<Integer> coordinatedBy(@Nullable UUID hostId) {
      Set<Integer> keys = new TreeSet<>();
      coordinators.forEach((key, coordinator) -> {
        if (coordinator.equals(hostId)) {
          keys.add(key);
        }
      });
      return keys;
    }

    void awaitAcknowledged(int count) {
      Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .pollInterval(Duration.ofMillis(10))
          .until(() -> acknowledged.size() >= count);
    }

    /** Ends it, and waits for what is under way. */
    void stop() throws InterruptedException {
      stopped.set(true);
      thread.join();
      slots.acquire(IN_FLIGHT);
    }
  }
}
