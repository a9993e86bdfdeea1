package io.quorate.raft;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Which ring a member belongs to. A cluster begins with ring 0. When the majority of its voters is
 * lost for good, an operator gives the ring up and has the next one begun from what is left ({@link
 * RaftNode#beginRing}); members of different rings do not listen to each other, so that voters that
 * come back after all decide nothing.
 *
 * <pre>
 * ring   u64 number | u64 nonce | u64 certain index | names: voters | names: lost
 *        names as drawn at Configuration
 * </pre>
 *
 * @param number 0 in the cluster's first ring, one more in each that was begun anew
 * @param nonce tells apart two rings that were begun from one; 0 in ring 0
 * @param certainIndex up to here the log of the ring before was known to be committed: who knows of
 *     no later commit has seen nothing that is not in this ring
 * @param voters with whom it began, or, told to somebody who comes later, who votes now; none in
 *     ring 0, whose voters are configured
 * @param lost the voters of the ring before that were given up
 */
public record Ring(
    long number, long nonce, long certainIndex, List<PeerId> voters, List<PeerId> lost) {
  /** What every cluster begins with. */
  public static final Ring FIRST = new Ring(0, 0, 0, List.of(), List.of());

  public Ring {
    voters = voters.stream().sorted().distinct().toList();
    lost = lost.stream().sorted().distinct().toList();
    if (number < 0 || certainIndex < 0 || (number > 0 && voters.isEmpty())) {
      throw new IllegalArgumentException("ring " + number + " with the voters " + voters);
    }
  }

  boolean isSame(long otherNumber, long otherNonce) {
    return number == otherNumber && nonce == otherNonce;
  }

  Ring withVoters(List<PeerId> now) {
    return new Ring(number, nonce, certainIndex, now, lost);
  }

  /** Appends it to {@code out}. */
  public void write(ByteBuf out) {
    out.writeLong(number).writeLong(nonce).writeLong(certainIndex);
    Configuration.write(out, voters);
    Configuration.write(out, lost);
  }

  /**
   * The inverse of {@link #write}.
   *
   * @throws java.nio.BufferUnderflowException when it is cut short
   * @throws IllegalArgumentException when it makes no sense
   */
  public static Ring read(ByteBuffer in) {
    return new Ring(
        in.getLong(), in.getLong(), in.getLong(), Configuration.read(in), Configuration.read(in));
  }

  @Override
  public String toString() {
    return number == 0 ? "ring 0" : "ring " + number + "-" + Long.toHexString(nonce);
  }
}
