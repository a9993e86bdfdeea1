package io.quorate.raft;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads that wait at a leader until a majority has answered a round of heartbeats that began after
 * they came: only then is it sure that nobody else led meanwhile (section 6.4). Ends with its
 * leadership. Owned by its core.
 */
final class ReadIndex {
  /** A read, the round that confirms it, and what it must see. */
  record Waiting(long round, PeerId from, long context, long index) {}

  private final int capacity;
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private long round;

  ReadIndex(int capacity) {
    this.capacity = capacity;
  }

  /** The latest round; heartbeats carry it. */
  long round() {
    return round;
  }

  /** Adds a read, to be confirmed by a round that begins now; false when too many wait. */
  boolean add(PeerId from, long context, long index) {
    if (waiting.size() >= capacity) {
      return false;
    }
    round++;
    waiting.add(new Waiting(round, from, context, index));
    return true;
  }

  /** Takes out the reads that are confirmed when a majority has answered {@code answered}. */
  List<Waiting> take(long answered) {
    List<Waiting> taken = new ArrayList<>();
    while (!waiting.isEmpty() && waiting.peekFirst().round() <= answered) {
      taken.add(waiting.removeFirst());
    }
    return taken;
  }
}
