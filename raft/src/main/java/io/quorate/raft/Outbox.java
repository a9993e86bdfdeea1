package io.quorate.raft;

import io.quorate.environment.Invariant;
import io.quorate.raft.Ready.Envelope;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a core wants to be sent and persisted, and what it knows to be on disk. Messages are on two
 * piles: those that can go at once, and those that wait for the disk. Owned by its core.
 */
final class Outbox {
  private final List<Envelope> atOnce = new ArrayList<>();
  private final List<Envelope> afterPersist = new ArrayList<>();
  private final int commitPatienceTicks;
  private int commitDirtyTicks;
  private HardState persisted;
  private @Nullable Ready outstanding;

  /**
   * @param persisted what is on disk
   * @param commitPatienceTicks how long a commit index alone waits for something else to be written
   */
  Outbox(HardState persisted, int commitPatienceTicks) {
    this.persisted = persisted;
    this.commitPatienceTicks = commitPatienceTicks;
  }

  /**
   * Queues a message. What promises something about this member's disk waits for the disk: votes,
   * and accepted entries. So does everything else as long as the term is not on disk: a member that
   * forgot its term would break promises of the same kind.
   */
  void send(long term, PeerId to, Message.ToCore message) {
    boolean promises =
        switch (message) {
          case Message.VoteRequest m -> true;
          case Message.VoteReply m -> true;
          case Message.AppendAccepted m -> true;
          case Message.PreVoteRequest m -> false;
          case Message.PreVoteReply m -> false;
          case Message.AppendRequest m -> false;
          case Message.AppendRejected m -> false;
          case Message.Heartbeat m -> false;
          case Message.HeartbeatReply m -> false;
          case Message.SnapshotChunk m -> false;
          case Message.SnapshotChunkReply m -> false;
          case Message.TimeoutNow m -> false;
          case Message.ReadIndexRequest m -> false;
          case Message.ReadIndexReply m -> false;
          case Message.Subscribe m -> false;
        };
    boolean waits = promises || term != persisted.term();
    (waits ? afterPersist : atOnce).add(new Envelope(to, message));
  }

  List<Envelope> takeMessages() {
    List<Envelope> taken = List.copyOf(atOnce);
    atOnce.clear();
    return taken;
  }

  void tick(long commit) {
    if (commit != persisted.commit()) {
      commitDirtyTicks++;
    }
  }

  /** The next {@link #ready} writes the commit index, if it is not on disk. */
  void writeCommit() {
    commitDirtyTicks = commitPatienceTicks;
  }

  /** The commit index on disk. */
  long persistedCommit() {
    return persisted.commit();
  }

  /** What to persist and to send thereafter, or null when there is nothing. */
  @Nullable Ready ready(HardState state, RaftLog log) {
    Invariant.check(outstanding == null, "one ready at a time");
    boolean changed =
        state.term() != persisted.term() || !Objects.equals(state.vote(), persisted.vote());
    boolean commitIsStale =
        state.commit() != persisted.commit() && commitDirtyTicks >= commitPatienceTicks;
    boolean writes = log.hasUnpersisted() || changed || commitIsStale;
    if (!writes && afterPersist.isEmpty()) {
      return null;
    }
    Ready ready =
        new Ready(
            log.isSnapshotPending() ? log.snapshot() : null,
            writes && !state.equals(persisted) ? state : null,
            log.takeUnpersisted(),
            List.copyOf(afterPersist));
    afterPersist.clear();
    outstanding = ready;
    return ready;
  }

  /** What {@code ready} asked to persist is on disk. */
  @SuppressWarnings("ReferenceEquality") // the very ready that was handed out
  void done(Ready ready, RaftLog log) {
    Invariant.check(ready == outstanding, "the ready that was handed out last is the one done");
    outstanding = null;
    if (ready.hardState() != null) {
      persisted = ready.hardState();
      commitDirtyTicks = 0;
    }
    if (ready.snapshot() != null) {
      log.snapshotPersisted(ready.snapshot());
    }
    if (!ready.entries().isEmpty()) {
      log.persistedTo(ready.entries().getLast());
    }
  }

  /** The term on disk, and with it the vote of that term. */
  long persistedTerm() {
    return persisted.term();
  }
}
