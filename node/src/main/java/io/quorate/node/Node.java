package io.quorate.node;

import io.netty.buffer.ByteBufUtil;
import io.quorate.coordinator.BatchLog;
import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.HintDelivery;
import io.quorate.coordinator.Internode;
import io.quorate.coordinator.LocalReplica;
import io.quorate.coordinator.ReplicaService;
import io.quorate.coordinator.RingCoordinator;
import io.quorate.coordinator.Verb;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.cql.QueryProcessor;
import io.quorate.cql.Timeouts;
import io.quorate.cql.system.SystemTables;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Messaging;
import io.quorate.environment.Shard;
import io.quorate.gossip.GossipConfig;
import io.quorate.gossip.Member;
import io.quorate.gossip.Membership;
import io.quorate.hintedhandoff.HintConfig;
import io.quorate.hintedhandoff.HintStats;
import io.quorate.protocol.Murmur3;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftConfig;
import io.quorate.raft.RaftListener;
import io.quorate.raft.RaftNode;
import io.quorate.raft.RaftStatus;
import io.quorate.raft.RingGivenUp;
import io.quorate.sstable.EngineOptions;
import io.quorate.sstable.ReadEffort;
import io.quorate.sstable.StorageEngine;
import io.quorate.sstable.StorageTask;
import io.quorate.sstable.SyncMode;
import io.quorate.sstable.TableSettings;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server: the only place where the modules meet. Reads its disk, takes part in gossip and in
 * the metadata ring, joins, and then serves clients. Every step is an event on a shard or a task in
 * the background, so the same node runs in a simulation.
 *
 * <p>Metadata ring, gossip, and hint delivery live on the first shard. The parts are made in {@link
 * #assemble}; afterwards they do not change.
 */
public final class Node {
  private static final Logger log = LoggerFactory.getLogger(Node.class);

  /** As much as is replayed within a few seconds. */
  private static final long MAX_COMMIT_LOG_BYTES = 512L << 20;

  private static final long RESERVED_DISK_BYTES = 64L << 20;

  /** How long a node that leaves tries to hand over what it keeps, before it says that it may. */
  private static final long HAND_OVER_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** And how long afterwards, for what came meanwhile. */
  private static final long LAST_HAND_OVER_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final long SETTLE_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);
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
  private volatile @Nullable Parts parts;
  private @Nullable Closeable directoryLock;

  /** Whether this node may vote, as its identity has it. On the metadata ring's shard. */
  private boolean hasSay;

  private boolean isSettling;
  private boolean isLeaving;

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

  /** What a node is made of. */
  record Parts(
      NodeIdentity identity,
      StorageEngine engine,
      RaftMetadataRing ring,
      RaftNode raft,
      Internode internode,
      Membership membership,
      HintedHandoff hints,
      RingCoordinator coordinator,
      BatchLog batchLog,
      Queries queries,
      Clients clients,
      Transitions transitions,
      Rebuild rebuild,
      MetadataRecovery recovery) {}

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
              engineOptions(),
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

  private EngineOptions engineOptions() {
    SyncMode mode =
        switch (config.commitLogSync()) {
          case GROUP -> SyncMode.GROUP;
          case BATCH -> SyncMode.BATCH;
          case PERIODIC -> SyncMode.PERIODIC;
        };
    return new EngineOptions(
            mode,
            config.commitLogSyncPeriodMillis(),
            config.commitLogSegmentBytes(),
            MAX_COMMIT_LOG_BYTES,
            config.memtableBytes(),
            config.memtableMaxAgeMillis(),
            config.blockCacheBytes(),
            RESERVED_DISK_BYTES,
            ReadEffort.DEFAULT)
        .withArchiveDirectory(config.commitLogArchiveDirectory());
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
    Parts made;
    try {
      made = assemble(identity, engine);
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
              made.internode.receiver());
      made.clients.listenForAdministration();
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()));
      return;
    }
    state = NodeState.JOINING;
    made.membership.start(config.seeds());
    made.hints.open(failure -> {
      if (failure != null) {
        fail("the hints directory cannot be used: " + failure.getMessage());
      }
    });
    made.ring.onMetadata(metadata -> {
      made.membership.contacts(metadata.nodes().stream().map(NodeInfo::internode).toList());
      forgetRemoved(made, metadata);
    });
    made.ring.onMetadata(metadata -> shard.execute(() -> voteOrNot(made)));
    hasSay = made.identity.state() == NodeIdentity.State.MEMBER;
    voteOrNot(made);
    made.raft.start();
    describeMyself(made);
  }

  private Parts assemble(NodeIdentity identity, StorageEngine engine) {
    // A witness makes no tables.
    RaftMetadataRing.Preparation preparation =
        config.isWitness()
            ? (next, ready) -> ready.run()
            : new SchemaFollower(engine, shard)::prepare;
    RaftMetadataRing ring = new RaftMetadataRing(environment, shard, preparation);
    Internode internode = new Internode(environment, () -> ring.metadata().epoch());
    RaftNode raft = raft(identity, ring, internode);
    ring.orderedBy(raft);

    LocalReplica local = new LocalReplica(environment.shards(), engine);
    new ReplicaService(identity.hostId(), ring, local).handleRequests(internode);
    HintedHandoff hints =
        new HintedHandoff(
            environment,
            shard,
            config.dataDirectory().resolve("hints"),
            hintConfig(),
            new HintDelivery(
                identity.hostId(), environment.clock(), ring, internode, local, this::isAlive));
    HintDelivery.takeOver(internode, hints);
    Clients clients = new Clients(environment, config, this);
    Membership membership = membership(identity, internode, hints, clients);
    long batchAgeNanos = TimeUnit.MILLISECONDS.toNanos(2 * config.writeTimeoutMillis() + 5_000);
    BatchLog batchLog = new BatchLog(environment, local, batchAgeNanos);
    RingCoordinator coordinator =
        new RingCoordinator(
            identity.hostId(),
            config.datacenter(),
            environment.clock(),
            ring,
            internode,
            local,
            batchLog,
            hints,
            membership::isAlive);
    ring.onMetadata(clients::metadataChanged);
    MetadataRecovery recovery =
        new MetadataRecovery(
            environment, shard, ring, raft, internode, config, membership::isAlive);
    recovery.handleMessages();
    Streamings streamings =
        new Streamings(
            environment,
            shard,
            engine,
            internode,
            local,
            config,
            table -> ring.metadata().table(table) != null,
            environment.background().serial("streaming"));
    return new Parts(
        identity,
        engine,
        ring,
        raft,
        internode,
        membership,
        hints,
        coordinator,
        batchLog,
        new Queries(environment, ring, queryProcessor(coordinator)),
        clients,
        transitions(identity, ring, streamings),
        new Rebuild(identity.hostId(), ring, streamings, membership::isAlive, tasks::add),
        recovery);
  }

  private StorageTask streamTask(Transition transition) {
    StorageTask task =
        new StorageTask(
            StorageTask.Kind.STREAM, transition.kind() + " of " + transition.node().internode());
    tasks.add(task);
    return task;
  }

  /** One that was begun before would take what this node is about to own for what it does not. */
  private void cancelCleanups() {
    for (Tasks.Task task : tasks.all()) {
      if (task.work().kind() == StorageTask.Kind.CLEANUP && !task.isOver()) {
        task.work().cancel();
      }
    }
  }

  private Transitions transitions(
      NodeIdentity identity, RaftMetadataRing ring, Streamings streamings) {
    return new Transitions(
        environment,
        shard,
        identity.hostId(),
        ring,
        new Transitions.Streamings() {
          @Override
          public Streaming of(
              ClusterMetadata metadata,
              Transition transition,
              IntSupplier share,
              Runnable finished) {
            return streamings.of(
                Streaming.pieces(metadata, transition, identity.hostId()),
                StreamingLog.name(transition.number()),
                transition.number(),
                share,
                finished,
                streamTask(transition));
          }

          @Override
          public void forgetAllBut(Collection<Long> underWay) {
            streamings.forgetAllBut(underWay);
          }
        },
        this::cancelCleanups,
        then -> handOver(assembled(), HAND_OVER_NANOS, then),
        this::leave);
  }

  private boolean isAlive(UUID hostId) {
    return assembled().membership.isAlive(hostId);
  }

  /** What only this node keeps goes to others: no later life of it could deliver that. */
  private void handOver(Parts made, long patienceNanos, Runnable then) {
    long deadlineNanos = environment.clock().nanos() + patienceNanos;
    made.batchLog.finish(
        shard, batchWriter(made), deadlineNanos, () -> made.hints.handOver(deadlineNanos, then));
  }

  private BatchLog.MutationWriter batchWriter(Parts made) {
    return (byte[] mutation, long epoch, Answer<@Nullable Void> answer) ->
        made.coordinator.replay(
            mutation,
            epoch,
            environment.clock().nanos()
                + TimeUnit.MILLISECONDS.toNanos(config.writeTimeoutMillis()),
            answer);
  }

  private QueryProcessor queryProcessor(RingCoordinator coordinator) {
    return new QueryProcessor(
        coordinator,
        new SystemTables(coordinator, config.clusterName()),
        environment.clock(),
        environment.random(),
        new Timeouts(
            config.readTimeoutMillis(),
            config.rangeTimeoutMillis(),
            config.writeTimeoutMillis(),
            Timeouts.DEFAULT.truncateMillis(),
            config.metadataTimeoutMillis()));
  }

  private HintConfig hintConfig() {
    return HintConfig.DEFAULT.withTimes(
        TimeUnit.MILLISECONDS.toNanos(config.hintWindowMillis()), HintConfig.DEFAULT.ttlSeconds());
  }

  private RaftNode raft(NodeIdentity identity, RaftMetadataRing ring, Internode internode) {
    PeerId self = new PeerId(config.internode().toString());
    int snapshotEntries = config.metadataSnapshotEntries();
    RaftConfig raftConfig =
        RaftConfig.of(self, firstVoters(self)).withSnapshots(snapshotEntries, snapshotEntries / 10);
    RaftNode raft =
        new RaftNode(
            environment,
            shard,
            config.dataDirectory().resolve("metadata"),
            raftConfig,
            ring,
            (to, message) ->
                internode.sendOneWay(
                    Endpoint.parse(to.toString(), config.internodePort()), Verb.RAFT, message),
            new RaftEvents(identity));
    internode.onOneWay(
        Verb.RAFT,
        (from, payload) -> {
          byte[] message = ByteBufUtil.getBytes(payload);
          raft.receive(new PeerId(from.toString()), message);
        });
    return raft;
  }

  /**
   * Who takes the place of a voter at its own address is taken for it, and must not vote before it
   * has all that one may have acknowledged. The first entry of which that is certain is the one
   * that lets this node in: it was committed without the voter, which was dead.
   */
  private void voteOrNot(Parts made) {
    ClusterMetadata metadata = made.ring.ordered();
    boolean isIn = metadata.member(made.identity.hostId()) != null;
    boolean isAnothersPlace =
        config.replaceNode() != null
            || metadata.members().stream()
                .anyMatch(node -> node.internode().equals(config.internode()));
    made.raft.withholdVote(!hasSay || (!isIn && isAnothersPlace));
    if (isIn && !hasSay) {
      settle(made);
    }
  }

  /** A node that begins with nothing finds out whether the ring does so, too. */
  private void foundOrFollow(Parts made) {
    PeerId self = new PeerId(config.internode().toString());
    Set<PeerId> others = new TreeSet<>(firstVoters(self));
    if (!hasSay && config.replaceNode() == null && others.remove(self)) {
      new Founding(shard, made.recovery, others, () -> settle(made)).start();
    }
  }

  /** From now on, also in later lives, this node has a say. Noted before it is used. */
  private void settle(Parts made) {
    if (isSettling || isLeaving) {
      return;
    }
    isSettling = true;
    identityThread.execute(() -> {
      try {
        made.identity.settle(environment.files(), config.dataDirectory());
      } catch (IOException e) {
        log.error("this node cannot vote yet: {}", FileFailure.describe(e));
        shard.schedule(
            SETTLE_AGAIN_NANOS,
            () -> {
              isSettling = false;
              settle(made);
            });
        return;
      }
      shard.execute(() -> {
        hasSay = true;
        voteOrNot(made);
      });
    });
  }

  /**
   * Who takes the place of another has no vote of that one's: at its address it may be taken for
   * it.
   */
  private List<PeerId> firstVoters(PeerId self) {
    List<PeerId> voters =
        config.metadataVoters().stream().map(voter -> new PeerId(voter.toString())).toList();
    List<PeerId> others = voters.stream().filter(voter -> !voter.equals(self)).toList();
    return config.replaceNode() == null || others.isEmpty() ? voters : others;
  }

  private Membership membership(
      NodeIdentity identity, Internode internode, HintedHandoff hints, Clients clients) {
    Member self =
        new Member(
            identity.hostId(),
            config.internode(),
            config.nativeTransport(),
            config.datacenter(),
            config.rack(),
            ReleaseVersion.COMPATIBLE,
            0,
            0,
            Member.Status.RUNNING);
    Membership membership =
        new Membership(
            environment,
            shard,
            GossipConfig.DEFAULT,
            self,
            identity.generation(),
            (to, message) -> internode.sendOneWay(to, Verb.GOSSIP, message),
            new Membership.Listener() {
              @Override
              public void onAlive(Member member) {
                log.info("node {} at {} is up", member.hostId(), member.endpoint());
                hints.targetAlive(member.hostId());
                if (isOfClients(member)) {
                  clients.nodeUp(member);
                }
              }

              @Override
              public void onDown(Member member) {
                log.info("node {} at {} is down", member.hostId(), member.endpoint());
                hints.targetDown(member.hostId());
                // Drivers take the last of what they hear within a second: not of one that is gone.
                if (isOfClients(member)
                    && !assembled().ring.metadata().isRemoved(member.hostId())) {
                  clients.nodeDown(member);
                }
              }

              @Override
              public void onChange(Member member) {
                // What matters of it is in the metadata ring.
              }
            });
    internode.onOneWay(
        Verb.GOSSIP, (from, payload) -> membership.receive(from, ByteBufUtil.getBytes(payload)));
    return membership;
  }

  /** Whether clients should hear of a node: not of a witness, which serves none. */
  private boolean isOfClients(Member member) {
    NodeInfo info = assembled().ring.metadata().node(member.hostId());
    return info == null || !info.isWitness();
  }

  /** Starts to join when the metadata log is read. */
  private final class RaftEvents implements RaftListener {
    private final NodeIdentity identity;

    RaftEvents(NodeIdentity identity) {
      this.identity = identity;
    }

    @Override
    public void started() {
      RaftMetadataRing ring = assembled().ring;
      voteOrNot(assembled());
      foundOrFollow(assembled());
      assembled().transitions.start();
      new MetadataVoters(environment, shard, ring, assembled().raft, config.voterPolicy()).start();
      new FeatureSwitch(environment, shard, ring, assembled().raft, features).start();
      Joining joining =
          new Joining(
              environment,
              shard,
              config,
              features,
              identity.hostId(),
              ring,
              Node.this::serve,
              Node.this::refused,
              hostId -> assembled().membership.isAlive(hostId));
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
    Parts made = assembled();
    if (config.isWitness()) {
      begun();
      log.info("node {} is a witness of the metadata ring", made.identity.hostId());
      return;
    }
    made.batchLog.startReplay(shard, batchWriter(made));
    try {
      made.clients.listenForClients();
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()));
      return;
    }
    begun();
    log.info("node {} serves clients at {}", made.identity.hostId(), config.nativeTransport());
  }

  private void begun() {
    state = NodeState.NORMAL;
    if (told.compareAndSet(false, true)) {
      listener.ready();
    }
  }

  /** Tells the others from time to time what this node carries and knows. */
  private void describeMyself(Parts made) {
    long epoch = made.ring.metadata().epoch();
    watch.look(
        made.engine,
        () -> {
          long load = watch.figures().tableBytes();
          made.membership.updateSelf(self -> self.withLoadBytes(load).withMetadataEpoch(epoch));
        });
    shard.schedule(LOAD_EVERY_NANOS, () -> describeMyself(made));
  }

  /** The parts of this node, which must have been assembled. */
  Parts assembled() {
    Parts made = parts;
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
    return assembled().coordinator;
  }

  /** How this node's part of the metadata ring is doing. */
  public RaftStatus metadataRing() {
    return assembled().raft.status();
  }

  /**
   * Fetches what this node owns from another data centre.
   *
   * @param done called with the reason when that cannot be done; with null when all is here
   */
  public void rebuild(String datacenter, Consumer<@Nullable String> done) {
    assembled().rebuild.start(datacenter, null, begun -> {}, done, () -> done.accept(null));
  }

  /**
   * Ends a rebuild; the next one goes on from there.
   *
   * @return whether one was under way
   */
  public boolean cancelRebuild() {
    return tasks.all().stream().anyMatch(task -> assembled().rebuild.cancel(task.work()));
  }

  /**
   * Has the metadata ring begun anew, when its majority is lost.
   *
   * @param done called with the reason when it is not; null when it is
   */
  public void recoverMetadata(Consumer<@Nullable String> done) {
    assembled().recovery.recover(outcome -> done.accept(outcome.refusal()));
  }

  /** This node's part in the metadata ring; null as long as the node reads its disk. */
  public @Nullable RaftNode raft() {
    Parts made = parts;
    return made == null ? null : made.raft;
  }

  /**
   * A linearisable read of the metadata: what was changed before this call is in {@link
   * RingCoordinator#metadata} when it is answered.
   *
   * @param done gets null, or why it cannot be known; on the metadata ring's shard
   */
  public void catchUp(long deadlineNanos, Consumer<@Nullable String> done) {
    assembled().ring.catchUp(deadlineNanos, done);
  }

  /** The writes that this node keeps for others. */
  public HintStats hints() {
    return assembled().hints.stats();
  }

  /** How this node's disk is doing. */
  StorageWatch watch() {
    return watch;
  }

  /** What is wrong with this node now, a line each. */
  List<String> problems() {
    Parts made = assembled();
    return watch.problems(made.engine, made.raft.status());
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
    Parts made = parts;
    if (made == null || state == NodeState.STOPPED) {
      done.run();
      return;
    }
    shard.execute(() -> drain(made, () -> shard.execute(() -> end(made, done))));
  }

  /** Takes no new requests and flushes; the node stays up for administration. */
  void drain(Parts made, Runnable done) {
    if (state == NodeState.DRAINING || state == NodeState.DECOMMISSIONED) {
      done.run();
      return;
    }
    state = NodeState.DRAINING;
    made.raft.handOver();
    made.membership.stop();
    made.clients.drain(() -> made.engine.drain(failure -> done.run()));
  }

  private void end(Parts made, Runnable done) {
    made.raft.stop();
    made.hints.stop(() -> {
      environment.messaging().stop();
      made.clients.stop();
      state = NodeState.STOPPED;
      made.engine.close(() -> {
        releaseDirectory();
        done.run();
      });
    });
  }

  /**
   * This node is not of the cluster any more. That is noted first, so that no later life serves
   * what is on this disk, whether or not it reaches the metadata ring.
   */
  private void leave() {
    Parts made = assembled();
    UUID hostId = made.identity.hostId();
    isLeaving = true;
    identityThread.execute(() -> {
      try {
        made.identity.leave(environment.files(), config.dataDirectory());
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
  private void goForGood(Parts made) {
    Runnable gone = () -> state = NodeState.DECOMMISSIONED;
    boolean isOfThisRing = made.ring.metadata().isRemoved(made.identity.hostId());
    if (state != NodeState.NORMAL || !isOfThisRing || config.isWitness()) {
      drain(made, gone);
      return;
    }
    state = NodeState.DRAINING;
    made.raft.handOver();
    Runnable last =
        () -> {
          made.membership.stop();
          made.engine.drain(failure -> gone.run());
        };
    // What was answered at its level may wait for one more replica, and become a hint yet; also
    // when it was planned anew on the way.
    long waitNanos = TimeUnit.MILLISECONDS.toNanos(2 * config.writeTimeoutMillis());
    made.clients.drain(
        () -> shard.schedule(waitNanos, () -> handOver(made, LAST_HAND_OVER_NANOS, last)));
  }

  /**
   * Whoever was taken out is not listened to; what was kept for it goes to those who own it now.
   */
  private void forgetRemoved(Parts made, ClusterMetadata metadata) {
    for (UUID gone : metadata.removed()) {
      if (!gone.equals(made.identity.hostId()) && forgotten.add(gone)) {
        made.membership.forget(gone);
        made.hints.targetAlive(gone);
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
