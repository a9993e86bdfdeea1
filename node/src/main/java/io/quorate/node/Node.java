package io.quorate.node;

import io.quorate.coordinator.BatchLog;
import io.quorate.coordinator.RingCoordinator;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Messaging;
import io.quorate.environment.Shard;
import io.quorate.hintedhandoff.HintStats;
import io.quorate.protocol.Murmur3;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftListener;
import io.quorate.raft.RaftNode;
import io.quorate.raft.RaftStatus;
import io.quorate.raft.RingGivenUp;
import io.quorate.sstable.StorageEngine;
import io.quorate.sstable.TableSettings;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server, from its start to its end. Reads its disk, takes part in gossip and in the metadata
 * ring, joins, and then serves clients. Every step is an event on a shard or a task in the
 * background, so the same node runs in a simulation.
 *
 * <p>Metadata ring, gossip, and hint delivery live on the first shard. The parts are made by {@link
 * Assembly}; afterwards they do not change.
 */
public final class Node {
  private static final Logger log = LoggerFactory.getLogger(Node.class);

  /** How long a node that has left tries to hand over what came while it did so before. */
  private static final long LAST_HAND_OVER_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final long LOAD_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Environment environment;
  private final NodeConfig config;
  private final SortedSet<String> features;
  private final Listener listener;
  private final Shard shard;
  private final Tasks tasks;
  private final StorageWatch watch;
  private final Executor identityThread;
  private final AtomicBoolean told = new AtomicBoolean();
  private volatile NodeState state = NodeState.STARTING;
  private volatile @Nullable NodeParts parts;
  private @Nullable Closeable directoryLock;

  /** Host ids that gossip was told to forget. On the metadata ring's shard. */
  private final Set<UUID> forgotten = new TreeSet<>();

  /** Hears how the start ends. Called on any thread, once. */
  public interface Listener {
    /** Clients are served from now on. */
    void ready();

    /**
     * The node cannot start, or cannot go on.
     *
     * @param why one line for the operator
     */
    void failed(String why);
  }

  public Node(Environment environment, NodeConfig config, Listener listener) {
    this(environment, config, Feature.KNOWN, listener);
  }

  /**
   * A node as another build would be.
   *
   * @param features what it knows
   */
  public Node(
      Environment environment, NodeConfig config, SortedSet<String> features, Listener listener) {
    this.features = features;
    WatchedFiles files = new WatchedFiles(environment.files());
    this.environment = environment.withFiles(files);
    this.config = config;
    this.listener = listener;
    this.shard = environment.shards().get(0);
    this.identityThread = environment.background().serial("identity");
    this.tasks = new Tasks(environment.clock());
    this.watch = new StorageWatch(files, new StorageReports(tasks), config.dataDirectory());
  }

  /** Begins to start; the listener hears the rest. */
  public void start() {
    environment.background().serial("start").execute(this::readDisk);
  }

