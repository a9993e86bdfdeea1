package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** If this breaks, rows come back from disk under other keys or with other bytes. */
class PackedBlockTest {
  private static final Path FILE = Path.of("1.sst");

  /** Tokens that collide, and that are not what a key with an odd first byte was written with. */
  private static final Partitioner PARTITIONER =
      (bytes, offset, length) -> length == 0 ? 0 : (long) (bytes[offset] >> 1) << 61;

  private final BlockPacker packer = new BlockPacker(PARTITIONER);
  private final BlockUnpacker unpacker = new BlockUnpacker(PARTITIONER);
  private final ByteWriter unpacked = new ByteWriter(0);
  private final BlockCursor cursor = new BlockCursor();

  private static NavigableMap<byte[], byte[]> entries(Random random, int count) {
    TreeMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
    byte[][] starts = {bytes(random, 3), bytes(random, 9), bytes(random, 300)};
    while (entries.size() < count) {
      byte[] key =
          switch (random.nextInt(4)) {
            case 0 -> bytes(random, 200);
            case 1 -> Arrays.copyOf(bytes(random, 16), 16);
            default -> bytes(random, 2);
          };
      long token = PARTITIONER.token(key, 0, key.length);
      if (key.length > 0 && (key[0] & 1) != 0) {
        token += random.nextInt(3) - 1L;
      }
      byte[] partition = StoreKey.partition(token, key);
      for (int row = random.nextInt(6); row >= 0; row--) {
        byte[] rest = random.nextBoolean() ? new byte[] {0x40} : bytes(random, 150);
        byte[] start = starts[random.nextInt(3)];
        byte[] end = bytes(random, random.nextInt(5) == 0 ? 300 : 4);
        entries.put(
            join(partition, partition.length, rest),
            join(start, random.nextInt(start.length + 1), end));
      }
    }
    return entries;
  }

  private static byte[] bytes(Random random, int most) {
    byte[] bytes = new byte[random.nextInt(most + 1)];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] join(byte[] start, int length, byte[] end) {
    byte[] joined = Arrays.copyOf(start, length + end.length);
    System.arraycopy(end, 0, joined, length, end.length);
    return joined;
  }

  @Test
  void whatWasPackedIsUnpacked() throws IOException {
    for (long seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      NavigableMap<byte[], byte[]> entries = entries(random, 1 + (int) (seed % 70));
      KeyStep step = new KeyStep();
      // What a key shares with the one before is told across blocks, too.
      byte[] split = List.copyOf(entries.keySet()).get(random.nextInt(entries.size()));
      for (NavigableMap<byte[], byte[]> part :
          List.of(
              new TreeMap<>(entries.headMap(split, false)),
              new TreeMap<>(entries.tailMap(split, true)))) {
        packAndUnpack(step, part, random);
      }
    }
  }

  private void packAndUnpack(KeyStep step, NavigableMap<byte[], byte[]> entries, Random random)
      throws IOException {
    packer.clear();
    assertThat(packer.isEmpty()).isTrue();
    for (Map.Entry<byte[], byte[]> entry : entries.entrySet()) {
      byte[] value = entry.getValue();
      step.to(entry.getKey(), 0, entry.getKey().length);
      packer.add(step, false, value, 0, value.length);
    }
    if (packer.isEmpty()) {
      return;
    }
    int size = packer.sizeBytes();
    ByteWriter packed = packer.finish();
    assertThat(packed.length).isEqualTo(size);
    byte[] exactlyLong = packed.toBytes();
    unpacker.unpack(FILE, packed.bytes, packed.length, unpacked);
    assertThat(BlockUnpacker.searchable(FILE, exactlyLong, PARTITIONER))
        .isEqualTo(unpacked.toBytes());
    cursor.reset(unpacked.bytes, unpacked.length);
    assertCursorWalks(entries);
    for (byte[] bound : bounds(entries, random)) {
      NavigableMap<byte[], byte[]> from = entries.tailMap(bound, true);
      assertThat(cursor.seekAtOrAfter(bound, bound.length)).isEqualTo(!from.isEmpty());
      if (!from.isEmpty()) {
        assertStandsOn(from.firstEntry());
        assertCursorWalks(from.tailMap(from.firstKey(), false));
      }
    }
  }

  /** Keys of the block, parts of them, and others near to them. */
  private static List<byte[]> bounds(NavigableMap<byte[], byte[]> entries, Random random) {
    List<byte[]> bounds = new ArrayList<>();
    for (byte[] key : entries.keySet()) {
      bounds.add(key);
      bounds.add(Arrays.copyOf(key, random.nextInt(key.length + 1)));
      bounds.add(join(key, random.nextInt(key.length + 1), bytes(random, 4)));
    }
    return bounds;
  }

  private void assertCursorWalks(NavigableMap<byte[], byte[]> entries) {
    for (Map.Entry<byte[], byte[]> entry : entries.entrySet()) {
      assertThat(cursor.next()).isTrue();
      assertStandsOn(entry);
    }
    assertThat(cursor.next()).isFalse();
  }

  private void assertStandsOn(Map.Entry<byte[], byte[]> entry) {
    assertThat(Arrays.copyOf(cursor.key, cursor.keyLength)).isEqualTo(entry.getKey());
    assertThat(
            Arrays.copyOfRange(
                cursor.content(), cursor.valueOffset, cursor.valueOffset + cursor.valueLength))
        .isEqualTo(entry.getValue());
  }

  /**
   * A row as a table without clustering has it: its token, and what all rows share, is left out.
   */
  @Test
  void tokensAreNotStored() {
    BlockPacker ofRows = new BlockPacker(BenchmarkRows.PARTITIONER);
    ofRows.clear();
    int rows = 30;
    KeyStep step = new KeyStep();
    TreeMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
    for (int row = 0; row < rows; row++) {
      byte[] key = BenchmarkRows.key(row);
      byte[] partition = StoreKey.partition(BenchmarkRows.token(row), key);
      entries.put(join(partition, partition.length, BenchmarkRows.ROW), new byte[100]);
    }
    for (byte[] key : entries.keySet()) {
      step.to(key, 0, key.length);
      ofRows.add(step, false, new byte[100], 0, 100);
    }
    int rowBytes = 1 + BenchmarkRows.KEY_BYTES + 1 + 100 - BlockPacker.VALUE_SHARED;
    int firstMore = 2 + 2 + BlockPacker.VALUE_SHARED;
    assertThat(ofRows.sizeBytes()).isEqualTo(rows * rowBytes + firstMore + Integer.BYTES);
  }

  /** What is made of a block must be what was written, whatever a writer got wrong. */
  @Test
  void aBlockOfAnotherLengthIsRefused() {
    packer.clear();
    byte[] key = StoreKey.partition(0, new byte[] {0, 1});
    KeyStep step = new KeyStep();
    step.to(key, 0, key.length);
    packer.add(step, false, new byte[9], 0, 9);
    byte[] packed = packer.finish().toBytes();
    packed[packed.length - 1]++;
    assertThatThrownBy(() -> BlockUnpacker.searchable(FILE, packed, PARTITIONER))
        .isInstanceOf(CorruptFileException.class);
  }
}
