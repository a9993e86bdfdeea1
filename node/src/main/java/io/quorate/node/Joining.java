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
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes this node known to the metadata ring. A node that the metadata knows already serves at
 * once, also without a metadata quorum, for data requests do not need one; what has changed about
 * it is registered when the ring answers. A new node chooses tokens and registers them first.
 *
 * <p>Owned by the metadata ring's shard.
 */
final class Joining {
  private static final Logger log = LoggerFactory.getLogger(Joining.class);
  private static final long ATTEMPT_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Environment environment;
  private final Shard shard;
  private final NodeConfig config;
  private final UUID hostId;
  private final RaftMetadataRing ring;
  private final Runnable joined;
  private final Consumer<String> refused;
  private boolean isJoined;
  private long attempts;

  /**
   * @param joined called once, when this node may serve
   * @param refused called when the ring will never take this node in, with the reason
   */
  Joining(
      Environment environment,
      Shard shard,
      NodeConfig config,
      UUID hostId,
      RaftMetadataRing ring,
      Runnable joined,
      Consumer<String> refused) {
    this.environment = environment;
    this.shard = shard;
    this.config = config;
    this.hostId = hostId;
    this.ring = ring;
    this.joined = joined;
    this.refused = refused;
  }

  /** Called on the shard when the metadata log has been read. */
  void start() {
    if (ring.metadata().isRemoved(hostId)) {
      refuse(NodeIdentity.removed(hostId));
      return;
    }
    if (ring.metadata().node(hostId) != null) {
      join();
    }
    attempt();
  }

  private void join() {
    if (!isJoined) {
      isJoined = true;
      joined.run();
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
    ClusterMetadata metadata = ring.metadata();
    NodeInfo known = metadata.node(hostId);
    NodeInfo wanted = describe(metadata, known);
    if (wanted.equals(known)) {
      join();
      return;
    }
    if (known == null && metadata.isRemoved(hostId)) {
      refuse(NodeIdentity.removed(hostId));
      return;
    }
    if (known == null && metadata.transition() != null) {
      // Its own, or another that has to end first.
      retry();
      return;
    }
    boolean inSteps = known == null && metadata.hasTables();
    ring.change(
        inSteps ? joinInSteps(wanted) : new MetadataChange.RegisterNode(wanted),
        environment.clock().nanos() + ATTEMPT_NANOS,
        new Answer<>() {
          @Override
          public void succeeded(ChangeOutcome outcome) {
            registered(outcome);
          }

          @Override
          public void failed(RequestFailure failure) {
            retry();
          }
        });
  }

  /** There may be rows: they have to come here before this node is asked for them. */
  private MetadataChange joinInSteps(NodeInfo wanted) {
    log.info("joining as node {}: rows are fetched first", hostId);
    return new MetadataChange.BeginTransition(Transition.Kind.JOIN, wanted, null, false);
  }

  private void registered(ChangeOutcome outcome) {
    switch (outcome) {
      case ChangeOutcome.Applied applied when ring.metadata().node(hostId) == null -> retry();
      case ChangeOutcome.Applied applied -> join();
      case ChangeOutcome.Unchanged unchanged -> join();
      case ChangeOutcome.Conflict conflict -> retry();
      case ChangeOutcome.AlreadyExists exists -> retry();
      case ChangeOutcome.Invalid invalid when ring.metadata().transition() != null -> retry();
      case ChangeOutcome.Invalid invalid -> refuse(invalid.message());
    }
  }

  private NodeInfo describe(ClusterMetadata metadata, @Nullable NodeInfo known) {
    List<Long> tokens =
        known != null
            ? known.tokens()
            : TokenAllocation.choose(
                metadata.nodes(),
                config.datacenter(),
                config.numTokens(),
                config.datacenter().hashCode() & 0xFFFF);
    return new NodeInfo(
        hostId,
        config.internode(),
        config.nativeTransport(),
        config.datacenter(),
        config.rack(),
        ReleaseVersion.COMPATIBLE,
        tokens);
  }
}
