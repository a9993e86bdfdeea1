package io.quorate.sstable;

import java.util.Arrays;

/**
 * The entries of a packed data block (drawn at {@link BlockPacker}), one after the other. Each key
 * is put together in an array of its own. A value is made whole where it stands, over bytes in
 * front of it that have been read, so a block can be walked once.
 *
 * <p>The block's checksum was verified; what it says is checked as far as that it ends with {@link
 * MalformedException} or {@link IndexOutOfBoundsException}. Reused, not thread-safe.
 */
final class PackedEntries {
  private final Partitioner partitioner;
  private final ByteReader in = new ByteReader();

  byte[] key = new byte[128];
  int keyLength;

  /** How many bytes the key shares with the one before, as far as the block says. */
  int shared;

  /** Whether the token is the one that the partitioner gives for the key. */
  boolean hasPartitionersToken;

  /** The value stands in the block. */
  int valueOffset;

  int valueLength;

  private int partitionLength;

  /** The first bytes of the value, as two words. */
  private long valueStart;

  private long valueSecond;

  PackedEntries(Partitioner partitioner) {
    this.partitioner = partitioner;
  }

  /** Takes the first bytes of an array, which it changes, and stands before the first entry. */
  void over(byte[] packed, int length) {
    in.over(packed, 0, length - Integer.BYTES);
    keyLength = 0;
    partitionLength = 0;
    valueLength = 0;
  }

  /** Nothing more is read. */
  void end() {
    in.over(RowKeys.LOWEST, 0, 0);
  }

  /** What values stand in. */
  byte[] bytes() {
    return in.bytes;
  }

  boolean next() {
    if (!in.hasRemaining()) {
      return false;
    }
    int control = in.readByte();
    if ((control & BlockPacker.PARTITION) != 0) {
      readPartition(control);
    } else {
      readRow();
    }
    int valueShared = control & BlockPacker.VALUE_SHARED;
    if (valueShared > valueLength) {
      throw new MalformedException("a value shares more than there is, before " + in.position);
    }
    int rest = in.readLength();
    if (valueShared > 0) {
      restoreValue(valueShared);
    }
    valueOffset = in.position - valueShared;
    valueLength = valueShared + rest;
    keepValueStart(valueShared);
    in.position += rest;
    return true;
  }

  private void readPartition(int control) {
    long tokenBefore = keyLength == 0 ? 0 : ByteReader.longAt(key, 0);
    int lengthBefore = partitionLength;
    boolean ownToken = (control & BlockPacker.TOKEN) != 0;
    long token = ownToken ? in.readLong() : 0;
    if ((control & BlockPacker.SAME_LENGTH) == 0) {
      partitionLength = 10 + in.readUnsignedShort();
    } else if (lengthBefore == 0) {
      throw new MalformedException("a block begins with what it shares");
    }
    int partitionKeyAt = in.position;
    int partitionKeyLength = partitionLength - 10;
    in.skip(partitionKeyLength);
    if (!ownToken) {
      token = partitioner.token(in.bytes, partitionKeyAt, partitionKeyLength) ^ Long.MIN_VALUE;
    }
    hasPartitionersToken = !ownToken;
    shared = Long.numberOfLeadingZeros(token ^ tokenBefore) / Byte.SIZE;
    if ((control & BlockPacker.SAME_ROW) == 0) {
      int rowLength = in.readLength();
      keyLength = partitionLength + rowLength;
      reserve();
      ByteWriter.copy(in.bytes, in.position, key, partitionLength, rowLength);
      in.position += rowLength;
    } else if (partitionLength != lengthBefore) {
      int rowLength = keyLength - lengthBefore;
      keyLength = partitionLength + rowLength;
      reserve();
      System.arraycopy(key, lengthBefore, key, partitionLength, rowLength);
    }
    putPartition(token, partitionKeyAt, partitionKeyLength);
  }

  private void readRow() {
    shared = partitionLength + in.readUvarint();
    if (partitionLength == 0 || shared > keyLength) {
      throw new MalformedException("a row shares more than there is, before " + in.position);
    }
    int rest = in.readLength();
    keyLength = shared + rest;
    reserve();
    ByteWriter.copy(in.bytes, in.position, key, shared, rest);
    in.position += rest;
  }

  /** The row key that follows stands there already, and stays. */
  private void putPartition(long token, int offset, int length) {
    ByteWriter.setLong(key, 0, token);
    if (length == 16) {
      // In the words in which the key is copied on: one that was written in two parts is read late.
      long first = ByteReader.longAt(in.bytes, offset);
      long second = ByteReader.longAt(in.bytes, offset + 8);
      long row = ByteReader.longAt(key, 24) & -1L >>> 16;
      ByteWriter.setLong(key, 8, 16L << 48 | first >>> 16);
      ByteWriter.setLong(key, 16, first << 48 | second >>> 16);
      ByteWriter.setLong(key, 24, second << 48 | row);
    } else {
      ByteWriter.setShort(key, 8, length);
      System.arraycopy(in.bytes, offset, key, 10, length);
    }
  }

  /** Leaves room behind the key, so that short pieces of it can be copied as longer ones. */
  private void reserve() {
    if (keyLength > key.length - ByteWriter.SHORT_COPY) {
      key = Arrays.copyOf(key, 2 * keyLength + ByteWriter.SHORT_COPY);
    }
  }

  /** Puts what the value shares with the one before in front of what stands here. */
  private void restoreValue(int count) {
    int at = in.position;
    if (at >= 16) {
      // All that is in front has been read, so more than is needed can be written over.
      int dropBits = (16 - count) * Byte.SIZE;
      if (dropBits >= Long.SIZE) {
        ByteWriter.setLong(in.bytes, at - 8, valueStart >>> (dropBits - Long.SIZE));
      } else {
        long end = (valueSecond >>> dropBits) | (valueStart << (Long.SIZE - dropBits));
        ByteWriter.setLong(in.bytes, at - 16, valueStart >>> dropBits);
        ByteWriter.setLong(in.bytes, at - 8, end);
      }
      return;
    }
    for (int i = 0; i < count; i++) {
      long word = i < 8 ? valueStart : valueSecond;
      in.bytes[at - count + i] = (byte) (word >>> (56 - 8 * (i & 7)));
    }
  }

  /**
   * Keeps the first bytes of the value: those that it shares are known, the others are read where
   * they stand. To read what has just been restored would mean to wait until it is written.
   */
  private void keepValueStart(int sharedBytes) {
    if (in.position > in.bytes.length - 16) {
      keepValueStartAtEnd();
      return;
    }
    long first = ByteReader.longAt(in.bytes, in.position);
    long second = ByteReader.longAt(in.bytes, in.position + 8);
    int bits = sharedBytes % 8 * Byte.SIZE;
    long knownBits = ~(-1L >>> bits);
    if (sharedBytes < 8) {
      valueStart = (valueStart & knownBits) | (first >>> bits);
      valueSecond = (first << (63 - bits) << 1) | (second >>> bits);
    } else {
      valueSecond = (valueSecond & knownBits) | (first >>> bits);
    }
  }

  private void keepValueStartAtEnd() {
    valueStart = 0;
    valueSecond = 0;
    for (int i = 0; i < Math.min(valueLength, 16); i++) {
      long bits = (in.bytes[valueOffset + i] & 0xFFL) << (56 - 8 * (i & 7));
      valueStart |= i < 8 ? bits : 0;
      valueSecond |= i < 8 ? 0 : bits;
    }
  }
}