  private void readDisk() {
    try {
      Path data = config.dataDirectory();
      environment.files().createDirectories(data);
      directoryLock = environment.files().lock(data.resolve("lock"));
      NodeIdentity identity =
          NodeIdentity.begin(
              environment,
              data,
              List.of(data.resolve("storage"), data.resolve("metadata")),
              config.clusterName());
      StorageEngine engine =
          StorageEngine.open(
              environment,
              data.resolve("storage"),
              Murmur3::token,
              Assembly.engineOptions(config),
              watch.reports());
      engine.maintenance().configure(config.compaction());
      engine.createTable(
          BatchLog.TABLE,
          TableSettings.DEFAULT.withGcGraceSeconds(0),
          failure -> {
            if (failure != null) {
              fail("the batch log cannot be made: " + failure.getMessage());
            } else {
              shard.execute(() -> startRings(identity, engine));
            }
          });
    } catch (IOException e) {
      fail(FileFailure.describe(e));
    } catch (StartupException e) {
      fail(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      failUnexpectedly(e);
    }
  }

  /** A task that threw would leave a process that neither serves nor ends. */
  private void failUnexpectedly(RuntimeException failure) {
    log.error("the start failed", failure);
    fail("this node cannot start: " + failure);
  }

  private void fail(String why) {
    state = NodeState.STOPPED;
    if (told.compareAndSet(false, true)) {
      listener.failed(why);
    } else {
      log.error("this node cannot go on: {}", why);
    }
  }

  private void startRings(NodeIdentity identity, StorageEngine engine) {
    NodeParts made;
    try {
      made =
          new Assembly(environment, config, this, identityThread)
              .make(identity, engine, new RaftEvents());
    } catch (RuntimeException e) {
      failUnexpectedly(e);
      return;
    }
    parts = made;
    try {
      Endpoint listen = new Endpoint(config.listenAddress(), config.internodePort());
      environment
          .messaging()
          .start(
              new Messaging.Identity(config.clusterName(), listen, config.internode()),
              made.internode().receiver());
      made.clients().listenForAdministration();
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()));
      return;
    }
    state = NodeState.JOINING;
    made.membership().start(config.seeds());
    made.hints()
        .open(failure -> {
          if (failure != null) {
            fail("the hints directory cannot be used: " + failure.getMessage());
          }
        });
    made.ring()
        .onMetadata(metadata -> {
          made.membership().contacts(metadata.nodes().stream().map(NodeInfo::internode).toList());
          forgetRemoved(made, metadata);
        });
    made.votingRight().follow();
    made.raft().start();
    describeMyself(made);
  }

  /** Starts to join when the metadata log is read. */
  private final class RaftEvents implements RaftListener {
    @Override
    public void started() {
      RaftMetadataRing ring = assembled().ring();
      assembled().votingRight().logIsRead();
      assembled().transitions().start();
      new MetadataVoters(environment, shard, ring, assembled().raft(), config.voterPolicy())
          .start();
      new FeatureSwitch(environment, shard, ring, assembled().raft(), features).start();
      Joining joining =
          new Joining(
              environment,
              shard,
              config,
              features,
              assembled().identity().hostId(),
              ring,
              Node.this::serve,
              Node.this::refused,
              hostId -> assembled().membership().isAlive(hostId));
      ring.whenSettled(joining::start);
    }

    @Override
    public void leaderChanged(@Nullable PeerId leader, long term) {
      if (leader == null) {
        log.info("the metadata ring has no leader in term {}", term);
      } else {
        log.info("{} leads the metadata ring in term {}", leader, term);
      }
    }

    @Override
    public void stateDiffers(PeerId other, long index, boolean isCertain) {
      log.error(
          "{} has other metadata than this node after change {}, {}; it leaves the metadata ring",
          other,
          index,
          isCertain ? "and a majority has this node's" : "and it is not known which is right");
    }

    @Override
    public void failed(Throwable cause) {
      if (cause instanceof RingGivenUp) {
        // What it knows of the cluster is of another history: it must serve nothing.
        leave();
        return;
      }
      if (state == NodeState.NORMAL) {
        // Requests at the schema that is known go on without this node's part of the ring.
        log.error("this node has left the metadata ring: {}", cause.getMessage());
      } else {
        fail("the metadata log cannot be used: " + cause.getMessage());
      }
    }
  }

  /** The cluster does not want this node. One that serves already goes in peace. */
  private void refused(String why) {
    if (state != NodeState.NORMAL) {
      fail(why);
      return;
    }
    log.error("this node cannot go on: {}", why);
    drain(assembled(), () -> state = NodeState.STOPPED);
  }

  private void serve() {
    if (state != NodeState.JOINING) {
      return; // told to stop meanwhile
    }
    NodeParts made = assembled();
    if (config.isWitness()) {
      begun();
      log.info("node {} is a witness of the metadata ring", made.identity().hostId());
      return;
    }
    made.batches().start();
    try {
      made.clients().listenForClients();
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()));
      return;
    }
    begun();
    log.info("node {} serves clients at {}", made.identity().hostId(), config.nativeTransport());
  }

  private void begun() {
    state = NodeState.NORMAL;
    if (told.compareAndSet(false, true)) {
      listener.ready();
    }
  }

  /** Tells the others from time to time what this node carries and knows. */
  private void describeMyself(NodeParts made) {
    long epoch = made.ring().metadata().epoch();
    watch.look(
        made.engine(),
        () -> {
          long load = watch.figures().tableBytes();
          made.membership().updateSelf(self -> self.withLoadBytes(load).withMetadataEpoch(epoch));
        });
    shard.schedule(LOAD_EVERY_NANOS, () -> describeMyself(made));
  }

  /** The parts of this node, which must have been assembled. */
  NodeParts assembled() {
    NodeParts made = parts;
    if (made == null) {
      throw new IllegalStateException("this node is still reading its disk");
    }
    return made;
  }

  public NodeState state() {
    return state;
  }

  /** The coordinator of requests that come to this node. */
  public RingCoordinator coordinator() {
    return assembled().coordinator();
  }

  /** How this node's part of the metadata ring is doing. */
  public RaftStatus metadataRing() {
    return assembled().raft().status();
  }

  /**
   * Fetches what this node owns from another data centre.
   *
   * @param done called with the reason when that cannot be done; with null when all is here
   */
  public void rebuild(String datacenter, Consumer<@Nullable String> done) {
    assembled().rebuild().start(datacenter, null, begun -> {}, done, () -> done.accept(null));
  }

  /**
   * Ends a rebuild; the next one goes on from there.
   *
   * @return whether one was under way
   */
  public boolean cancelRebuild() {
    return tasks.all().stream().anyMatch(task -> assembled().rebuild().cancel(task.work()));
  }

  /**
   * Has the metadata ring begun anew, when its majority is lost.
   *
   * @param done called with the reason when it is not; null when it is
   */
  public void recoverMetadata(Consumer<@Nullable String> done) {
    assembled().recovery().recover(outcome -> done.accept(outcome.refusal()));
  }

  /** This node's part in the metadata ring; null as long as the node reads its disk. */
  public @Nullable RaftNode raft() {
    NodeParts made = parts;
    return made == null ? null : made.raft();
  }

  /**
   * A linearisable read of the metadata: what was changed before this call is in {@link
   * RingCoordinator#metadata} when it is answered.
   *
   * @param done gets null, or why it cannot be known; on the metadata ring's shard
   */
  public void catchUp(long deadlineNanos, Consumer<@Nullable String> done) {
    assembled().ring().catchUp(deadlineNanos, done);
  }

  /** The writes that this node keeps for others. */
  public HintStats hints() {
    return assembled().hints().stats();
  }

  /** How this node's disk is doing. */
  StorageWatch watch() {
    return watch;
  }

  /** What is wrong with this node now, a line each. */
  public List<String> problems() {
    NodeParts made = assembled();
    List<String> problems = watch.problems(made.engine(), made.raft().status());
    Set<PeerId> missing = made.votingRight().missingFounders();
    if (!missing.isEmpty()) {
      problems.add(
          "the metadata ring begins when all its first voters are there; not yet: " + missing);
    }
    return problems;
  }

  /** The long work of this node. */
  Tasks tasks() {
    return tasks;
  }

  NodeConfig config() {
    return config;
  }

  /**
   * Takes no new clients, tells the others, flushes what is in memory, and stops.
   *
   * @param done called when everything is on disk
   */
  public void stop(Runnable done) {
    NodeParts made = parts;
    if (made == null || state == NodeState.STOPPED) {
      done.run();
      return;
    }
    shard.execute(() -> drain(made, () -> shard.execute(() -> end(made, done))));
  }

  /** Takes no new requests and flushes; the node stays up for administration. */
  void drain(NodeParts made, Runnable done) {
    if (state == NodeState.DRAINING || state == NodeState.DECOMMISSIONED) {
      done.run();
      return;
    }
    state = NodeState.DRAINING;
    made.raft().handOver();
    made.membership().stop();
    made.clients().drain(() -> made.engine().drain(failure -> done.run()));
  }

  private void end(NodeParts made, Runnable done) {
    made.raft().stop();
    made.hints()
        .stop(() -> {
          environment.messaging().stop();
          made.clients().stop();
          state = NodeState.STOPPED;
          made.engine()
              .close(() -> {
                releaseDirectory();
                done.run();
              });
        });
  }

  /**
   * This node is not of the cluster any more. That is noted first, so that no later life serves
   * what is on this disk, whether or not it reaches the metadata ring.
   */
  void leave() {
    NodeParts made = assembled();
    UUID hostId = made.identity().hostId();
    made.votingRight().leave();
    identityThread.execute(() -> {
      try {
        made.identity().leave(environment.files(), config.dataDirectory());
      } catch (IOException e) {
        log.error("that this node has left cannot be noted: {}", FileFailure.describe(e));
      }
      shard.execute(() -> {
        if (state == NodeState.JOINING) {
          fail(NodeIdentity.removed(hostId));
          return;
        }
        log.info("node {} has left the cluster and serves nothing any more", hostId);
        goForGood(made);
      });
    });
  }

  /** What clients had this node keep until now is handed over before it is silent. */
  private void goForGood(NodeParts made) {
    Runnable gone = () -> state = NodeState.DECOMMISSIONED;
    boolean isOfThisRing = made.ring().metadata().isRemoved(made.identity().hostId());
    if (state != NodeState.NORMAL || !isOfThisRing || config.isWitness()) {
      drain(made, gone);
      return;
    }
    state = NodeState.DRAINING;
    made.raft().handOver();
    Runnable last =
        () -> {
          made.membership().stop();
          made.engine().drain(failure -> gone.run());
        };
    // What was answered at its level may wait for one more replica, and become a hint yet; also
    // when it was planned anew on the way.
    long waitNanos = TimeUnit.MILLISECONDS.toNanos(2 * config.writeTimeoutMillis());
    made.clients()
        .drain(() ->
            shard.schedule(
                waitNanos,
                () -> made.handOver(environment.clock().nanos() + LAST_HAND_OVER_NANOS, last)));
  }

  /**
   * Whoever was taken out is not listened to; what was kept for it goes to those who own it now.
   */
  private void forgetRemoved(NodeParts made, ClusterMetadata metadata) {
    for (UUID gone : metadata.removed()) {
      if (!gone.equals(made.identity().hostId()) && forgotten.add(gone)) {
        made.membership().forget(gone);
        made.hints().targetAlive(gone);
      }
    }
  }

  private void releaseDirectory() {
    try {
      if (directoryLock != null) {
        directoryLock.close();
      }
    } catch (IOException e) {
      log.warn("the data directory's lock was not released: {}", e.getMessage());
    }
  }
}
