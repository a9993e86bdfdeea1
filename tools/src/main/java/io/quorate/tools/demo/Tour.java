package io.quorate.tools.demo;

import io.quorate.client.ConnectionError;
import io.quorate.client.RequestError;
import io.quorate.client.ResultPage;
import io.quorate.client.Row;
import io.quorate.client.Session;
import io.quorate.client.SessionConfig;
import io.quorate.client.Statement;
import io.quorate.node.NodeConfig;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.ErrorDetails;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.Quorate;
import io.quorate.tools.cluster.LocalCluster;
import io.quorate.tools.cluster.NodeDirectory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The chapters of the demo, on three nodes that are up. Node 3 is the one that suffers. */
final class Tour implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final int NODES = 3;
  private static final int MISSED_WRITES = 20;
  private static final long AT_ONCE_MILLIS = 2_000;

  private final LocalCluster cluster;
  private final Story story;
  private final NodeDirectory first;
  private final NodeDirectory second;
  private final NodeDirectory third;
  private final Session everywhere;

  Tour(LocalCluster cluster, Story story) {
    this.cluster = cluster;
    this.story = story;
    List<NodeDirectory> nodes = cluster.nodes();
    this.first = nodes.get(0);
    this.second = nodes.get(1);
    this.third = nodes.get(2);
    this.everywhere =
        Session.connect(
            SessionConfig.of(
                nodes.stream().map(Tour::cqlAddress).toArray(InetSocketAddress[]::new)));
  }

  void run() {
    levels();
    killedNode();
    hints();
    staleReplica();
    metadataRing();
  }

  private static InetSocketAddress cqlAddress(NodeDirectory node) {
    NodeConfig config = node.config();
    return new InetSocketAddress(config.listenAddress(), config.nativeTransportPort());
  }

  /** A session that asks this node and no other. */
  private static Session only(NodeDirectory node) {
    return Session.connect(SessionConfig.of(cqlAddress(node)).withOnlyContactPoints());
  }

  private static ResultPage run(Session session, ConsistencyLevel level, String cql) {
    return session.execute(Statement.of(cql).withConsistency(level).idempotent());
  }

  private static @Nullable String text(Session session, ConsistencyLevel level, int id) {
    Row row = run(session, level, "SELECT text FROM demo.notes WHERE id = " + id).first();
    return row == null ? null : row.string("text");
  }

  private static void write(Session session, ConsistencyLevel level, int id, String text) {
    run(session, level, "INSERT INTO demo.notes (id, text) VALUES (" + id + ", '" + text + "')");
  }

  private void levels() {
    story.chapter(
        "A write at each level: how many replicas must have it before it is acknowledged");
    everywhere.execute(
        "CREATE KEYSPACE demo WITH replication ="
            + " {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}");
    everywhere.execute("CREATE TABLE demo.notes (id int PRIMARY KEY, text text)");
    for (ConsistencyLevel level : ConsistencyLevel.values()) {
      if (!level.isSerial()) {
        long begin = System.nanoTime();
        write(everywhere, level, level.code(), "written at " + level);
        double millis = (System.nanoTime() - begin) / 1e6;
        boolean read =
            ("written at " + level).equals(text(everywhere, readable(level), level.code()));
        story.claim(
            read,
            String.format(
                Locale.ROOT,
                "%-12s acknowledged in %.1f ms, read back at %s",
                level,
                millis,
                readable(level)));
      }
    }
  }

  /** The level at which a read is sure to meet a write of this level. */
  private static ConsistencyLevel readable(ConsistencyLevel writes) {
    return switch (writes) {
      case ANY, ONE, LOCAL_ONE, TWO -> ConsistencyLevel.ALL;
      case THREE, ALL -> ConsistencyLevel.ONE;
      default -> ConsistencyLevel.QUORUM;
    };
  }

  private void killedNode() {
    story.chapter("kill -9 of node 3 while a client writes and reads at QUORUM");
    try (SteadyLoad load = new SteadyLoad(everywhere)) {
      pause(1_000);
      int before = load.requests();
      long killed = System.nanoTime();
      cluster.kill(third);
      boolean seen = await(() -> upCount(first) == NODES - 1 && upCount(second) == NODES - 1);
      double seconds = (System.nanoTime() - killed) / 1e9;
      story.claim(seen, String.format(Locale.ROOT, "the others see it down after %.1f s", seconds));
      pause(1_000);
      load.end();
      load.failures().stream().distinct().limit(3).forEach(story::tell);
      story.claim(
          load.failures().isEmpty() && load.requests() > before,
          String.format(
              Locale.ROOT,
              "QUORUM went on: %,d requests before the kill, %,d after it, %d failed",
              before,
              load.requests() - before,
              load.failures().size()));
    }
    Outcome all = attempt(() -> write(everywhere, ConsistencyLevel.ALL, 1, "to all"));
    story.tell("a write at ALL: " + all.text());
    story.claim(
        all.error() != null
            && all.error().details() instanceof ErrorDetails.Unavailable counts
            && counts.required() == 3
            && counts.alive() == 2,
        "ALL is refused with exact counts: 3 required, 2 alive");
  }

  private void hints() {
    story.chapter("Hints: what node 3 misses is kept for it, and arrives when it is back");
    for (int id = 0; id < MISSED_WRITES; id++) {
      write(everywhere, ConsistencyLevel.QUORUM, 100 + id, "missed " + id);
    }
    boolean kept = await(() -> hints("pending") >= MISSED_WRITES);
    story.claim(kept, "hints for node 3, at nodes 1 and 2: " + hints("pending") + " pending");
    cluster.start(List.of(third), START_LIMIT);
    boolean delivered = await(() -> hints("pending") == 0);
    story.claim(
        delivered,
        "node 3 is back: " + hints("delivered") + " delivered, " + hints("pending") + " pending");
    try (Session asked = only(third)) {
      int there = 0;
      for (int id = 0; id < MISSED_WRITES; id++) {
        there += ("missed " + id).equals(text(asked, ConsistencyLevel.ONE, 100 + id)) ? 1 : 0;
      }
      story.claim(
          there == MISSED_WRITES,
          there + " of " + MISSED_WRITES + " missed writes are read from node 3 at ONE");
    }
  }

  private void staleReplica() {
    story.chapter("A replica made stale on purpose (no hints), repaired by a QUORUM read");
    int id = 500;
    write(everywhere, ConsistencyLevel.ALL, id, "old");
    for (NodeDirectory node : List.of(first, second)) {
      cluster.stop(List.of(node));
      node.reconfigure(Map.of("max_hint_window_ms", "0"));
      cluster.start(List.of(node), START_LIMIT);
    }
    story.tell("nodes 1 and 2 restarted one by one with max_hint_window_ms: 0");
    cluster.kill(third);
    await(() -> upCount(first) == NODES - 1 && upCount(second) == NODES - 1);
    write(everywhere, ConsistencyLevel.QUORUM, id, "new");
    cluster.start(List.of(third), START_LIMIT);
    try (Session asked = only(third)) {
      String before = text(asked, ConsistencyLevel.ONE, id);
      story.claim("old".equals(before), "node 3 at ONE reads '" + before + "': it is stale");
      long repairs = third.admin().json("/v1/info").number("read_repairs");
      String quorum = text(asked, ConsistencyLevel.QUORUM, id);
      story.claim("new".equals(quorum), "node 3 at QUORUM reads '" + quorum + "'");
      long repaired = third.admin().json("/v1/info").number("read_repairs") - repairs;
      String after = text(asked, ConsistencyLevel.ONE, id);
      story.claim(
          "new".equals(after) && repaired > 0,
          "node 3 at ONE now reads '" + after + "'; read repairs: " + repaired + " more");
    }
  }

  private void metadataRing() {
    story.chapter("Two of three nodes killed: the metadata ring refuses, data at ONE goes on");
    cluster.kill(second);
    cluster.kill(third);
    await(() -> upCount(first) == 1);
    try (Session asked = only(first)) {
      long begin = System.nanoTime();
      Outcome change =
          attempt(() -> asked.execute("CREATE TABLE demo.refused (id int PRIMARY KEY)"));
      long millis = (System.nanoTime() - begin) / 1_000_000;
      story.tell("CREATE TABLE: " + change.text());
      story.claim(
          change.error() != null && millis < AT_ONCE_MILLIS,
          "a change of metadata without a majority is refused, after " + millis + " ms");
      Outcome quorum = attempt(() -> write(asked, ConsistencyLevel.QUORUM, 900, "to two"));
      story.tell("a write at QUORUM: " + quorum.text());
      story.claim(
          quorum.error() != null
              && quorum.error().details() instanceof ErrorDetails.Unavailable counts
              && counts.required() == 2
              && counts.alive() == 1,
          "QUORUM is refused with exact counts: 2 required, 1 alive");
      Outcome one = attempt(() -> write(asked, ConsistencyLevel.ONE, 900, "to one"));
      story.claim(
          one.error() == null && "to one".equals(text(asked, ConsistencyLevel.ONE, 900)),
          "writes and reads at ONE go on");
    }
    cluster.start(List.of(second, third), START_LIMIT);
    Outcome again =
        attempt(() -> everywhere.execute("CREATE TABLE demo.accepted (id int PRIMARY KEY)"));
    story.claim(again.error() == null, "with a majority back, CREATE TABLE: " + again.text());
  }

  /** What became of a request: an error that the cluster told, or none. */
  private record Outcome(@Nullable RequestError error, String text) {}

  private static Outcome attempt(Runnable request) {
    try {
      request.run();
      return new Outcome(null, "done");
    } catch (RequestError e) {
      return new Outcome(e, Quorate.describe(e));
    } catch (ConnectionError e) {
      throw new CommandFailed(Quorate.describe(e), e);
    }
  }

  private long hints(String counter) {
    long sum = 0;
    for (NodeDirectory node : List.of(first, second)) {
      sum += node.admin().json("/v1/info").at("hints").number(counter);
    }
    return sum;
  }

  private static long upCount(NodeDirectory node) {
    return node.admin().json("/v1/status").at("nodes").elements().stream()
        .map(seen -> seen.text("status"))
        .filter("UP"::equals)
        .count();
  }

  private static boolean await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + WAIT_NANOS;
    while (System.nanoTime() - deadline < 0) {
      if (condition.getAsBoolean()) {
        return true;
      }
      pause(100);
    }
    return false;
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailed("interrupted", e);
    }
  }

  @Override
  public void close() {
    everywhere.close();
  }
}
