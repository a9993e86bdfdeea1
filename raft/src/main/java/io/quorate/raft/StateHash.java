package io.quorate.raft;

/**
 * A state machine's state in 64 bits, to notice members that came to different states.
 *
 * @param format of what was hashed: only hashes of one format are compared, so that releases that
 *     write their state differently can be in one ring
 * @param value the same for the same state, at any member
 */
public record StateHash(int format, long value) {
  private static final long FNV_OFFSET_BASIS = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  /** FNV-1a over a state's bytes: it is to find bugs and rot, not forgery. */
  public static StateHash of(int format, byte[] state) {
    long hash = FNV_OFFSET_BASIS;
    for (byte each : state) {
      hash = (hash ^ (each & 0xFF)) * FNV_PRIME;
    }
    return new StateHash(format, hash);
  }

  boolean contradicts(StateHash other) {
    return format == other.format && value != other.value;
  }
}
