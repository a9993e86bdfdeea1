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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the metadata ring's voters as {@link VoterChoice} wants them, by one joint step at a time.
 * Only the ring's leader acts: without a majority there is none. While ownership changes the voters
 * stay, but for those who are about to leave the cluster and give their votes to others.
 *
 * <p>Owned by the metadata ring's shard.
 */
final class MetadataVoters {
  private static final Logger log = LoggerFactory.getLogger(MetadataVoters.class);
  private static final long LOOK_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  /**
   * How long it is thought over who should vote: three heartbeats. Who died in the moment that gave
   * the reason is missed by then, and a change that needs the dead is refused.
   */
  private static final long THINK_OVER_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  private final Environment environment;
  private final Shard shard;
  private final RaftMetadataRing ring;
  private final RaftNode raft;
  private final VoterPolicy policy;
  private boolean changing;

  /** Who should vote, as far as one look tells, and since when, on the same clock as below. */
  private Set<PeerId> considered = Set.of();

  private long consideredSinceNanos;

  /** Since when this node, as the leader, misses a voter: on the environment's monotonic clock. */
  private final Map<PeerId, Long> missedSinceNanos = new TreeMap<>();

  MetadataVoters(
      Environment environment,
      Shard shard,
      RaftMetadataRing ring,
      RaftNode raft,
      VoterPolicy policy) {
    this.environment = environment;
    this.shard = shard;
    this.ring = ring;
    this.raft = raft;
    this.policy = policy;
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
    if (status == null || status.role() != Role.LEADER) {
      missedSinceNanos.clear();
      considered = Set.of();
      return;
    }
    ClusterMetadata metadata = ring.metadata();
    Set<PeerId> followers = followers(status);
    Set<PeerId> current = new TreeSet<>(status.voters());
    Set<PeerId> lost = lost(metadata, current, followers);
    if (changing || !status.outgoingVoters().isEmpty()) {
      return;
    }
    Set<PeerId> leaving = leaving(metadata);
    if (metadata.isChanging() && leaving.stream().noneMatch(current::contains)) {
      return;
    }
    List<NodeInfo> staying = new ArrayList<>();
    for (NodeInfo node : metadata.members()) {
      boolean isOfTheCluster = metadata.node(node.hostId()) != null;
      if (isOfTheCluster && !leaving.contains(VoterChoice.peer(node))) {
        staying.add(node);
      }
    }
    lost.addAll(leaving);
    Set<PeerId> wanted = new VoterChoice(staying, current, lost, followers).choose(policy);
    if (wanted.equals(current)) {
      considered = Set.of();
    } else {
      consider(wanted);
    }
  }

  /**
   * Those that were silent for longer than the policy is patient, and those that are not of the
   * cluster any more: whoever was taken out does not come back. As long as nobody ever was, one
   * that is not of the cluster is one that has not said yet that it is there.
   */
  private Set<PeerId> lost(ClusterMetadata metadata, Set<PeerId> voters, Set<PeerId> followers) {
    Set<PeerId> members = new TreeSet<>();
    metadata.members().forEach(node -> members.add(VoterChoice.peer(node)));
    Set<PeerId> present = new TreeSet<>(members);
    present.retainAll(followers);
    missedSinceNanos.keySet().retainAll(voters);
    missedSinceNanos.keySet().removeAll(present);
    long now = environment.clock().nanos();
    long patienceNanos = TimeUnit.MILLISECONDS.toNanos(policy.patienceMillis());
    Set<PeerId> lost = new TreeSet<>();
    for (PeerId voter : voters) {
      if (!present.contains(voter)) {
        long since = missedSinceNanos.computeIfAbsent(voter, v -> now);
        boolean isOut = !members.contains(voter) && !metadata.removed().isEmpty();
        if (isOut || now - since >= patienceNanos) {
          lost.add(voter);
        }
      }
    }
    return lost;
  }

  /** This node, and those that it hears of. */
  private static Set<PeerId> followers(RaftStatus status) {
    Set<PeerId> followers = new TreeSet<>();
    followers.add(status.self());
    for (RaftStatus.PeerStatus peer : status.peers()) {
      if (peer.isActive()) {
        followers.add(peer.peer());
      }
    }
    return followers;
  }

  private void consider(Set<PeerId> wanted) {
    long now = environment.clock().nanos();
    if (!wanted.equals(considered)) {
      considered = wanted;
      consideredSinceNanos = now;
      shard.schedule(THINK_OVER_NANOS, this::look);
    } else if (now - consideredSinceNanos >= THINK_OVER_NANOS) {
      considered = Set.of();
      change(wanted);
    }
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

  /** Who is not of the cluster when the changes under way have ended. */
  private static Set<PeerId> leaving(ClusterMetadata metadata) {
    Set<PeerId> leaving = new TreeSet<>();
    for (Transition transition : metadata.transitions()) {
      for (UUID host : transition.leaving()) {
        NodeInfo node = metadata.node(host);
        if (node != null) {
          leaving.add(VoterChoice.peer(node));
        }
      }
    }
    return leaving;
  }
}
