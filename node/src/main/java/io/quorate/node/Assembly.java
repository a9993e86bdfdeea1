package io.quorate.node;

import io.netty.buffer.ByteBufUtil;
import io.quorate.coordinator.BatchLog;
import io.quorate.coordinator.HintDelivery;
import io.quorate.coordinator.Internode;
import io.quorate.coordinator.LocalReplica;
import io.quorate.coordinator.ReplicaService;
import io.quorate.coordinator.RingCoordinator;
import io.quorate.coordinator.Verb;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.cql.QueryProcessor;
import io.quorate.cql.Timeouts;
import io.quorate.cql.system.SystemTables;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.gossip.GossipConfig;
import io.quorate.gossip.Member;
import io.quorate.gossip.Membership;
import io.quorate.hintedhandoff.HintConfig;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftConfig;
import io.quorate.raft.RaftListener;
import io.quorate.raft.RaftNode;
import io.quorate.sstable.EngineOptions;
import io.quorate.sstable.ReadEffort;
import io.quorate.sstable.StorageEngine;
import io.quorate.sstable.StorageTask;
import io.quorate.sstable.SyncMode;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the parts of a node and ties them to one another: the only place where the modules meet.
 * Nothing runs yet when it is done; {@link Node} starts it all, and stops it.
 */
final class Assembly {
  private static final Logger log = LoggerFactory.getLogger(Assembly.class);

  /** As much as is replayed within a few seconds. */
  private static final long MAX_COMMIT_LOG_BYTES = 512L << 20;

  private static final long RESERVED_DISK_BYTES = 64L << 20;

  /** How long a node that leaves tries to hand over what it keeps, before it says that it may. */
  private static final long HAND_OVER_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final Environment environment;
  private final Shard shard;
  private final NodeConfig config;
  private final Node node;
  private final Executor identityThread;

  /**
   * @param node which is asked for its parts later, when all are there
   * @param identityThread on which the identity is written
   */
  Assembly(Environment environment, NodeConfig config, Node node, Executor identityThread) {
    this.environment = environment;
    this.shard = environment.shards().get(0);
    this.config = config;
    this.node = node;
    this.identityThread = identityThread;
  }

  /** How the storage engine is set up. */
  static EngineOptions engineOptions(NodeConfig config) {
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

  /**
   * @param raftListener hears of the metadata ring's log
   */
  NodeParts make(NodeIdentity identity, StorageEngine engine, RaftListener raftListener) {
    // A witness makes no tables.
    RaftMetadataRing.Preparation preparation =
        config.isWitness()
            ? (next, ready) -> ready.run()
            : new SchemaFollower(engine, shard)::prepare;
    RaftMetadataRing ring = new RaftMetadataRing(environment, shard, preparation);
    Internode internode = new Internode(environment, () -> ring.metadata().epoch());
    RaftNode raft = raft(ring, internode, raftListener);
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
    Clients clients = new Clients(environment, config, node);
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
    return new NodeParts(
        identity,
        engine,
        ring,
        raft,
        new VotingRight(environment, shard, config, identity, identityThread, ring, raft, recovery),
        internode,
        membership,
        hints,
        coordinator,
        new LoggedBatches(
            batchLog, shard, coordinator, environment.clock(), config.writeTimeoutMillis()),
        new Queries(environment, ring, queryProcessor(coordinator)),
        clients,
        transitions(identity, ring, streamings),
        new Rebuild(identity.hostId(), ring, streamings, membership::isAlive, node.tasks()::add),
        recovery);
  }

  private StorageTask streamTask(Transition transition) {
    StorageTask task =
        new StorageTask(
            StorageTask.Kind.STREAM, transition.kind() + " of " + transition.node().internode());
    node.tasks().add(task);
    return task;
  }

  /** One that was begun before would take what this node is about to own for what it does not. */
  private void cancelCleanups() {
    for (Tasks.Task task : node.tasks().all()) {
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
          public void forgetOver(ClusterMetadata metadata) {
            streamings.forgetOver(metadata);
          }
        },
        this::cancelCleanups,
        this::beforeLeaving,
        node::leave);
  }

  /** What others rely on this node for goes to them. */
  private void beforeLeaving(Runnable then) {
    NodeParts made = node.assembled();
    made.votingRight()
        .whenGivenAway(
            environment.clock().nanos() + HAND_OVER_NANOS,
            () -> made.handOver(environment.clock().nanos() + HAND_OVER_NANOS, then));
  }

  private boolean isAlive(UUID hostId) {
    return node.assembled().membership().isAlive(hostId);
  }

  private QueryProcessor queryProcessor(RingCoordinator coordinator) {
    return new QueryProcessor(
        coordinator,
        new SystemTables(coordinator, config.clusterName()),
        environment.shards(),
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

  private RaftNode raft(RaftMetadataRing ring, Internode internode, RaftListener listener) {
    PeerId self = new PeerId(config.internode().toString());
    int snapshotEntries = config.metadataSnapshotEntries();
    RaftConfig raftConfig =
        RaftConfig.of(self, VotingRight.firstVoters(config))
            .withSnapshots(snapshotEntries, snapshotEntries / 10);
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
            listener);
    raft.contacts(this::contacts);
    internode.onOneWay(
        Verb.RAFT,
        (from, payload) -> {
          byte[] message = ByteBufUtil.getBytes(payload);
          raft.receive(new PeerId(from.toString()), message);
        });
    return raft;
  }

  /** Whom gossip has heard of, and with whom it begins. */
  private Set<PeerId> contacts() {
    Set<PeerId> contacts = new TreeSet<>();
    config.seeds().forEach(seed -> contacts.add(new PeerId(seed.toString())));
    Membership membership = node.assembled().membership();
    for (Member member : membership.members()) {
      if (membership.isAlive(member.hostId())) {
        contacts.add(new PeerId(member.endpoint().toString()));
      }
    }
    return contacts;
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
                    && !node.assembled().ring().metadata().isRemoved(member.hostId())) {
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
    NodeInfo info = node.assembled().ring().metadata().node(member.hostId());
    return info == null || !info.isWitness();
  }
}
