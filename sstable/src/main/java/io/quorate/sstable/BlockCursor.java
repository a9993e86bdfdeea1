package io.quorate.sstable;

import java.util.Arrays;

/**
 * Walks the entries of a data block (drawn at {@link BlockUnpacker}). The block's checksum was
 * verified, so its structure is trusted as far as bounds checks of arrays go. Reused, not
 * thread-safe.
 */
final class BlockCursor {
  private final ByteReader in = new ByteReader();
  private byte[] content = RowKeys.LOWEST;
  private int restartsOffset;
  private int restartCount;
  private int entryOffset;
  private int nextOffset;

  byte[] key = new byte[64];
  int keyLength;
  int valueOffset;
  int valueLength;

  /** Takes a block's content and stands before its first entry. */
  void reset(byte[] block) {
    reset(block, block.length);
  }

  /** Takes a block's content, the first bytes of an array. */
  void reset(byte[] block, int length) {
    content = block;
    restartCount = ByteReader.intAt(block, length - 4);
    restartsOffset = length - 4 - 4 * restartCount;
    entryOffset = 0;
    nextOffset = 0;
    keyLength = 0;
  }

  byte[] content() {
    return content;
  }

  boolean next() {
    if (nextOffset >= restartsOffset) {
      return false;
    }
    entryOffset = nextOffset;
    int shared = content[nextOffset];
    int rest = content[nextOffset + 1];
    valueLength = content[nextOffset + 2];
    int keyAt = nextOffset + 3;
    if ((shared | rest | valueLength) < 0) {
      // Not three numbers of one byte each, as almost always.
      in.over(content, nextOffset, restartsOffset - nextOffset);
      shared = in.readUvarint();
      rest = in.readUvarint();
      valueLength = in.readUvarint();
      keyAt = in.position;
    }
    int length = shared + rest;
    if (length > key.length) {
      key = Arrays.copyOf(key, 2 * length);
    }
    System.arraycopy(content, keyAt, key, shared, rest);
    keyLength = length;
    valueOffset = keyAt + rest;
    nextOffset = valueOffset + valueLength;
    return true;
  }

  /** Moves to the first entry not below a key. */
  boolean seekAtOrAfter(byte[] bound, int length) {
    int low = 0;
    int high = restartCount;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (compareRestart(middle, bound, length) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    nextOffset = restart(Math.max(0, low - 1));
    keyLength = 0;
    while (next()) {
      if (Arrays.compareUnsigned(key, 0, keyLength, bound, 0, length) >= 0) {
        return true;
      }
    }
    return false;
  }

  private int restart(int index) {
    return ByteReader.intAt(content, restartsOffset + 4 * index);
  }

  private int compareRestart(int index, byte[] bound, int length) {
    in.over(content, restart(index), restartsOffset - restart(index));
    in.readUvarint();
    int rest = in.readUvarint();
    in.readUvarint();
    return Arrays.compareUnsigned(content, in.position, in.position + rest, bound, 0, length);
  }

  /** Moves to the entry before, by walking from the restart in front of it. */
  boolean previous() {
    int target = entryOffset;
    if (target == 0) {
      return false;
    }
    int low = 0;
    int high = restartCount;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (restart(middle) < target) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    nextOffset = restart(low - 1);
    keyLength = 0;
    do {
      next();
    } while (nextOffset < target);
    return true;
  }

  /** Stands behind the last entry, so that {@link #previous} gives it. */
  void afterLast() {
    entryOffset = restartsOffset;
  }
}
