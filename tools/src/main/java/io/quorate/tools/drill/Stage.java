package io.quorate.tools.drill;

import io.quorate.client.NodeListener;
import io.quorate.client.PreparedStatement;
import io.quorate.client.ResultPage;
import io.quorate.client.Session;
import io.quorate.client.SessionConfig;
import io.quorate.client.Statement;
import io.quorate.node.NodeConfig;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.tools.AdminClient;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.Json;
import io.quorate.tools.cluster.LocalCluster;
import io.quorate.tools.cluster.NodeDirectory;
import io.quorate.tools.drill.Chronicle.Sight;
import io.quorate.tools.drill.Chronicle.What;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Three nodes under load and under watch: where a drill happens. */
final class Stage implements AutoCloseable {
  private static final int NODES = 3;
  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final int READS_AT_ONCE = 64;
  private static final int LOOKS = 10;
  private static final long LOOK_MILLIS = 1_000;

  /** How long anything is waited for before it counts as not happening. */
  static final long PATIENCE_SECONDS = 60;

  private final LocalCluster cluster;
  private final Report report;
  private final @Nullable NodeNetwork network;
  private final int perSecond;
  private final long holdMillis;
  private final Chronicle chronicle = new Chronicle();
  private final List<Lookout> lookouts = new ArrayList<>();
  private final List<Session> sessions = new ArrayList<>();
  private final List<Load> loads = new ArrayList<>();
  private final Session driver;

  /**
   * Starts the nodes.
   *
   * @param network in which they are; null for this machine's own
   * @param perSecond requests of each load
   * @param hold how long a fault lasts at least
   */
  Stage(
      LocalCluster cluster,
      String address,
      @Nullable NodeNetwork network,
      int perSecond,
      Duration hold,
      Report report) {
    this.cluster = cluster;
    this.network = network;
    this.perSecond = perSecond;
    this.holdMillis = hold.toMillis();
    this.report = report;
    long begin = System.nanoTime();
    cluster.startNew(NODES, address, START_LIMIT);
    report.tell(
        String.format(
            Locale.ROOT, "three nodes are up, in %.1f s", (System.nanoTime() - begin) / 1e9));
    this.driver =
        open(
            SessionConfig.of(
                nodes().stream().map(Stage::cqlAddress).toArray(InetSocketAddress[]::new)));
    driver.execute(
        "CREATE KEYSPACE drill WITH replication ="
            + " {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}");
    driver.execute("CREATE TABLE " + Load.TABLE + " (id bigint PRIMARY KEY, v text)");
    driver.addListener(
        new NodeListener() {
          @Override
          public void up(InetSocketAddress node) {
            told(node, What.UP);
          }

          @Override
          public void down(InetSocketAddress node) {
            told(node, What.DOWN);
          }
        });
    nodes().forEach(node -> lookouts.add(new Lookout(node, nodes(), chronicle)));
  }

  private void told(InetSocketAddress address, What what) {
    for (NodeDirectory node : nodes()) {
      if (cqlAddress(node).equals(address)) {
        chronicle.add(Chronicle.DRIVER, node.name(), what, "");
      }
    }
  }

  private static InetSocketAddress cqlAddress(NodeDirectory node) {
    NodeConfig config = node.config();
    return new InetSocketAddress(config.listenAddress(), config.nativeTransportPort());
  }

  private Session open(SessionConfig config) {
    Session session = Session.connect(config);
    sessions.add(session);
    return session;
  }

  /** A session that asks this node and no other. */
  Session only(NodeDirectory node) {
    return open(SessionConfig.of(cqlAddress(node)).withOnlyContactPoints());
  }

  /** The session that asks all nodes, as an application's does. */
  Session driver() {
    return driver;
  }

  Report report() {
    return report;
  }

  Chronicle chronicle() {
    return chronicle;
  }

  LocalCluster cluster() {
    return cluster;
  }

  NodeNetwork network() {
    if (network == null) {
      throw new IllegalStateException("this drill has no network of its own");
    }
    return network;
  }

  List<NodeDirectory> nodes() {
    return cluster.nodes();
  }

  List<NodeDirectory> others(NodeDirectory one) {
    return nodes().stream().filter(node -> node.number() != one.number()).toList();
  }

  /** A drill goes on as soon as a node answers, however busy the machine is. */
  static AdminClient admin(NodeDirectory node) {
    return node.admin(Duration.ofSeconds(PATIENCE_SECONDS));
  }

  static List<String> names(List<NodeDirectory> nodes) {
    return nodes.stream().map(NodeDirectory::name).toList();
  }

  static String text(List<NodeDirectory> nodes) {
    return String.join(" and ", names(nodes));
  }

