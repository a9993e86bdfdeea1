package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.simulated.SimulatedFileSystem;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** If this breaks, what was flushed is not found again, or damage on disk is served as data. */
class SSTableTest {
  private static final Path FILE = Path.of("/data/1.sst");

  /** Right for one key in five: the tokens of the others stand in the file. */
  private static final Partitioner PARTITIONER = (bytes, offset, length) -> 0;

  private final SimulatedFileSystem files =
      new SimulatedFileSystem(new SimulatedWorld(1).random(), "host");
  private final BlockCache cache = new BlockCache(1 << 20);

  private NavigableMap<byte[], byte[]> write(Random random, int count, TableSettings settings)
      throws IOException {
    files.createDirectories(Path.of("/data"));
    if (files.exists(FILE)) {
      files.delete(FILE);
    }
    TreeMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
    RandomFragments fragments = new RandomFragments(random.nextLong(), 200);
    ByteWriter key = new ByteWriter(64);
    while (entries.size() < count) {
      byte[] fragment = fragments.next();
      FragmentRows rows = new FragmentRows().reset(fragment, 0, fragment.length);
      key.clear();
      byte[] partition = new byte[1 + random.nextInt(3)];
      random.nextBytes(partition);
      StoreKey.writePartition(key, random.nextInt(5) - 2L, partition, 0, partition.length);
      int length = key.length;
      for (boolean found = rows.seekAtOrAfter(RowKeys.LOWEST); found; found = rows.next()) {
        key.length = length;
        key.put(rows.keyBytes, rows.keyOffset, rows.keyLength);
        entries.put(
            key.toBytes(),
            Arrays.copyOfRange(rows.bodyBytes, rows.bodyOffset, rows.bodyOffset + rows.bodyLength));
      }
    }
    SSTableWriter writer = new SSTableWriter(files, FILE, settings, PARTITIONER, 5);
    for (Map.Entry<byte[], byte[]> entry : entries.entrySet()) {
      byte[] storeKey = entry.getKey();
      byte[] value = entry.getValue();
      writer.add(storeKey, 0, storeKey.length, false, value, 0, value.length);
    }
    writer.finish();
    return entries;
  }

  private static TableSettings settings(Random random) {
    return new TableSettings(
        0.01,
        List.of(Compression.NONE, Compression.LZ4, Compression.ZSTD).get(random.nextInt(3)),
        256 << random.nextInt(5),
        10,
        Durability.OF_THE_NODE,
        CompactionSettings.DEFAULT);
  }

  @Test
  void everyEntryIsFoundFromBothSides() throws IOException {
    for (long seed = 0; seed < 30; seed++) {
      Random random = new Random(seed);
      NavigableMap<byte[], byte[]> entries =
          write(random, seed < 3 ? 5_000 : 1 + random.nextInt(300), settings(random));
      SSTable table = SSTable.open(files, FILE, seed, 0, cache, PARTITIONER);
      MemtableTest.checkWalks(seed, table.cursor(), entries, random);
      MemtableTest.checkScans(seed, table.scanCursor(bytes -> {}), entries, random);
      for (byte[] key : entries.keySet()) {
        assertThat(table.mayContain(StoreKey.token(key, 0))).isTrue();
      }
      assertThat(table.statistics().entryCount()).isEqualTo(entries.size());
      table.release();
    }
  }

  @Test
  void aReadOnAShardNeverTouchesTheDisk() throws IOException {
    NavigableMap<byte[], byte[]> entries = write(new Random(1), 500, TableSettings.DEFAULT);
    SSTable table = SSTable.open(files, FILE, 77, 0, cache, PARTITIONER);
    byte[] key = entries.firstKey();
    assertThatThrownBy(() -> table.residentCursor().seekAtOrAfter(key, key.length))
        .isInstanceOf(BlockNotResident.class);
    assertThat(table.cursor().seekAtOrAfter(key, key.length)).isTrue();
    assertThat(table.residentCursor().seekAtOrAfter(key, key.length)).isTrue();
    table.release();
  }

  /** Flips every bit of a small table, one at a time: none may go by unseen. */
  @Test
  void everyFlippedBitIsNoticed() throws IOException {
    Random random = new Random(3);
    NavigableMap<byte[], byte[]> entries = write(random, 20, settings(random));
    long bits = files.size(FILE) * 8;
    for (long bit = 0; bit < bits; bit++) {
      files.flipBit(FILE, bit);
      assertThatThrownBy(() -> readAll(entries)).as("bit %d", bit).isInstanceOf(IOException.class);
      files.flipBit(FILE, bit);
    }
    readAll(entries);
  }

  private void readAll(NavigableMap<byte[], byte[]> entries) throws IOException {
    SSTable table = SSTable.open(files, FILE, 5, 0, new BlockCache(1 << 20), PARTITIONER);
    EntryCursor cursor = table.scanCursor(bytes -> {});
    int count = 0;
    for (boolean found = cursor.seekAtOrAfter(new byte[0], 0); found; found = cursor.next()) {
      count++;
    }
    table.release();
    assertThat(count).isEqualTo(entries.size());
  }

  @Test
  void theFilterKeepsItsPromise() {
    Random random = new Random(1);
    BloomFilter.Builder keys = new BloomFilter.Builder();
    for (int i = 0; i < 20_000; i++) {
      keys.addPartition(random.nextLong());
    }
    BloomFilter filter = keys.build(0.01);
    random.setSeed(1);
    for (int i = 0; i < 20_000; i++) {
      assertThat(filter.mayContain(BloomFilter.partitionHash(random.nextLong()))).isTrue();
    }
    int wrong = 0;
    for (int i = 0; i < 100_000; i++) {
      wrong += filter.mayContain(BloomFilter.partitionHash(random.nextLong())) ? 1 : 0;
    }
    assertThat(wrong).isLessThan(1_500);
  }
}
