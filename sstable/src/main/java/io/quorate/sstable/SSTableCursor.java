package io.quorate.sstable;

import java.io.IOException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Walks an SSTable's entries across its blocks. Not thread-safe. */
final class SSTableCursor extends EntryCursor {

  /** Where blocks come from: the cache, the file, or a stretch that was read ahead. */
  interface Blocks {
    /** Gives a block's content to the cursor, which uses it until the next one is opened. */
    void open(int block, BlockCursor cursor) throws IOException;
  }

  private final SSTableIndex index;
  private final Blocks blocks;
  private final long newestMicros;
  private final @Nullable IntConsumer passOver;
  private final BlockCursor cursor = new BlockCursor();
  private int block = -1;
  private boolean open;

  /**
   * @param newestMicros no timestamp in the table is greater
   * @param passOver told of blocks that are damaged and are then passed over by {@link #next} and
   *     {@link #seekAtOrAfter}; null to fail there
   */
  SSTableCursor(
      SSTableIndex index, Blocks blocks, long newestMicros, @Nullable IntConsumer passOver) {
    this.index = index;
    this.blocks = blocks;
    this.newestMicros = newestMicros;
    this.passOver = passOver;
  }

  @Override
  long newestMicros() {
    return newestMicros;
  }

  private void openBlock(int wanted) throws IOException {
    if (!open || block != wanted) {
      open = false;
      blocks.open(wanted, cursor);
      block = wanted;
      open = true;
    }
  }

  @Override
  boolean seekAtOrAfter(byte[] key, int length) throws IOException {
    int wanted = index.blockOf(key, length);
    if (wanted == index.blockCount()) {
      return false;
    }
    if (!canOpen(wanted)) {
      return nextBlock();
    }
    return cursor.seekAtOrAfter(key, length) ? stand() : nextBlock();
  }

  @Override
  boolean seekBefore(byte[] key, int length) throws IOException {
    int wanted = index.blockOf(key, length);
    if (wanted == index.blockCount()) {
      openBlock(wanted - 1);
      cursor.afterLast();
    } else {
      openBlock(wanted);
      if (!cursor.seekAtOrAfter(key, length)) {
        cursor.afterLast();
      }
    }
    return previous();
  }

  @Override
  boolean next() throws IOException {
    return cursor.next() ? stand() : nextBlock();
  }

  private boolean nextBlock() throws IOException {
    while (block + 1 < index.blockCount()) {
      if (canOpen(block + 1)) {
        return cursor.next() && stand();
      }
    }
    return false;
  }

  /** Opens a block; false when it is damaged and was passed over. */
  private boolean canOpen(int wanted) throws IOException {
    try {
      openBlock(wanted);
      return true;
    } catch (CorruptFileException e) {
      if (passOver == null) {
        throw e;
      }
      passOver.accept(wanted);
      block = wanted;
      return false;
    }
  }

  @Override
  boolean previous() throws IOException {
    if (cursor.previous()) {
      return stand();
    }
    if (block == 0) {
      return false;
    }
    openBlock(block - 1);
    cursor.afterLast();
    return cursor.previous() && stand();
  }

  private boolean stand() {
    keyBytes = cursor.key;
    keyOffset = 0;
    keyLength = cursor.keyLength;
    valueBytes = cursor.content();
    valueOffset = cursor.valueOffset;
    valueLength = cursor.valueLength;
    return true;
  }
}
