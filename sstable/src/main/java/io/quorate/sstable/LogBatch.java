package io.quorate.sstable;

import io.quorate.environment.Shard;
import java.util.ArrayList;
import java.util.List;

/**
 * Records on their way from one shard to the commit log, and who waits for them. Has one owner at a
 * time: the shard that fills it, then the log's thread. Once written, it is read by the shards on
 * which somebody waits; the last of them empties it and gives it back.
 */
final class LogBatch {
  private static final int INITIAL_BYTES = 16 << 10;
  private static final int LARGEST_KEPT_BYTES = 4 << 20;

  /** Before each payload: its length u32 and its checksum u32. */
  static final int HEAD_BYTES = 8;

  /** The records, one behind the other; where in a segment they will stand is not known yet. */
  final ByteWriter bytes = new ByteWriter(INITIAL_BYTES);

  /** Who waits, by the index of the shard on which they are told. */
  private final List<List<ApplyCallback>> waiting;

  private final LogAppender owner;
  private int awaited;
  private int awaitedBefore;

  /** Whether everything up to here is to be synced, also when nobody waits for it. */
  boolean syncForced;

  LogBatch(LogAppender owner, int shardCount) {
    this.owner = owner;
    this.waiting = new ArrayList<>(shardCount);
    for (int i = 0; i < shardCount; i++) {
      waiting.add(new ArrayList<>());
    }
  }

  void add(int generation, byte[] mutation) {
    int length = CommitLogFormat.GENERATION_BYTES + mutation.length;
    bytes.reserve(HEAD_BYTES + length);
    int start = bytes.length;
    bytes.putInt(length);
    bytes.putInt(0);
    bytes.putInt(generation);
    bytes.put(mutation);
    bytes.setInt(start + 4, CommitLogFormat.crc(bytes.bytes, start + HEAD_BYTES, length));
  }

  void await(Shard shard, ApplyCallback callback) {
    waiting.get(shard.index()).add(callback);
    awaited++;
  }

  /** How many have begun to wait since this was asked last. */
  int newlyAwaited() {
    int newly = awaited - awaitedBefore;
    awaitedBefore = awaited;
    return newly;
  }

  boolean needsSync() {
    return syncForced || awaited > 0;
  }

  /** How many wait on a shard. */
  int waitingOn(Shard shard) {
    return waiting.get(shard.index()).size();
  }

  /** Tells those who wait on a shard. On that shard. */
  void tell(Shard shard, ApplyOutcome outcome) {
    for (ApplyCallback callback : waiting.get(shard.index())) {
      callback.applied(outcome);
    }
  }

  /** Everybody was told. */
  void giveBack() {
    clear();
    owner.giveBack(this);
  }

  private void clear() {
    if (bytes.bytes.length > LARGEST_KEPT_BYTES) {
      bytes.bytes = new byte[INITIAL_BYTES];
    }
    bytes.clear();
    waiting.forEach(List::clear);
    awaited = 0;
    awaitedBefore = 0;
    syncForced = false;
  }
}
