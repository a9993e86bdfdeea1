package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** If this breaks, a write that was just acknowledged is not found, or found changed. */
class MemtableTest {
  private static final UUID TABLE = new UUID(1, 2);

  /**
   * Few tokens, so that keys collide in their first bytes, which is where the tree is clever;
   * tokens whose first halves are one; the least and the greatest; or any.
   */
  private static long randomToken(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> Long.MIN_VALUE + random.nextInt(2);
      case 1 -> Long.MAX_VALUE - random.nextInt(2);
      case 2 -> ((random.nextInt(3) - 1L) << 32) + random.nextInt(50);
      case 3 -> random.nextLong();
      default -> random.nextInt(5) - 2L;
    };
  }

  private static byte[] randomKey(Random random) {
    byte[] key = new byte[1 + random.nextInt(3)];
    random.nextBytes(key);
    ByteWriter out = new ByteWriter(32);
    StoreKey.writePartition(out, randomToken(random), key, 0, key.length);
    out.put(RandomFragments.rowKey(random.nextInt(200)));
    return out.toBytes();
  }

  @Test
  void theTreeHoldsWhatASortedMapHolds() throws IOException {
    for (long seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      Entries entries = new Entries();
      EntryTree tree = new EntryTree(entries);
      TreeMap<byte[], byte[]> expected = new TreeMap<>(Arrays::compareUnsigned);
      int count = seed < 4 ? 30_000 : random.nextInt(1_000);
      for (int i = 0; i < count; i++) {
        byte[] key = randomKey(random);
        byte[] value = new byte[random.nextInt(40)];
        random.nextBytes(value);
        if (random.nextInt(3) == 0 && !expected.isEmpty()) {
          byte[] before = expected.floorKey(key);
          key = before == null ? key : before;
        }
        int found = tree.find(key, key.length);
        int entry = tree.findOrAdd(key, key.length, value, 0, value.length);
        boolean there = expected.containsKey(key);
        assertThat(found).as("seed %d", seed).isEqualTo(there ? entry : Entries.NONE);
        assertThat(tree.added).as("seed %d", seed).isEqualTo(!there);
        if (there) {
          entries.setValue(entry, value, 0, value.length, random.nextInt(60));
        }
        expected.put(key, value);
      }
      checkWalks(seed, tree.cursor(), expected, random);
    }
  }

  /** Leaves and inner nodes that are split at their end, at their begin and in between. */
  @Test
  void theTreeTakesKeysInAnyOrder() throws IOException {
    for (int order = 0; order < 4; order++) {
      EntryTree tree = new EntryTree(new Entries());
      TreeMap<byte[], byte[]> expected = new TreeMap<>(Arrays::compareUnsigned);
      Random random = new Random(order);
      int count = 70_000;
      for (int i = 0; i < count; i++) {
        long place = order == 0 ? i : order == 1 ? count - i : (i % 2 == 0 ? i : 2L * count - i);
        long token = order == 3 ? 7 : (place << 44) + Long.MIN_VALUE;
        byte[] key = Arrays.copyOf(StoreKey.partition(token, new byte[] {1}), 19);
        ByteBuffer.wrap(key).putLong(11, place);
        tree.findOrAdd(key, key.length, key, 11, 8);
        expected.put(key, Arrays.copyOfRange(key, 11, 19));
      }
      assertThat(tree.entryCount()).isEqualTo(count);
      checkWalks(order, tree.cursor(), expected, random);
      for (byte[] key : expected.keySet()) {
        assertThat(tree.find(key, key.length)).as("order %d", order).isNotEqualTo(Entries.NONE);
        assertThat(tree.find(key, key.length - 1)).as("order %d", order).isEqualTo(Entries.NONE);
      }
    }
  }

  /** Walks a cursor in both directions from random places. */
  static void checkWalks(
      long seed, EntryCursor cursor, NavigableMap<byte[], byte[]> expected, Random random)
      throws IOException {
    checkWalks(seed, cursor, expected, random, true);
  }

  /** Walks one that only goes forward from random places, also from where it stands. */
  static void checkScans(
      long seed, EntryCursor cursor, NavigableMap<byte[], byte[]> expected, Random random)
      throws IOException {
    checkWalks(seed, cursor, expected, random, false);
  }

  private static void checkWalks(
      long seed,
      EntryCursor cursor,
      NavigableMap<byte[], byte[]> expected,
      Random random,
      boolean backwards)
      throws IOException {
    for (int i = 0; i < 300; i++) {
      byte[] bound = randomKey(random);
      if (i % 10 == 0) {
        bound = Arrays.copyOf(bound, random.nextInt(bound.length));
      } else if (i % 3 == 0 && !expected.isEmpty()) {
        byte[] found = expected.floorKey(bound);
        bound = found == null ? bound : found;
      }
      int steps = i == 0 ? Integer.MAX_VALUE : random.nextInt(70);
      boolean found = cursor.seekAtOrAfter(bound, bound.length);
      NavigableMap<byte[], byte[]> tail = expected.tailMap(bound, true);
      checkSteps("seed " + seed + " forwards " + i, cursor, found, tail, steps, true);
      if (!backwards) {
        continue;
      }
      found = cursor.seekBefore(bound, bound.length);
      NavigableMap<byte[], byte[]> head = expected.headMap(bound, false).descendingMap();
      checkSteps("seed " + seed + " backwards " + i, cursor, found, head, steps, false);
    }
  }

  private static void checkSteps(
      String where,
      EntryCursor cursor,
      boolean first,
      NavigableMap<byte[], byte[]> expected,
      int steps,
      boolean forwards)
      throws IOException {
    boolean found = first;
    int step = 0;
    for (Map.Entry<byte[], byte[]> entry : expected.entrySet()) {
      if (step++ > steps) {
        return;
      }
      assertThat(found).as("%s, step %d", where, step).isTrue();
      assertThat(
              Arrays.equals(
                  cursor.keyBytes,
                  cursor.keyOffset,
                  cursor.keyOffset + cursor.keyLength,
                  entry.getKey(),
                  0,
                  entry.getKey().length))
          .as("%s, key at step %d", where, step)
          .isTrue();
      assertThat(
              Arrays.equals(
                  cursor.valueBytes,
                  cursor.valueOffset,
                  cursor.valueOffset + cursor.valueLength,
                  entry.getValue(),
                  0,
                  entry.getValue().length))
          .as("%s, value at step %d", where, step)
          .isTrue();
      found = forwards ? cursor.next() : cursor.previous();
    }
    assertThat(found).as("%s, end", where).isFalse();
  }

  @Test
  void holdsWhatTheMutationsSay() throws IOException {
    for (long seed = 0; seed < 3_000; seed++) {
      RandomFragments random = new RandomFragments(seed, 5);
      Memtable memtable = new Memtable();
      FragmentMerger merger = new FragmentMerger().begin();
      for (int i = 0; i < 1 + seed % 12; i++) {
        FragmentWriter writer = new FragmentWriter().begin(TABLE, seed, new byte[] {1});
        random.write(writer);
        Mutation mutation = Mutation.of(writer.finish());
        memtable.put(mutation);
        merger.add(mutation.bytes(), mutation.fragmentOffset(), mutation.fragmentLength());
        memtable.put(Mutation.of(new FragmentWriter().begin(TABLE, seed, new byte[] {2}).finish()));
      }
      byte[] partition = StoreKey.partition(seed, new byte[] {1});
      PartitionRows rows =
          new PartitionRows(memtable.cursor()).reset(partition, 0, partition.length);
      PartitionMerger read = new PartitionMerger();
      read.begin(RowMerger.NEVER_SECONDS, Purge.NONE);
      PartitionHead head = rows.head();
      read.addDeletion(head.deletion());
      read.addRanges(head.ranges());
      read.addRows(rows);
      read.mergeDeletions();
      byte[] fragment =
          new FragmentAssembler()
              .assemble(read, ReadLimits.all(RowMerger.NEVER_SECONDS))
              .fragment();
      assertThat(fragment).as("seed %d", seed).isEqualTo(merger.merge());
    }
  }

  /** A read of one row looks the row up; a read of many walks. Both must say the same. */
  @Test
  void aRowThatIsLookedUpIsTheRowThatAWalkMeets() throws IOException {
    int rowsSeen = 0;
    for (long seed = 0; seed < 1_000; seed++) {
      RandomFragments random = new RandomFragments(seed, 5);
      Memtable memtable = new Memtable();
      for (byte key = 1; key < 4; key++) {
        FragmentWriter writer = new FragmentWriter().begin(TABLE, 5, new byte[] {key});
        random.write(writer);
        memtable.put(Mutation.of(writer.finish()));
      }
      byte[] partition = StoreKey.partition(5, new byte[] {2});
      for (int row = 0; row < 6; row++) {
        byte[] key = RandomFragments.rowKey(row);
        ReadLimits one = new ReadLimits(List.of(Slice.ofRow(key)), false, false, 1, 3);
        ReadLimits same = new ReadLimits(one.slices(), false, true, 1, 3);
        assertThat(one.singleRow()).isNotNull();
        assertThat(same.singleRow()).isNull();
        byte[] lookedUp = read(memtable, partition, one);
        assertThat(lookedUp)
            .as("seed %d, row %d", seed, row)
            .isEqualTo(read(memtable, partition, same));
        rowsSeen += memtable.row(partition, key) == null ? 0 : 1;
      }
    }
    assertThat(rowsSeen).as("rows that are there, and some that are not").isBetween(1_000, 5_000);
  }

  private static byte[] read(Memtable memtable, byte[] partition, ReadLimits limits)
      throws IOException {
    PartitionMerger merger = new PartitionMerger();
    merger.begin(limits.nowSeconds(), Purge.NONE);
    new PartitionSources(merger, partition, limits).add(memtable);
    merger.mergeDeletions();
    return new FragmentAssembler().assemble(merger, limits).fragment();
  }

  private static Mutation row(long token, long number) {
    return Mutation.of(
        new FragmentWriter()
            .begin(TABLE, token, new byte[16])
            .beginRow(new byte[] {0x40})
            .rowLiveness(number)
            .cell(1, null, number, new byte[100])
            .endRow()
            .finish());
  }

  @Test
  void aRowOf16And100BytesTakesAtMostOnePointFourTimesThat() {
    Memtable memtable = new Memtable();
    Random random = new Random(1);
    int rows = 200_000;
    for (int i = 0; i < rows; i++) {
      memtable.put(row(random.nextLong(), 1_767_225_600_000_000L + i));
    }
    assertThat((double) memtable.memoryBytes() / rows).isBetween(116.0, 1.4 * 116);
  }

  @Test
  void memoryIsAccountedForAsTheHeapHasIt() {
    List<Memtable> memtables = new ArrayList<>();
    Random random = new Random(1);
    long heapBefore = usedHeapBytes();
    for (int i = 0; i < 40; i++) {
      Memtable memtable = new Memtable();
      memtables.add(memtable);
      for (int row = 0; row < 5_000; row++) {
        // Rows that come anew, rows that are updated and grow, and whole partitions that go.
        long token = random.nextInt(3_000) * 0x9E37_79B9_7F4A_7C15L;
        memtable.put(row(token, row));
      }
    }
    long heap = usedHeapBytes() - heapBefore;
    long accounted = memtables.stream().mapToLong(Memtable::memoryBytes).sum();
    assertThat(accounted).isGreaterThan(10L << 20);
    assertThat((double) accounted / heap).isBetween(0.93, 1.07);
  }

  private static long usedHeapBytes() {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      memory.gc();
      least = Math.min(least, memory.getHeapMemoryUsage().getUsed());
    }
    return least;
  }
}
