package io.quorate.sstable;

import java.util.Arrays;

/**
 * Builds the content of a data block. A key leaves out what it shares with the one before, except
 * at a restart, every 16 entries, where a search can begin.
 *
 * <pre>
 * Block := entry* | restartOffset u32 * restartCount | restartCount u32
 * Entry := sharedLength uvarint | restLength uvarint | valueLength uvarint | rest of key | value
 * </pre>
 *
 * <p>Reused, not thread-safe.
 */
final class BlockBuilder {
  private static final int RESTART_INTERVAL = 16;

  private final ByteWriter out = new ByteWriter(8 << 10);
  private int[] restarts = new int[64];
  private int restartCount;
  private int sinceRestart;

  void clear() {
    out.clear();
    restartCount = 0;
    sinceRestart = RESTART_INTERVAL;
  }

  /**
   * Adds an entry.
   *
   * @param shared how many bytes the key has in common with that of the entry before, also where
   *     that one stands in another block
   */
  void add(
      int shared,
      byte[] key,
      int keyOffset,
      int keyLength,
      byte[] value,
      int valueOffset,
      int valueLength) {
    int left = shared;
    if (sinceRestart == RESTART_INTERVAL) {
      if (restartCount == restarts.length) {
        restarts = Arrays.copyOf(restarts, 2 * restartCount);
      }
      restarts[restartCount++] = out.length;
      sinceRestart = 0;
      left = 0;
    }
    sinceRestart++;
    int rest = keyLength - left;
    if ((left | rest | valueLength) < 0x80) {
      out.putBytes(left, rest, valueLength);
    } else {
      out.putUvarint(left);
      out.putUvarint(rest);
      out.putUvarint(valueLength);
    }
    out.put(key, keyOffset + left, rest);
    out.put(value, valueOffset, valueLength);
  }

  boolean isEmpty() {
    return restartCount == 0;
  }

  int sizeBytes() {
    return out.length + 4 * restartCount + 4;
  }

  /** Ends the block; its content is the first bytes of the result, valid until cleared. */
  ByteWriter finish() {
    for (int i = 0; i < restartCount; i++) {
      out.putInt(restarts[i]);
    }
    out.putInt(restartCount);
    return out;
  }
}