  /** The node that leads the metadata ring: the one that those say who know the newest term. */
  NodeDirectory leader() {
    String leads = "";
    long term = -1;
    for (NodeDirectory node : nodes()) {
      Json raft = admin(node).json("/v1/raft");
      if (!raft.text("leader").isEmpty() && raft.number("term") > term) {
        leads = raft.text("leader");
        term = raft.number("term");
      }
    }
    String leader = leads;
    return nodes().stream()
        .filter(node -> node.config().internode().toString().equals(leader))
        .findFirst()
        .orElseThrow(() -> new CommandFailed("the metadata ring has no leader"));
  }

  /** Requests by an ordinary session, which goes to all nodes. */
  Load load() {
    return load("driver", List.of(driver));
  }

  /** A steady load from now on, by sessions that take turns. */
  Load load(String name, List<Session> by) {
    long firstKey = (loads.size() + 1) * 1_000_000_000L;
    Load load = new Load(name, by, perSecond, firstKey, chronicle);
    loads.add(load);
    return load;
  }

  long holdNanos() {
    return holdMillis * 1_000_000;
  }

  /** Lets the load run for as long as a fault should last at least. */
  void hold() {
    pause(holdMillis);
  }

  /** Lets the load run for a moment. */
  void warm() {
    report.tell(
        String.format(
            Locale.ROOT,
            "load at QUORUM, RF 3: %d requests a second, half of them writes",
            perSecond));
    pause(Math.min(3_000, holdMillis));
    loads.forEach(Load::measure);
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailed("interrupted", e);
    }
  }

  static boolean await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE_SECONDS * 1_000_000_000L;
    while (System.nanoTime() - deadline < 0) {
      if (condition.getAsBoolean()) {
        return true;
      }
      pause(50);
    }
    return false;
  }

  /** Starts nodes, and returns when they and the others see each other. */
  void start(List<NodeDirectory> nodes) {
    cluster.start(nodes, START_LIMIT);
  }

  // ---------------------------------------------------------------------------------------------
  // The timeline (F10)

  /** Detect, validate and driver told: the three steps of a node that goes. */
  void stepsDown(NodeDirectory gone, long sinceNanos) {
    List<String> others = names(others(gone));
    Optional<Sight> detected =
        chronicle.await(
            sinceNanos,
            sight ->
                sight.whom().equals(gone.name())
                    && others.contains(sight.by())
                    && (sight.what() == What.SUSPECT || sight.what() == What.DOWN),
            PATIENCE_SECONDS);
    report.step(
        "detect",
        sinceNanos,
        detected,
        detected.map(Sight::by).orElse("nobody") + " misses " + gone.name());
    report.step(
        "validate",
        sinceNanos,
        chronicle.awaitAll(sinceNanos, others, gone.name(), What.DOWN, PATIENCE_SECONDS),
        text(others(gone)) + " agree that it is DOWN");
    report.step(
        "driver told",
        sinceNanos,
        chronicle.await(
            sinceNanos,
            sight ->
                sight.by().equals(Chronicle.DRIVER)
                    && sight.whom().equals(gone.name())
                    && sight.what() == What.DOWN,
            5),
        "most nodes say that it is DOWN");
  }

  /** Elect: a leader of the metadata ring that is not the one that is gone, known to all others. */
  @Nullable Double stepElect(NodeDirectory gone, long sinceNanos) {
    Optional<Sight> last = Optional.empty();
    for (NodeDirectory node : others(gone)) {
      Predicate<Sight> told =
          sight ->
              sight.by().equals(node.name())
                  && sight.what() == What.LEADS
                  && !sight.whom().equals(gone.name());
      Optional<Sight> first = chronicle.await(sinceNanos, told, PATIENCE_SECONDS);
      if (first.isEmpty()) {
        last = first;
        break;
      }
      last = last.filter(known -> known.nanos() - first.get().nanos() > 0).or(() -> first);
    }
    report.step(
        "elect",
        sinceNanos,
        last,
        last.map(sight -> sight.whom() + " leads in " + sight.text()).orElse("nobody leads")
            + ", as all the rest know");
    return report.seconds("elect");
  }

  /** Route: the last request of a load that failed or took long. */
  void stepRoute(Load load, long sinceNanos) {
    List<Sight> trouble =
        chronicle.all(
            sinceNanos,
            System.nanoTime(),
            sight -> sight.what() == What.TROUBLE && sight.by().equals(load.name()));
    report.step(
        "route",
        trouble.isEmpty()
            ? Double.valueOf(0)
            : Double.valueOf((trouble.getLast().nanos() - sinceNanos) / 1e9),
        trouble.isEmpty()
            ? "no request failed or took over 500 ms"
            : "the last of " + trouble.size() + " requests that failed or took over 500 ms");
  }

  /** Back: all the others see the node UP again. */
  void stepBack(NodeDirectory back, long sinceNanos, String since) {
    report.step(
        "back",
        sinceNanos,
        chronicle.awaitAll(sinceNanos, names(others(back)), back.name(), What.UP, PATIENCE_SECONDS),
        "after " + since + ": " + text(others(back)) + " see it UP");
  }

  /** Hints: nothing is left that a node has to bring another. */
  void stepHints(long sinceNanos, String since) {
    boolean delivered = await(() -> pendingHints() == 0);
    report.step(
        "hints",
        delivered ? Double.valueOf((System.nanoTime() - sinceNanos) / 1e9) : null,
        "after " + since + ": all hints are delivered");
  }

  private long pendingHints() {
    long pending = 0;
    for (NodeDirectory node : nodes()) {
      try {
        pending += node.admin().json("/v1/info").at("hints").number("pending");
      } catch (CommandFailed notYet) {
        return Long.MAX_VALUE;
      }
    }
    return pending;
  }

  // ---------------------------------------------------------------------------------------------
  // What must be there at the end

  /**
   * Ends the loads and reads every acknowledged write: at QUORUM, and from each replica.
   *
   * @param sinceNanos when the last fault was over
   */
  void settle(long sinceNanos) {
    loads.forEach(Load::close);
    List<Long> keys = new ArrayList<>();
    for (Load load : loads) {
      report.load(load.figures());
      keys.addAll(load.acknowledged());
    }
    report.tell(
        String.format(
            Locale.ROOT, "reading %,d acknowledged writes, from each replica", keys.size()));
    Set<Long> lostKeys = Set.copyOf(missing(driver, ConsistencyLevel.QUORUM, keys));
    long lost = lostKeys.size();
    List<Long> found = keys.stream().filter(key -> !lostKeys.contains(key)).toList();
    List<String> behind = new ArrayList<>();
    for (NodeDirectory node : nodes()) {
      Session asked = only(node);
      List<Long> lacking = missing(asked, ConsistencyLevel.ONE, found);
      for (int look = 0; look < LOOKS && !lacking.isEmpty(); look++) {
        pause(LOOK_MILLIS);
        lacking = missing(asked, ConsistencyLevel.ONE, lacking);
      }
      if (!lacking.isEmpty()) {
        behind.add(lacking.size() + " at " + node.name());
      }
    }
    report.step(
        "caught up",
        behind.isEmpty() ? Double.valueOf((System.nanoTime() - sinceNanos) / 1e9) : null,
        behind.isEmpty()
            ? "all three replicas have all of them, as reads at ONE tell"
            : "rows that lack " + String.join(", ", behind) + ": no hint outlived its coordinator");
    report.fact("replicas_behind", behind);
    report.fact("acknowledged_writes", keys.size());
    report.fact("lost_writes", lost);
    report.promise(
        lost == 0 && !keys.isEmpty(),
        String.format(Locale.ROOT, "%,d acknowledged writes, %,d lost", keys.size(), lost));
    long unseen = report.total(Load.Figures::unseen);
    report.promise(
        unseen == 0, String.format(Locale.ROOT, "%,d reads missed a write before them", unseen));
  }

  private static List<Long> missing(Session session, ConsistencyLevel level, List<Long> keys) {
    PreparedStatement read = session.prepare("SELECT v FROM " + Load.TABLE + " WHERE id = ?");
    List<Long> missing = new ArrayList<>();
    Semaphore free = new Semaphore(READS_AT_ONCE);
    for (long key : keys) {
      free.acquireUninterruptibly();
      Statement statement = read.bind(key).withConsistency(level);
      session
          .executeAsync(statement)
          .whenComplete((@Nullable ResultPage page, @Nullable Throwable failure) -> {
            if (failure != null || !Load.holds(page, key)) {
              synchronized (missing) {
                missing.add(key);
              }
            }
            free.release();
          });
    }
    free.acquireUninterruptibly(READS_AT_ONCE);
    synchronized (missing) {
      return List.copyOf(missing);
    }
  }

  /** Whether every request of the loads was answered well. */
  void promiseNoFailure() {
    long failed = report.total(Load.Figures::failed) + report.total(Load.Figures::unknown);
    report.promise(
        failed == 0,
        String.format(
            Locale.ROOT,
            "%,d of %,d requests at QUORUM failed",
            failed,
            report.total(Load.Figures::requests)));
  }

  @Override
  public void close() {
    loads.forEach(Load::close);
    lookouts.forEach(Lookout::close);
    sessions.forEach(Session::close);
  }
}
