package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.raft.ConfigurationOutcome;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftNode;
import io.quorate.raft.RaftStatus;
import io.quorate.raft.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the metadata ring's voters among the nodes of the cluster: one that leaves, is removed or
 * replaced gives its vote to another, in the rack that has fewest; and a ring that began with fewer
 * than three grows to three. Only the ring's leader acts. The rest is left as it was configured.
 *
 * <p>Owned by the metadata ring's shard.
 */
final class MetadataVoters {
  private static final Logger log = LoggerFactory.getLogger(MetadataVoters.class);
  private static final long LOOK_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final int LEAST = 3;

  private final Environment environment;
  private final Shard shard;
  private final RaftMetadataRing ring;
  private final RaftNode raft;
  private boolean changing;

  MetadataVoters(Environment environment, Shard shard, RaftMetadataRing ring, RaftNode raft) {
    this.environment = environment;
    this.shard = shard;
    this.ring = ring;
    this.raft = raft;
  }

  void start() {
    // A node that leaves may be gone within a second.
    ring.onMetadata(newer -> shard.execute(this::look));
    lookAgain();
  }

  private void lookAgain() {
    look();
    shard.schedule(LOOK_EVERY_NANOS, this::lookAgain);
  }

  private void look() {
    RaftStatus status = raft.status();
    boolean canAct =
        status != null && status.role() == Role.LEADER && status.outgoingVoters().isEmpty();
    if (canAct && !changing) {
      Set<PeerId> current = new TreeSet<>(status.voters());
      Set<PeerId> wanted = choose(ring.metadata(), current, followers(status));
      if (!wanted.equals(current)) {
        change(wanted);
      }
    }
  }

  private static Set<PeerId> followers(RaftStatus status) {
    return status.peers().stream()
        .filter(RaftStatus.PeerStatus::isActive)
        .map(RaftStatus.PeerStatus::peer)
        .collect(Collectors.toSet());
  }

  private void change(Set<PeerId> wanted) {
    changing = true;
    raft.changeVoters(
        wanted,
        environment.clock().nanos() + PATIENCE_NANOS,
        outcome -> {
          changing = false;
          switch (outcome) {
            case ConfigurationOutcome.Changed changed ->
                log.info("the metadata ring's voters are {}", wanted);
            case ConfigurationOutcome.Refused refused ->
                log.info("the voters cannot be {} yet: {}", wanted, refused.reason());
            case ConfigurationOutcome.Unknown unknown ->
                log.info("whether the voters are {} will be seen", wanted);
          }
        });
  }

  /**
   * Who should vote.
   *
   * @param followers who follows the log, of those who might
   */
  static Set<PeerId> choose(ClusterMetadata metadata, Set<PeerId> current, Set<PeerId> followers) {
    Transition transition = metadata.transition();
    PeerId leaving = transition == null ? null : leaving(metadata, transition);
    Set<PeerId> chosen = new TreeSet<>(current);
    if (leaving != null) {
      chosen.remove(leaving);
    }
    List<NodeInfo> candidates = new ArrayList<>();
    for (NodeInfo node : metadata.nodes()) {
      PeerId peer = peer(node);
      if (!current.contains(peer) && !peer.equals(leaving) && followers.contains(peer)) {
        candidates.add(node);
      }
    }
    int wanted = Math.max(current.size(), LEAST);
    if (chosen.size() + candidates.size() < wanted) {
      wanted = Math.min(wanted, current.size());
    }
    while (chosen.size() < wanted && !candidates.isEmpty()) {
      NodeInfo next = leastRepresented(metadata, chosen, candidates);
      candidates.remove(next);
      chosen.add(peer(next));
    }
    return chosen.isEmpty() ? current : chosen;
  }

  private static PeerId peer(NodeInfo node) {
    return new PeerId(node.internode().toString());
  }

  /** Who is not of the cluster when the transition has ended. */
  private static @Nullable PeerId leaving(ClusterMetadata metadata, Transition transition) {
    UUID host =
        switch (transition.kind()) {
          case LEAVE, REMOVE -> transition.node().hostId();
          case REPLACE -> transition.replaced();
          case JOIN, MOVE -> null;
        };
    NodeInfo node = host == null ? null : metadata.node(host);
    return node == null ? null : peer(node);
  }

  /** The first candidate of the data centre, and in it the rack, that has fewest votes. */
  private static NodeInfo leastRepresented(
      ClusterMetadata metadata, Set<PeerId> chosen, List<NodeInfo> candidates) {
    List<NodeInfo> voters =
        metadata.nodes().stream().filter(node -> chosen.contains(peer(node))).toList();
    return candidates.stream()
        .min(
            Comparator.<NodeInfo>comparingLong(node ->
                    voters.stream()
                        .filter(voter -> voter.datacenter().equals(node.datacenter()))
                        .count())
                .thenComparingLong(node ->
                    voters.stream()
                        .filter(voter ->
                            voter.datacenter().equals(node.datacenter())
                                && voter.rack().equals(node.rack()))
                        .count())
                .thenComparing(NodeInfo::hostId))
        .orElseThrow();
  }
}
