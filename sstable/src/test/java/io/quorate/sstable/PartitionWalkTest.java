package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
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
}
