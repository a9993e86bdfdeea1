package io.quorate.sstable;

import java.util.Arrays;

/**
 * The key under which memtables and SSTables keep an entry. Its order, unsigned lexicographic, is
 * the order of everything stored.
 *
 * <pre>
 * StoreKey := partition | rowKey
 *   partition := token i64 with its sign bit flipped | keyLength u16 | key
 * </pre>
 *
 * <p>With an empty row key it is the partition's head: its deletion and range tombstones, see
 * {@link PartitionHead}. Among partitions of one token the shorter key comes first.
 */
final class StoreKey {
  private StoreKey() {}

  static void writePartition(ByteWriter out, long token, byte[] key, int offset, int length) {
    out.putLong(token ^ Long.MIN_VALUE);
    out.putShort(length);
    out.put(key, offset, length);
  }

  static byte[] partition(long token, byte[] key) {
    ByteWriter out = new ByteWriter(10 + key.length);
    writePartition(out, token, key, 0, key.length);
    return out.bytes; // exactly filled
  }

  /** The lowest key of a token. */
  static byte[] firstOf(long token) {
    ByteWriter out = new ByteWriter(8);
    out.putLong(token ^ Long.MIN_VALUE);
    return out.toBytes();
  }

  static long token(byte[] bytes, int offset) {
    return ByteReader.longAt(bytes, offset) ^ Long.MIN_VALUE;
  }

  static int partitionLength(byte[] bytes, int offset) {
    return 10 + ByteReader.unsignedShortAt(bytes, offset + 8);
  }

  static boolean isHead(byte[] bytes, int offset, int length) {
    return partitionLength(bytes, offset) == length;
  }

  /** Whether a key belongs to a partition. Where it does not, a look at the token tells mostly. */
  static boolean hasPrefix(byte[] bytes, int offset, int length, byte[] prefix, int prefixLength) {
    return ByteReader.longAt(bytes, offset) == ByteReader.longAt(prefix, 0)
        && length >= prefixLength
        && Arrays.equals(bytes, offset, offset + prefixLength, prefix, 0, prefixLength);
  }
}
