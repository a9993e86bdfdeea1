package io.quorate.environment;

import java.util.UUID;

/** Randomness that a simulation can replay. Safe for concurrent use. */
public interface Randomness {

  long nextLong();

  /** Uniform in [0, bound). */
  default int nextInt(int bound) {
    return (int) Math.unsignedMultiplyHigh(nextLong(), bound);
  }

  /** Uniform in [0, bound). */
  default long nextLong(long bound) {
    return Math.unsignedMultiplyHigh(nextLong(), bound);
  }

  /** Uniform in [0, 1). */
  default double nextDouble() {
    return (nextLong() >>> 11) * 0x1.0p-53;
  }

  /** A random (version 4) UUID. */
  default UUID nextUuid() {
    long most = (nextLong() & ~0xF000L) | 0x4000L;
    long least = (nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return new UUID(most, least);
  }
}
