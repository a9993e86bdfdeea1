package io.quorate.raft;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What a leader knows of a peer's log, and how much it has sent ahead. Owned by its core.
 *
 * <p>{@code PROBE}: where the logs match is unknown, so one append at a time asks. {@code
 * REPLICATE}: known; appends follow each other without waiting, up to a window. {@code SNAPSHOT}:
 * the peer needs entries that are compacted, and gets a snapshot, chunk by chunk.
 */
final class Progress {
  enum State {
    PROBE,
    REPLICATE,
    SNAPSHOT
  }

  private final int window;

  /** Last index of each append in flight, ascending. */
  private final ArrayDeque<Long> inflight = new ArrayDeque<>();

  private State state = State.PROBE;
  private long match;
  private long next;
  private boolean probeSent;
  private @Nullable Snapshot snapshot;
  private int snapshotOffset;
  private boolean snapshotMoved;

  /** Whether the peer was heard of since the last check of the quorum; a voter begins so. */
  boolean isActive;

  /** Whether the peer was heard of in this term at all. */
  boolean hasAnswered;

  /** When it was last heard of, in ticks of the leadership. */
  long heardAtTick;

  /** Checks of the quorum in a row in which it was not. */
  int silentChecks;

  /** The latest heartbeat round that the peer answered. */
  long answeredReadSequence;

  Progress(long next, int window) {
    this.next = next;
    this.window = window;
  }

  State state() {
    return state;
  }

  long match() {
    return match;
  }

  long next() {
    return next;
  }

  boolean isPaused() {
    return switch (state) {
      case PROBE -> probeSent;
      case REPLICATE -> inflight.size() >= window;
      case SNAPSHOT -> true;
    };
  }

  void sent(int count) {
    switch (state) {
      case PROBE -> probeSent = true;
      case REPLICATE -> {
        if (count > 0) {
          next += count;
          inflight.add(next - 1);
        }
      }
      case SNAPSHOT -> throw new IllegalStateException("appends wait for the snapshot");
    }
  }

  /** Whether it answered in this or the last check of the quorum. */
  boolean isLiving() {
    return hasAnswered && (isActive || silentChecks == 0);
  }

  /** The peer has everything up to {@code index}; whether that is news. */
  boolean accepted(long index) {
    boolean moved = index > match;
    match = Math.max(match, index);
    next = Math.max(next, match + 1);
    switch (state) {
      case PROBE -> {
        probeSent = false;
        if (moved || index == match) {
          replicate();
        }
      }
      case REPLICATE -> {
        while (!inflight.isEmpty() && inflight.peekFirst() <= index) {
          inflight.removeFirst();
        }
      }
      case SNAPSHOT -> {
        if (snapshot != null && match >= snapshot.index()) {
          replicate();
        }
      }
    }
    return moved;
  }

  /**
   * The peer refused an append after {@code prevIndex}; {@code retryAfter} is the best place left.
   * Whether to try again: an old refusal changes nothing.
   */
  boolean rejected(long prevIndex, long retryAfter) {
    if (state == State.REPLICATE && prevIndex > match) {
      probe();
      return true;
    }
    if (state == State.PROBE && prevIndex == next - 1) {
      next = Math.max(Math.min(prevIndex, retryAfter + 1), match + 1);
      probeSent = false;
      return true;
    }
    return false;
  }

  /**
   * The peer has less than it once took, for another stands at the address of one whose log is
   * lost. To think that it has less than it has does no harm.
   */
  void lost(long lastIndex) {
    match = Math.min(match, lastIndex);
    probe();
  }

  /** A reply to a heartbeat: the peer lives, so a lost probe or append may be tried again. */
  void heartbeatAnswered() {
    probeSent = false;
    if (state == State.REPLICATE && inflight.size() >= window) {
      inflight.removeFirst();
    }
  }

  void probe() {
    state = State.PROBE;
    next = match + 1;
    probeSent = false;
    inflight.clear();
    snapshot = null;
  }

  private void replicate() {
    state = State.REPLICATE;
    next = match + 1;
    inflight.clear();
    snapshot = null;
  }

  void startSnapshot(Snapshot toSend) {
    state = State.SNAPSHOT;
    snapshot = toSend;
    snapshotOffset = 0;
    snapshotMoved = true;
    inflight.clear();
  }

  @Nullable Snapshot snapshot() {
    return snapshot;
  }

  int snapshotOffset() {
    return snapshotOffset;
  }

  void snapshotArrivedTo(int offset) {
    snapshotOffset = offset;
    snapshotMoved = true;
  }

  /** Whether nothing of the snapshot arrived since this was asked last. */
  boolean isSnapshotStuck() {
    boolean stuck = !snapshotMoved;
    snapshotMoved = false;
    return stuck;
  }
}
