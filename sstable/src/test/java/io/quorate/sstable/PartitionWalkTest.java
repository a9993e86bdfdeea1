package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * A partition that the walk passes over is lost by the next compaction. The least and the greatest
 * token, and partitions that share one, are where it could.
 */
class PartitionWalkTest {

  private static Memtable memtable(Object... tokensAndKeys) {
    Memtable memtable = new Memtable();
    for (int i = 0; i < tokensAndKeys.length; i += 2) {
      byte[] key = ((String) tokensAndKeys[i + 1]).getBytes(StandardCharsets.UTF_8);
      memtable.put(
          Mutation.of(
              new FragmentWriter()
                  .begin(new UUID(1, 2), (Long) tokensAndKeys[i], key)
                  .beginRow(new byte[] {0x40})
                  .rowLiveness(1)
                  .endRow()
                  .finish()));
    }
    return memtable;
  }

  /** Walks as compaction does, and says what stands where in how many sources. */
  private static List<String> walk(Memtable... memtables) throws IOException {
    List<EntryCursor> sources = new ArrayList<>();
    for (Memtable memtable : memtables) {
      sources.add(memtable.scanCursor());
    }
    PartitionWalk walk = new PartitionWalk(sources);
    walk.seek(RowKeys.LOWEST);
    List<String> met = new ArrayList<>();
    while (walk.next()) {
      boolean only = walk.hasOnlySourceOfRows();
      met.add(new String(walk.key(), StandardCharsets.UTF_8) + (only ? "" : "+"));
      if (only) {
        assertThat(walk.nextOfOnlySource()).as("one row a partition").isFalse();
      }
    }
    return met;
  }

  @Test
  void everyPartitionIsMetOnce() throws IOException {
    Memtable one = memtable(Long.MIN_VALUE, "low", 5L, "a", 5L, "c", Long.MAX_VALUE, "high");
    Memtable other = memtable(5L, "b", 5L, "c", 6L, "d", Long.MAX_VALUE, "high");
    assertThat(walk(one, other)).containsExactly("low", "a", "b", "c+", "d", "high+");
    assertThat(walk(other, one)).containsExactly("low", "a", "b", "c+", "d", "high+");
  }

  @Test
  void theGreatestTokenIsNotTheEnd() throws IOException {
    Memtable one = memtable(1L, "a");
    Memtable other = memtable(Long.MAX_VALUE, "x", Long.MAX_VALUE, "y");
    assertThat(walk(one, other)).containsExactly("a", "x", "y");
    assertThat(walk(other)).containsExactly("x", "y");
    assertThat(walk(new Memtable(), new Memtable())).isEmpty();
  }

  /** Any number of sources, each with some of the same few partitions. */
  @Test
  void partitionsOfManySourcesAreMetInOrder() throws IOException {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Memtable[] sources = new Memtable[random.nextInt(12)];
      NavigableMap<String, Integer> holders = new TreeMap<>();
      for (int i = 0; i < sources.length; i++) {
        List<Object> tokensAndKeys = new ArrayList<>();
        for (char key = 'a'; key <= 'z'; key++) {
          if (random.nextInt(4) == 0) {
            tokensAndKeys.addAll(List.of(key / 2 - 55L, "" + key));
            holders.merge("" + key, 1, Integer::sum);
          }
        }
        sources[i] = memtable(tokensAndKeys.toArray());
      }
      assertThat(walk(sources))
          .as("seed %d", seed)
          .isEqualTo(
              holders.entrySet().stream()
                  .map(partition -> partition.getKey() + (partition.getValue() == 1 ? "" : "+"))
                  .toList());
    }
  }
}
