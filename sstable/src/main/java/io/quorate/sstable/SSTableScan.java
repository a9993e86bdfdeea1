package io.quorate.sstable;

import java.io.IOException;
import java.util.Arrays;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Walks an SSTable forward, as compaction does: blocks come in large reads and are not made
 * searchable, since nothing is searched. Not thread-safe.
 */
final class SSTableScan extends EntryCursor {
  private final SSTableIndex index;
  private final BlockStretch blocks;
  private final long newestMicros;
  private final @Nullable IntConsumer passOver;
  private final PackedEntries packed;

  /** For the blocks of files of versions 1 and 2, which are not packed. */
  private final BlockCursor unpacked = new BlockCursor();

  private boolean isPacked;
  private int block = -1;

  /** Whether it stands on an entry of the block. */
  private boolean standing;

  /**
   * @param newestMicros no timestamp in the table is greater
   * @param passOver told of blocks that are damaged and are then passed over; null to fail there
   */
  SSTableScan(
      SSTableIndex index,
      BlockStretch blocks,
      Partitioner partitioner,
      long newestMicros,
      @Nullable IntConsumer passOver) {
    this.index = index;
    this.blocks = blocks;
    this.packed = new PackedEntries(partitioner);
    this.newestMicros = newestMicros;
    this.passOver = passOver;
  }

  @Override
  long newestMicros() {
    return newestMicros;
  }

  @Override
  boolean next() throws IOException {
    return nextInBlock() || nextBlock();
  }

  private boolean nextBlock() throws IOException {
    while (block + 1 < index.blockCount()) {
      open(block + 1);
      if (nextInBlock()) {
        return true;
      }
    }
    standing = false;
    return false;
  }

  /** Opens a block. One that is damaged and passed over seems empty. */
  private void open(int wanted) throws IOException {
    block = wanted;
    standing = false;
    try {
      ByteWriter content = blocks.content(wanted);
      isPacked = BlockUnpacker.isPacked(content.bytes);
      if (isPacked) {
        packed.over(content.bytes, content.length);
        valueBytes = content.bytes;
      } else {
        unpacked.reset(content.bytes, content.length);
      }
    } catch (CorruptFileException e) {
      passOverOrFail(e);
    }
  }

  private void passOverOrFail(CorruptFileException damage) throws CorruptFileException {
    if (passOver == null) {
      throw damage;
    }
    passOver.accept(block);
    isPacked = true;
    packed.end();
  }

  private boolean nextInBlock() throws IOException {
    return isPacked ? nextPacked() : nextUnpacked();
  }

  private boolean nextPacked() throws IOException {
    try {
      standing = packed.next();
    } catch (MalformedException | IndexOutOfBoundsException e) {
      passOverOrFail(
          new CorruptFileException(
              blocks.path(), "block " + block + " is malformed: " + e.getMessage()));
      standing = false;
    }
    keyBytes = packed.key;
    keyLength = packed.keyLength;
    hasPartitionersToken = packed.hasPartitionersToken;
    valueOffset = packed.valueOffset;
    valueLength = packed.valueLength;
    return standing;
  }

  private boolean nextUnpacked() {
    standing = unpacked.next();
    keyBytes = unpacked.key;
    keyLength = unpacked.keyLength;
    hasPartitionersToken = false;
    valueBytes = unpacked.content();
    valueOffset = unpacked.valueOffset;
    valueLength = unpacked.valueLength;
    return standing;
  }

  @Override
  boolean seekAtOrAfter(byte[] key, int length) throws IOException {
    int wanted = index.blockOf(key, length);
    if (wanted == index.blockCount()) {
      block = wanted;
      standing = false;
      isPacked = true;
      packed.end();
      return false;
    }
    boolean ahead = standing && block == wanted && compare(key, length) <= 0;
    if (!ahead) {
      open(wanted);
      if (!next()) {
        return false;
      }
    }
    while (compare(key, length) < 0) {
      if (!next()) {
        return false;
      }
    }
    return true;
  }

  /** Compares the key of the entry that it stands on with another. */
  private int compare(byte[] key, int length) {
    return Arrays.compareUnsigned(keyBytes, 0, keyLength, key, 0, length);
  }

  @Override
  boolean seekBefore(byte[] key, int length) {
    throw new UnsupportedOperationException("a scan goes forward");
  }

  @Override
  boolean previous() {
    throw new UnsupportedOperationException("a scan goes forward");
  }
}
