package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftNode;
import io.quorate.raft.RaftStatus;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node may vote in the metadata ring. A vote says that nothing is forgotten that was
 * acknowledged before; so who begins with nothing, or takes another's place, has none until it is
 * certain that there is nothing to forget. Owned by the metadata ring's shard.
 */
final class VotingRight {
  private static final Logger log = LoggerFactory.getLogger(VotingRight.class);
  private static final long SETTLE_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Environment environment;
  private final Shard shard;
  private final NodeConfig config;
  private final NodeIdentity identity;
  private final Executor identityThread;
  private final RaftMetadataRing ring;
  private final RaftNode raft;
  private final MetadataRecovery recovery;

  /** As the identity on disk has it. */
  private boolean hasSay;

  private volatile @Nullable Founding founding;
  private boolean isSettling;
  private boolean isLeaving;

  /**
   * @param identityThread on which the identity is written
   */
  VotingRight(
      Environment environment,
      Shard shard,
      NodeConfig config,
      NodeIdentity identity,
      Executor identityThread,
      RaftMetadataRing ring,
      RaftNode raft,
      MetadataRecovery recovery) {
    this.environment = environment;
    this.shard = shard;
    this.config = config;
    this.identity = identity;
    this.identityThread = identityThread;
    this.ring = ring;
    this.raft = raft;
    this.recovery = recovery;
  }

  /** From now on the vote is given or withheld, as the metadata change. */
  void follow() {
    ring.onMetadata(metadata -> shard.execute(this::giveOrWithhold));
    hasSay = identity.state() == NodeIdentity.State.MEMBER;
    giveOrWithhold();
  }

  /** The metadata log is read: a node that begins with nothing finds out whether the ring does. */
  void logIsRead() {
    giveOrWithhold();
    PeerId self = new PeerId(config.internode().toString());
    Set<PeerId> others = new TreeSet<>(firstVoters(config));
    if (!hasSay && config.replaceNode() == null && others.remove(self)) {
      Founding begun = new Founding(shard, recovery, others, this::settle);
      founding = begun;
      begun.start();
    }
  }

  /** The first voters that the ring waits for before it begins; none when it does not. */
  Set<PeerId> missingFounders() {
    Founding begun = founding;
    return begun == null ? Set.of() : begun.missing();
  }

  /**
   * Waits until this node has no vote, which the leader gives to another when a node leaves: one
   * that is gone must not be counted on.
   *
   * @param deadlineNanos on the clock's time line: then it is waited no longer
   */
  void whenGivenAway(long deadlineNanos, Runnable then) {
    RaftStatus status = raft.status();
    PeerId self = status.self();
    boolean mayVote = status.voters().contains(self) || status.outgoingVoters().contains(self);
    if (!mayVote || environment.clock().nanos() - deadlineNanos >= 0) {
      then.run();
    } else {
      shard.schedule(LOOK_AGAIN_NANOS, () -> whenGivenAway(deadlineNanos, then));
    }
  }

  /** This node leaves the cluster: its identity says something else from now on. */
  void leave() {
    isLeaving = true;
  }

  /**
   * Who takes the place of a voter at its own address is taken for it, and must not vote before it
   * has all that one may have acknowledged. The first entry of which that is certain is the one
   * that lets this node in: it was committed without the voter, which was dead.
   */
  private void giveOrWithhold() {
    ClusterMetadata metadata = ring.ordered();
    boolean isIn = metadata.member(identity.hostId()) != null;
    boolean isAnothersPlace =
        config.replaceNode() != null
            || metadata.members().stream()
                .anyMatch(node -> node.internode().equals(config.internode()));
    raft.withholdVote(!hasSay || (!isIn && isAnothersPlace));
    if (isIn && !hasSay) {
      settle();
    }
  }

  /** From now on, also in later lives, this node has a say. Noted before it is used. */
  private void settle() {
    if (isSettling || isLeaving) {
      return;
    }
    isSettling = true;
    identityThread.execute(() -> {
      try {
        identity.settle(environment.files(), config.dataDirectory());
      } catch (IOException e) {
        log.error("this node cannot vote yet: {}", FileFailure.describe(e));
        shard.schedule(
            SETTLE_AGAIN_NANOS,
            () -> {
              isSettling = false;
              settle();
            });
        return;
      }
      shard.execute(() -> {
        hasSay = true;
        giveOrWithhold();
      });
    });
  }

  /**
   * The voters with which the ring begins, as configured. Who takes the place of another has no
   * vote of that one's: at its address it may be taken for it.
   */
  static List<PeerId> firstVoters(NodeConfig config) {
    PeerId self = new PeerId(config.internode().toString());
    List<PeerId> voters =
        config.metadataVoters().stream().map(voter -> new PeerId(voter.toString())).toList();
    List<PeerId> others = voters.stream().filter(voter -> !voter.equals(self)).toList();
    return config.replaceNode() == null || others.isEmpty() ? voters : others;
  }
}
