package io.quorate.sstable;

import java.io.IOException;

/** Walks an SSTable's entries across its blocks. Not thread-safe. */
final class SSTableCursor extends EntryCursor {

  /** Where blocks come from: the cache or the file. */
  interface Blocks {
    /** Gives a block's content to the cursor, which uses it until the next one is opened. */
    void open(int block, BlockCursor cursor) throws IOException;
  }

  private final SSTableIndex index;
  private final Blocks blocks;
  private final long newestMicros;
  private final BlockCursor cursor = new BlockCursor();
  private int block = -1;
  private boolean open;

  /**
   * @param newestMicros no timestamp in the table is greater
   */
  SSTableCursor(SSTableIndex index, Blocks blocks, long newestMicros) {
    this.index = index;
    this.blocks = blocks;
    this.newestMicros = newestMicros;
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
    openBlock(wanted);
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
    if (block + 1 == index.blockCount()) {
      return false;
    }
    openBlock(block + 1);
    return cursor.next() && stand();
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
