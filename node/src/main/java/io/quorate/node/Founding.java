package io.quorate.node;

import io.quorate.environment.Shard;
import io.quorate.raft.PeerId;
import io.quorate.raft.Ring;
import io.quorate.raft.RingEvidence;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a node with an empty data directory, at the address of a configured voter, has a say in
 * the metadata ring. Its log is empty because the ring begins; or because its disk was lost, and
 * then it must not help to elect somebody without what it once acknowledged. Its configuration is
 * the same in both cases. So the voters are asked: a ring begins only when all of them, together,
 * have nothing. Who finds that others have begun is let in by them: it votes once the metadata name
 * it.
 *
 * <p>Before one of them has begun all must have been there; a majority is enough from then on. What
 * was found is noted in the {@link NodeIdentity} before the first vote.
 *
 * <p>Owned by the metadata ring's shard.
 */
final class Founding {
  private static final Logger log = LoggerFactory.getLogger(Founding.class);
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int ROUNDS_A_LINE = 40;

  private final Shard shard;
  private final MetadataRecovery recovery;
  private final Set<PeerId> others;
  private final Runnable founded;
  private int rounds;

  /** Who has not been heard while this node waits for the ring to begin; read by any thread. */
  private volatile Set<PeerId> missing = Set.of();

  /**
   * @param others the configured voters but this one
   * @param founded called when the ring begins with this node
   */
  Founding(Shard shard, MetadataRecovery recovery, Set<PeerId> others, Runnable founded) {
    this.shard = shard;
    this.recovery = recovery;
    this.others = Set.copyOf(others);
    this.founded = founded;
  }

  /** Whom the ring waits for before it begins; none when it does not wait. Any thread. */
  Set<PeerId> missing() {
    return missing;
  }

  /** Asks until it is clear. */
  void start() {
    recovery.ask(others, PATIENCE_NANOS, this::answered);
  }

  private void answered(Map<PeerId, RingEvidence> answers) {
    if (answers.values().stream().anyMatch(evidence -> !hasNothing(evidence))) {
      log.info("the metadata ring has begun already: this node votes once it is let in");
      missing = Set.of();
      return;
    }
    Set<PeerId> silent = new TreeSet<>(others);
    answers.forEach((peer, evidence) -> {
      if (evidence.failure() == null) {
        silent.remove(peer);
      }
    });
    missing = silent;
    if (silent.isEmpty()) {
      founded.run();
      return;
    }
    if (++rounds % ROUNDS_A_LINE == 0) {
      log.info("the metadata ring begins when all its first voters are there; not yet: {}", silent);
    }
    shard.schedule(PAUSE_NANOS, this::start);
  }

  /** One that is not running yet has nothing to tell, which is not the same as having nothing. */
  private static boolean hasNothing(RingEvidence evidence) {
    return evidence.ring().equals(Ring.FIRST) && evidence.term() == 0 && evidence.lastIndex() == 0;
  }
}
