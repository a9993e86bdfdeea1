package io.quorate.node;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TokenAllocation;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import java.util.List;
import java.util.SortedSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes this node known to the metadata ring. A node that the metadata knows already serves as soon
 * as it hears of the others, also without a metadata quorum, for data requests do not need one;
 * what has changed about it is registered when the ring answers. A new node chooses tokens and
 * registers them first.
 *
 * <p>Owned by the metadata ring's shard.
 */
final class Joining {
  private static final Logger log = LoggerFactory.getLogger(Joining.class);
  private static final long ATTEMPT_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Longer than a node that was killed is taken for alive. */
  private static final long LISTEN_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Within this time a node that starts has heard of all that are alive. */
  private static final long HEAR_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final long HEAR_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Environment environment;
  private final Shard shard;
  private final NodeConfig config;
  private final SortedSet<String> features;
  private final UUID hostId;
  private final RaftMetadataRing ring;
  private final Runnable joined;
  private final Consumer<String> refused;
  private final Predicate<UUID> alive;
  private final long begunNanos;
  private boolean isJoined;

  /** Whether a change of ownership for this node was begun: it may be cancelled. */
  private boolean isBegun;

  /** Which other change this node's has to wait for, and at which epoch that was so. */
  private String waitingFor = "";

  private long waitingAtEpoch = -1;
  private long attempts;

  /**
   * @param features what this build knows
   * @param joined called once, when this node may serve
   * @param refused called when the ring will never take this node in, with the reason
   * @param alive whether gossip says so of a node
   */
  Joining(
      Environment environment,
      Shard shard,
      NodeConfig config,
      SortedSet<String> features,
      UUID hostId,
      RaftMetadataRing ring,
      Runnable joined,
      Consumer<String> refused,
      Predicate<UUID> alive) {
    this.environment = environment;
    this.shard = shard;
    this.config = config;
    this.features = features;
    this.hostId = hostId;
    this.ring = ring;
    this.joined = joined;
    this.refused = refused;
    this.alive = alive;
    this.begunNanos = environment.clock().nanos();
  }

  /** Called on the shard when the metadata log has been read. */
  void start() {
    if (ring.metadata().isRemoved(hostId)) {
      refuse(NodeIdentity.removed(hostId));
      return;
    }
    if (isTooOld()) {
      return;
    }
    NodeInfo known = ring.metadata().node(hostId);
    if (known != null && known.isWitness() != config.isWitness()) {
      refuse(
          "role: this node is a "
              + (known.isWitness() ? "witness" : "data node")
              + " of the cluster; to join in another role it needs to be removed, and an empty"
              + " data directory");
      return;
    }
    if (known != null) {
      join();
    }
    attempt();
  }

  /** Also a node that serves already must stop then: it would not understand the others. */
  private boolean isTooOld() {
    SortedSet<String> missing = FeatureSwitch.missing(ring.metadata(), features);
    if (!missing.isEmpty()) {
      refused.accept(ClusterMetadata.lacking("this node", missing));
    }
    return !missing.isEmpty();
  }

  private void join() {
    if (!isJoined) {
      isJoined = true;
      serveWhenHeard();
    }
  }

  /**
   * A node that serves before it has heard of the others takes them for dead, and refuses at QUORUM
   * what they would have answered.
   */
  private void serveWhenHeard() {
    boolean heard =
        ring.metadata().members().stream()
            .map(NodeInfo::hostId)
            .allMatch(node -> node.equals(hostId) || alive.test(node));
    if (heard || environment.clock().nanos() - begunNanos >= HEAR_NANOS) {
      joined.run();
    } else {
      shard.schedule(HEAR_PAUSE_NANOS, this::serveWhenHeard);
    }
  }

  /** A node that serves already hears by {@link Transitions} that it was taken out. */
  private void refuse(String why) {
    if (!isJoined) {
      refused.accept(why);
    }
  }

  private void attempt() {
    attempts++;
    ring.catchUp(
        environment.clock().nanos() + ATTEMPT_NANOS,
        failure -> {
          if (failure != null) {
            if (attempts % 50 == 0 && !isJoined) {
              log.info("waiting for the metadata ring: {}", failure);
            }
            retry();
          } else {
            register();
          }
        });
  }

  private void retry() {
    shard.schedule(PAUSE_NANOS, this::attempt);
  }

