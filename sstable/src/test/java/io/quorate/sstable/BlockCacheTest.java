package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A block that is found but not weighed would stay, and in the end fill the memory. */
class BlockCacheTest {
  private static final int BLOCK_BYTES = 1_000;
  private static final int BLOCKS = 200;

  private static int foundIn(BlockCache.OfTable table) {
    int found = 0;
    for (int block = 0; block < BLOCKS; block++) {
      byte[] content = table.found.get(block);
      if (content != null) {
        assertThat(content[0]).isEqualTo((byte) block);
        found++;
      }
    }
    return found;
  }

  private static byte[] block(int number) {
    byte[] content = new byte[BLOCK_BYTES];
    content[0] = (byte) number;
    return content;
  }

  @Test
  void whatFitsIsFoundByItsTable() {
    BlockCache cache = new BlockCache(1 << 20);
    BlockCache.OfTable one = cache.ofTable(1, BLOCKS);
    BlockCache.OfTable other = cache.ofTable(2, BLOCKS);
    for (int block = 0; block < BLOCKS; block++) {
      one.put(block, block(block));
    }
    assertThat(foundIn(one)).isEqualTo(BLOCKS);
    assertThat(one.find(3)).isEqualTo(block(3));
    assertThat(foundIn(other)).isZero();
    one.clear();
    assertThat(foundIn(one)).isZero();
    cache.weighed.cleanUp();
    assertThat(cache.weightBytes()).isZero();
  }

  @Test
  void whatIsReadStaysAndTheRestMakesRoom() {
    BlockCache cache = new BlockCache(20 * BLOCK_BYTES);
    BlockCache.OfTable table = cache.ofTable(1, BLOCKS);
    for (int block = 0; block < BLOCKS; block++) {
      table.put(block, block(block));
      for (int hot = 0; hot < 5; hot++) {
        if (table.find(hot) == null) {
          table.put(hot, block(hot));
        }
      }
    }
    assertThat(foundIn(table)).isBetween(10, 20);
    for (int hot = 0; hot < 5; hot++) {
      assertThat(table.find(hot)).as("block %d, read all the time", hot).isNotNull();
    }
  }

  @Test
  void withoutCapacityNothingIsFound() {
    BlockCache.OfTable table = new BlockCache(0).ofTable(1, BLOCKS);
    table.put(3, block(3));
    assertThat(table.find(3)).isNull();
    assertThat(foundIn(table)).isZero();
  }

  @Test
  void nothingIsFoundThatIsNotWeighed() throws InterruptedException {
    BlockCache cache = new BlockCache(30 * BLOCK_BYTES);
    BlockCache.OfTable table = cache.ofTable(1, BLOCKS);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      SplittableRandom random = new SplittableRandom(i);
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int turn = 0; turn < 50_000; turn++) {
                  int block = random.nextInt(random.nextInt(BLOCKS) + 1);
                  if (table.find(block) == null) {
                    table.put(block, block(block));
                  }
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    cache.weighed.cleanUp(); // of the last blocks that came
    assertThat(cache.weightBytes()).isLessThanOrEqualTo(30 * BLOCK_BYTES);
    assertThat(foundIn(table) * (BLOCK_BYTES + 120L)).isEqualTo(cache.weightBytes());
    for (int block = 0; block < BLOCKS; block++) {
      assertThat(table.found.get(block))
          .isSameAs(cache.weighed.asMap().get(new BlockCache.Place(table, block)));
    }
  }
}
