package io.quorate.raft;

/**
 * What the log drives. Every member applies the same commands in the same order and must come to
 * the same state: no clock, no randomness, nothing from outside. Called on the ring's shard. An
 * exception is a bug: the member stops.
 */
public interface StateMachine {

  /**
   * Applies a committed command, once.
   *
   * @param index its place in the log, greater than that of all commands before
   * @return what the proposer gets to hear; small, for it is remembered for retries
   */
  byte[] apply(long index, byte[] command);

  /**
   * The last command applied whose effects are there, when some take longer than {@link #apply}. A
   * leader at which they take longer than an election timeout hands over.
   */
  long settledIndex();

  /**
   * A hash of the whole state as of the last command applied, settled or not. Asked for after every
   * {@link RaftConfig#stateHashEveryEntries}.
   */
  StateHash stateHash();

  /** The whole state as of the last command applied. */
  byte[] snapshot();

  /**
   * Replaces the whole state by one that {@link #snapshot} returned, here or at another member.
   *
   * @param index the last command that it covers
   */
  void restore(long index, byte[] snapshot);
}
