package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.Arrays;

/**
 * How the key of an entry follows that of the entry before, while an SSTable is written: what they
 * share tells the order, the partition, and what can be left out. Keeps the key. Reused, not
 * thread-safe.
 */
final class KeyStep {
  /** The key, in an array of its own. */
  byte[] key = new byte[64];

  int keyLength;
  int partitionLength;

  /** How many bytes the key has in common with the one before. */
  int shared;

  /** Whether the key is of another partition than the one before; that of the first key is. */
  boolean newPartition;

  /** Whether the partition's part is as long as it was before. */
  boolean sameLength;

  /** Whether the row's part is that of the key before, though the partition is another. */
  boolean sameRow;

  /** Goes to the next key, which has to be above the one before. */
  void to(byte[] next, int offset, int length) {
    int partitionBefore = partitionLength;
    partitionLength = StoreKey.partitionLength(next, offset);
    shared = shared(next, offset, length);
    checkOrder(next, offset, length);
    newPartition = shared < partitionLength;
    sameLength = partitionLength == partitionBefore;
    sameRow =
        newPartition
            && keyLength > 0
            && length - partitionLength == keyLength - partitionBefore
            && isRow(next, offset + partitionLength, partitionBefore);
    if (length > key.length) {
      key = new byte[2 * length];
    }
    ByteWriter.copy(next, offset, key, 0, length);
    keyLength = length;
  }

  /** Between partitions the tokens tell, almost always. */
  private int shared(byte[] next, int offset, int length) {
    if (keyLength == 0) {
      return 0;
    }
    long differing = ByteReader.longAt(next, offset) ^ ByteReader.longAt(key, 0);
    if (differing != 0) {
      return Long.numberOfLeadingZeros(differing) / Byte.SIZE;
    }
    int limit = Math.min(keyLength, length);
    int mismatch = Arrays.mismatch(key, 0, limit, next, offset, offset + limit);
    return mismatch < 0 ? limit : mismatch;
  }

  private void checkOrder(byte[] next, int offset, int length) {
    boolean above =
        shared == keyLength
            ? length > shared
            : shared < length && (next[offset + shared] & 0xFF) > (key[shared] & 0xFF);
    Invariant.check(above, "entries are written in order");
  }

  /** A row's part is mostly short, and compared before a call would have begun. */
  private boolean isRow(byte[] next, int offset, int rowBefore) {
    for (int i = rowBefore; i < keyLength; i++) {
      if (key[i] != next[offset + i - rowBefore]) {
        return false;
      }
    }
    return true;
  }
}
