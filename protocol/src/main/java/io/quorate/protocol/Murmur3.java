package io.quorate.protocol;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The hash that places a partition key on the ring: the first half of MurmurHash3 x64-128 with seed
 * 0, in the variant of Cassandra's partitioner, which widens the last bytes with their sign.
 * Drivers compute it too, so every bit counts.
 */
public final class Murmur3 {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long C1 = 0x87c37b91114253d5L;
  private static final long C2 = 0x4cf5ad432745937fL;

  private Murmur3() {}

  /** The token of a partition key. {@link Long#MIN_VALUE} stands for the start of the ring only. */
  public static long token(byte[] key) {
    return token(key, 0, key.length);
  }

  public static long token(byte[] key, int offset, int length) {
    if (length == 0) {
      return Long.MIN_VALUE;
    }
    long hash = hash(key, offset, length);
    return hash == Long.MIN_VALUE ? Long.MAX_VALUE : hash;
  }

  private static long hash(byte[] key, int offset, int length) {
    long h1 = 0;
    long h2 = 0;
    int blocks = length >> 4;
    for (int block = 0; block < blocks; block++) {
      long k1 = (long) LONG.get(key, offset + block * 16);
      long k2 = (long) LONG.get(key, offset + block * 16 + 8);
      h1 ^= mixFirst(k1);
      h1 = Long.rotateLeft(h1, 27) + h2;
      h1 = h1 * 5 + 0x52dce729;
      h2 ^= mixSecond(k2);
      h2 = Long.rotateLeft(h2, 31) + h1;
      h2 = h2 * 5 + 0x38495ab5;
    }
    int tail = offset + (blocks << 4);
    int rest = length & 15;
    long k1 = 0;
    long k2 = 0;
    for (int i = rest - 1; i >= 8; i--) {
      k2 ^= (long) key[tail + i] << ((i - 8) * 8);
    }
    for (int i = Math.min(rest, 8) - 1; i >= 0; i--) {
      k1 ^= (long) key[tail + i] << (i * 8);
    }
    if (rest > 8) {
      h2 ^= mixSecond(k2);
    }
    if (rest > 0) {
      h1 ^= mixFirst(k1);
    }
    h1 ^= length;
    h2 ^= length;
    h1 += h2;
    h2 += h1;
    h1 = finish(h1);
    h2 = finish(h2);
    return h1 + h2;
  }

  private static long mixFirst(long k) {
    return Long.rotateLeft(k * C1, 31) * C2;
  }

  private static long mixSecond(long k) {
    return Long.rotateLeft(k * C2, 33) * C1;
  }

  private static long finish(long hash) {
    long h = hash;
    h ^= h >>> 33;
    h *= 0xff51afd7ed558ccdL;
    h ^= h >>> 33;
    h *= 0xc4ceb9fe1a85ec53L;
    h ^= h >>> 33;
    return h;
  }
}
