package io.quorate.sstable;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Uncompressed data blocks of all tables, weighed in bytes. Safe for concurrent use. Its upkeep
 * runs on the calling thread, so that it brings no threads of its own.
 *
 * <p>A table finds its blocks by their numbers in an array, where in a map a read would wait for a
 * bin, a node, a key and an entry, one after the other, before it could go on. Which blocks stay is
 * for Caffeine to decide. It is told of reads once it is half full: before that it counts none.
 */
final class BlockCache {
  private static final int ENTRY_OVERHEAD_BYTES = 120;

  private final long capacityBytes;
  final Cache<Place, byte[]> weighed;
  private volatile boolean countsReads;

  /** Where a block is found. */
  record Place(OfTable table, int block) {}

  BlockCache(long capacityBytes) {
    this.capacityBytes = capacityBytes;
    this.weighed =
        Caffeine.newBuilder()
            .executor(Runnable::run)
            .maximumWeight(capacityBytes)
            .weigher((Place place, byte[] block) -> block.length + ENTRY_OVERHEAD_BYTES)
            .evictionListener((place, block, cause) -> forget(place))
            .build();
  }

  private static void forget(@Nullable Place place) {
    if (place != null) {
      place.table.found.set(place.block, null);
    }
  }

  /** Room for the blocks of a table. */
  OfTable ofTable(long number, int blockCount) {
    return new OfTable(number, blockCount);
  }

  long weightBytes() {
    return weighed.policy().eviction().orElseThrow().weightedSize().orElse(0);
  }

  /** The blocks of one table. */
  final class OfTable {
    final AtomicReferenceArray<byte @Nullable []> found;
    private final long number;

    private OfTable(long number, int blockCount) {
      this.number = number;
      found = new AtomicReferenceArray<>(blockCount);
    }

    byte @Nullable [] find(int block) {
      byte[] content = found.get(block);
      if (content != null && countsReads) {
        var _ = weighed.getIfPresent(new Place(this, block));
      }
      return content;
    }

    void put(int block, byte[] content) {
      // Only who finds a place empty has a block weighed, and only its eviction empties the place,
      // so that what is found is what is weighed.
      if (!found.compareAndSet(block, null, content)) {
        return;
      }
      weighed.put(new Place(this, block), content);
      if (!countsReads && weightBytes() >= capacityBytes / 2) {
        countsReads = true;
      }
    }

    /** Lets all go that is found. */
    void clear() {
      for (int block = 0; block < found.length(); block++) {
        if (found.getAndSet(block, null) != null) {
          weighed.invalidate(new Place(this, block));
        }
      }
    }

    /**
     * The same in each run of a seed, as what is evicted depends on it. Far from that of the next
     * table, as the block's number is added.
     */
    @Override
    public int hashCode() {
      return Long.hashCode(number * 0x9E37_79B9_7F4A_7C15L);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }
  }
}
