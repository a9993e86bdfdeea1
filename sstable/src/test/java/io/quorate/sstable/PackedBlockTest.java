package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
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

  private static NavigableMap<byte[], byte[]> entries(Random random, int count) {
    TreeMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
    byte[][] starts = {bytes(random, 3), bytes(random, 9), bytes(random, 300)};
    while (entries.size() < count) {
      byte[] key = bytes(random, random.nextInt(4) == 0 ? 200 : 2);
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

  private static int shared(byte[] before, byte[] key) {
    int mismatch = Arrays.mismatch(before, key);
    return mismatch < 0 ? key.length : mismatch;
  }

  @Test
  void whatWasPackedIsUnpacked() throws IOException {
    BlockPacker packer = new BlockPacker(PARTITIONER);
    BlockUnpacker unpacker = new BlockUnpacker(PARTITIONER);
    ByteWriter unpacked = new ByteWriter(0);
    BlockCursor cursor = new BlockCursor();
    byte[] before = {};
    for (long seed = 0; seed < 500; seed++) {
      NavigableMap<byte[], byte[]> entries = entries(new Random(seed), 1 + (int) (seed % 70));
      packer.clear();
      assertThat(packer.isEmpty()).isTrue();
      for (Map.Entry<byte[], byte[]> entry : entries.entrySet()) {
        byte[] key = entry.getKey();
        byte[] value = entry.getValue();
        packer.add(shared(before, key), key, 0, key.length, false, value, 0, value.length);
        before = key;
      }
      int size = packer.sizeBytes();
      ByteWriter packed = packer.finish();
      assertThat(packed.length).isEqualTo(size);
      byte[] exactlyLong = packed.toBytes();
      unpacker.unpack(FILE, packed.bytes, packed.length, unpacked);
      assertThat(BlockUnpacker.searchable(FILE, exactlyLong, PARTITIONER))
          .isEqualTo(unpacked.toBytes());
      cursor.reset(unpacked.bytes, unpacked.length);
      for (Map.Entry<byte[], byte[]> entry : entries.entrySet()) {
        assertThat(cursor.next()).isTrue();
        assertThat(Arrays.copyOf(cursor.key, cursor.keyLength)).isEqualTo(entry.getKey());
        assertThat(
                Arrays.copyOfRange(
                    cursor.content(), cursor.valueOffset, cursor.valueOffset + cursor.valueLength))
            .isEqualTo(entry.getValue());
      }
      assertThat(cursor.next()).isFalse();
    }
  }

  /**
   * A row as a table without clustering has it: its token, and what all rows share, is left out.
   */
  @Test
  void tokensAreNotStored() {
    BlockPacker packer = new BlockPacker(BenchmarkRows.PARTITIONER);
    packer.clear();
    int rows = 30;
    byte[] before = {};
    TreeMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
    for (int row = 0; row < rows; row++) {
      byte[] key = BenchmarkRows.key(row);
      byte[] partition = StoreKey.partition(BenchmarkRows.token(row), key);
      entries.put(join(partition, partition.length, BenchmarkRows.ROW), new byte[100]);
    }
    for (byte[] key : entries.keySet()) {
      packer.add(shared(before, key), key, 0, key.length, false, new byte[100], 0, 100);
      before = key;
    }
    int rowBytes = 1 + BenchmarkRows.KEY_BYTES + 1 + 100 - BlockPacker.VALUE_SHARED;
    int firstMore = 2 + 2 + BlockPacker.VALUE_SHARED;
    assertThat(packer.sizeBytes()).isEqualTo(rows * rowBytes + firstMore + Integer.BYTES);
  }

  /** What is made of a block must be what was written, whatever a writer got wrong. */
  @Test
  void aBlockOfAnotherLengthIsRefused() {
    BlockPacker packer = new BlockPacker(PARTITIONER);
    packer.clear();
    byte[] key = StoreKey.partition(0, new byte[] {0, 1});
    packer.add(0, key, 0, key.length, false, new byte[9], 0, 9);
    byte[] packed = packer.finish().toBytes();
    packed[packed.length - 1]++;
    assertThatThrownBy(() -> BlockUnpacker.searchable(FILE, packed, PARTITIONER))
        .isInstanceOf(CorruptFileException.class);
  }
}
