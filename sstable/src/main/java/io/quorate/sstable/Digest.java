package io.quorate.sstable;

import net.jpountz.xxhash.XXHash64;
import net.jpountz.xxhash.XXHashFactory;

/**
 * A short stand-in for a fragment, by which replicas are compared: two 64-bit xxHashes with
 * different seeds. Equal canonical fragments have equal digests; that different ones do by chance
 * is as likely as a collision of 128 random bits.
 */
public record Digest(long high, long low) {
  private static final XXHash64 HASH = XXHashFactory.fastestInstance().hash64();
  private static final long HIGH_SEED = 0x9E37_79B9_7F4A_7C15L;
  private static final long LOW_SEED = 0xC2B2_AE3D_27D4_EB4FL;

  public static final int SIZE_BYTES = 16;

  /** Of an answer: what it says, and how far it goes. */
  public static Digest of(ReadResult result) {
    Digest rows = of(result.fragment());
    byte[] reached = result.reached();
    if (reached == null) {
      return rows;
    }
    Digest end = of(reached);
    return new Digest(
        rows.high + Long.rotateLeft(end.high, 1), rows.low + Long.rotateLeft(end.low, 1));
  }

  public static Digest of(byte[] fragment) {
    return of(fragment, 0, fragment.length);
  }

  public static Digest of(byte[] bytes, int offset, int length) {
    return new Digest(
        HASH.hash(bytes, offset, length, HIGH_SEED), HASH.hash(bytes, offset, length, LOW_SEED));
  }
}
