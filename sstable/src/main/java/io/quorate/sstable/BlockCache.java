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
 * bin, a node, a key and an entry, one after the other. Which blocks stay is for Caffeine to
 * decide. It is told of reads once it is half full, as before that it would not count them.
 */
final class BlockCache {
  private static final int ENTRY_OVERHEAD_BYTES = 120;

  private final long capacityBytes;
  private final Cache<Place, byte[]> weighed;
  private volatile boolean countsReads;

  private record Place(OfTable table, int block) {}

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
  OfTable ofTable(int blockCount) {
    return new OfTable(blockCount);
  }

  long weightBytes() {
    return weighed.policy().eviction().orElseThrow().weightedSize().orElse(0);
  }

  /** The blocks of one table. */
  final class OfTable {
    final AtomicReferenceArray<byte @Nullable []> found;

    private OfTable(int blockCount) {
      found = new AtomicReferenceArray<>(blockCount);
    }

    byte @Nullable [] find(int block) {
      byte[] content = found.get(block);
      return content != null && countsReads
          ? weighed.getIfPresent(new Place(this, block))
          : content;
    }

    void put(int block, byte[] content) {
      // In this order: what is evicted, be it at once, is forgotten after it was to be found. So
      // nothing is found that is not weighed.
      found.set(block, content);
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
  }
}
