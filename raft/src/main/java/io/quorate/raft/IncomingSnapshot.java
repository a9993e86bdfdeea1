package io.quorate.raft;

import io.quorate.raft.Message.SnapshotChunk;

/** A leader's snapshot while its parts arrive, in order (chapter 5). Owned by its core. */
final class IncomingSnapshot {
  private final long index;
  private final long term;
  private final Configuration configuration;
  private final byte[] data;
  private int received;

  /** Begins with whatever part came first. */
  IncomingSnapshot(SnapshotChunk first) {
    this.index = first.snapshotIndex();
    this.term = first.snapshotTerm();
    this.configuration = first.configuration();
    this.data = new byte[first.totalBytes()];
  }

  boolean isOf(SnapshotChunk part) {
    return index == part.snapshotIndex() && term == part.snapshotTerm();
  }

  /** Takes in the next part; one that comes twice or too early changes nothing. */
  void add(SnapshotChunk part) {
    boolean isNext =
        part.offset() == received
            && part.totalBytes() == data.length
            && part.bytes().length <= data.length - received;
    if (isNext) {
      System.arraycopy(part.bytes(), 0, data, received, part.bytes().length);
      received += part.bytes().length;
    }
  }

  /** Where it goes on. */
  int received() {
    return received;
  }

  boolean isComplete() {
    return received == data.length;
  }

  Snapshot snapshot() {
    return new Snapshot(index, term, configuration, data);
  }
}
