package io.quorate.sstable;

import java.util.ArrayList;
import java.util.List;

/**
 * Records on their way from one shard to the commit log, and who waits for them. Has one owner at a
 * time: the shard while it fills and once it is answered, the log's thread between.
 */
final class LogBatch {
  private static final int INITIAL_BYTES = 16 << 10;
  private static final int LARGEST_KEPT_BYTES = 4 << 20;

  /** Before each payload: its length u32 and its checksum u32. */
  static final int HEAD_BYTES = 8;

  /** The records, one behind the other; where in a segment they will stand is not known yet. */
  final ByteWriter bytes = new ByteWriter(INITIAL_BYTES);

  final List<ApplyCallback> waiting = new ArrayList<>();

  /** Whether everything up to here is to be synced, also when nobody waits for it. */
  boolean syncForced;

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

  boolean needsSync() {
    return syncForced || !waiting.isEmpty();
  }

  void clear() {
    if (bytes.bytes.length > LARGEST_KEPT_BYTES) {
      bytes.bytes = new byte[INITIAL_BYTES];
    }
    bytes.clear();
    waiting.clear();
    syncForced = false;
  }
}