  private void register() {
    if (isTooOld()) {
      return;
    }
    ClusterMetadata metadata = ring.metadata();
    NodeInfo known = metadata.node(hostId);
    if (known == null && metadata.isRemoved(hostId)) {
      refuse(NodeIdentity.removed(hostId));
      return;
    }
    if (known == null && metadata.transitionOf(hostId) != null) {
      isBegun = true;
      retry();
      return;
    }
    if (known == null && isBegun) {
      refuse("joining was cancelled: start this node again to begin anew");
      return;
    }
    if (known == null && waitingAtEpoch == metadata.epoch()) {
      retry(); // nothing has changed since
      return;
    }
    String replaced = config.replaceNode();
    if (known == null && replaced != null) {
      replace(metadata, replaced);
      return;
    }
    NodeInfo wanted = describe(metadata, known);
    if (wanted.equals(known)) {
      join();
      return;
    }
    boolean rowsMayExist = metadata.hasTables() || metadata.isChanging();
    if (known == null && rowsMayExist && !config.isWitness()) {
      beginOrWait(
          metadata, new MetadataChange.BeginTransition(Transition.Kind.JOIN, wanted, null, false));
    } else {
      change(new MetadataChange.RegisterNode(wanted));
    }
  }

  /** There may be rows: they have to come here before this node is asked for them. */
  private void beginOrWait(ClusterMetadata metadata, MetadataChange.BeginTransition begin) {
    String waitsFor = metadata.waitsFor(begin);
    if (waitsFor != null) {
      if (!waitsFor.equals(waitingFor)) {
        log.info("{} of this node waits for {}", begin.kind(), waitsFor);
      }
      waitingFor = waitsFor;
      waitingAtEpoch = metadata.epoch();
      retry();
      return;
    }
    change(begin);
  }

  /**
   * Takes the place of a dead node. Gossip is listened to for a while before it is believed that
   * the node is dead.
   */
  private void replace(ClusterMetadata metadata, String replaced) {
    NodeInfo dead;
    try {
      dead = OwnershipApi.find(metadata, replaced);
    } catch (IllegalArgumentException e) {
      refuse("replace_node: " + e.getMessage());
      return;
    }
    if (environment.clock().nanos() - begunNanos < LISTEN_NANOS) {
      retry();
      return;
    }
    if (alive.test(dead.hostId())) {
      refuse("replace_node: node " + dead.hostId() + " at " + dead.internode() + " is alive");
      return;
    }
    beginOrWait(
        metadata,
        new MetadataChange.BeginTransition(
            Transition.Kind.REPLACE, describe(dead.tokens()), dead.hostId(), false));
  }

  private void change(MetadataChange change) {
    ring.change(
        change,
        environment.clock().nanos() + ATTEMPT_NANOS,
        new Answer<>() {
          @Override
          public void succeeded(ChangeOutcome outcome) {
            registered(change, outcome);
          }

          @Override
          public void failed(RequestFailure failure) {
            retry();
          }
        });
  }

  private void registered(MetadataChange change, ChangeOutcome outcome) {
    switch (outcome) {
      case ChangeOutcome.Applied applied when ring.metadata().node(hostId) == null -> {
        log.info("node {} joins: rows are fetched first", hostId);
        isBegun = true;
        retry();
      }
      case ChangeOutcome.Applied applied -> join();
      case ChangeOutcome.Unchanged unchanged -> join();
      case ChangeOutcome.Conflict conflict -> retry();
      case ChangeOutcome.AlreadyExists exists -> retry();
      case ChangeOutcome.Invalid invalid when !isInvalidAlsoWhenSettled(change) -> retry();
      case ChangeOutcome.Invalid invalid -> refuse(invalid.message());
    }
  }

  /** Whether it is refused for another reason than that something else goes on. */
  private boolean isInvalidAlsoWhenSettled(MetadataChange change) {
    return ring.metadata().settled().apply(change) instanceof ChangeOutcome.Invalid;
  }

  private NodeInfo describe(ClusterMetadata metadata, @Nullable NodeInfo known) {
    if (config.isWitness()) {
      return describe(List.of());
    }
    if (known != null) {
      if (!known.rack().equals(config.rack())) {
        log.warn(
            "rack: this node stands in {}; 'nodetool cluster plan move --rack' moves it, what the"
                + " configuration says, {}, does not",
            known.rack(),
            config.rack());
      }
      return describe(known.tokens()).movedTo(known.rack(), known.tokens());
    }
    return describe(
        TokenAllocation.choose(
            metadata.nodesAfter(), // who is on its way takes its share as well
            config.datacenter(),
            config.rack(),
            config.numTokens(),
            config.datacenter().hashCode() & 0xFFFF,
            metadata.allocationGoal(config.datacenter())));
  }

  private NodeInfo describe(List<Long> tokens) {
    return new NodeInfo(
        hostId,
        config.internode(),
        config.nativeTransport(),
        config.datacenter(),
        config.rack(),
        ReleaseVersion.COMPATIBLE,
        tokens,
        features);
  }
}
