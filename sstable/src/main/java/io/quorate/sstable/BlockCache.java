package io.quorate.sstable;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.quorate.environment.Invariant;
import org.jspecify.annotations.Nullable;

/**
 * Uncompressed data blocks of all tables, weighed in bytes. Safe for concurrent use. Its upkeep
 * runs on the calling thread, so that it brings no threads of its own.
 */
final class BlockCache {
  private static final int BLOCK_BITS = 26;
  private static final int ENTRY_OVERHEAD_BYTES = 120;

  private final Cache<Long, byte[]> blocks;

  BlockCache(long capacityBytes) {
    this.blocks =
        Caffeine.newBuilder()
            .executor(Runnable::run)
            .maximumWeight(capacityBytes)
            .weigher((Long key, byte[] block) -> block.length + ENTRY_OVERHEAD_BYTES)
            .build();
  }

  private static Long key(long tableNumber, int block) {
    Invariant.check(block < 1 << BLOCK_BITS, "a block's number fits", block, 1 << BLOCK_BITS);
    return tableNumber << BLOCK_BITS | block;
  }

  byte @Nullable [] find(long tableNumber, int block) {
    return blocks.getIfPresent(key(tableNumber, block));
  }

  void put(long tableNumber, int block, byte[] content) {
    blocks.put(key(tableNumber, block), content);
  }

  void remove(long tableNumber, int blockCount) {
    for (int block = 0; block < blockCount; block++) {
      blocks.invalidate(key(tableNumber, block));
    }
  }

  long weightBytes() {
    return blocks.policy().eviction().orElseThrow().weightedSize().orElse(0);
  }
}
