package io.quorate.raft;

import java.util.Arrays;

/**
 * One entry of the replicated log.
 *
 * @param term the term of the leader that created it
 * @param index its position, from 1
 * @param command opaque; empty in the no-op with which a leader begins its term (section 6.4). Not
 *     copied: nobody writes to it
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content below
public record Entry(long term, long index, byte[] command) {

  public Entry {
    if (term < 1 || index < 1) {
      throw new IllegalArgumentException("entry " + index + " of term " + term);
    }
  }

  public boolean isNoOp() {
    return command.length == 0;
  }

  /** Bytes it counts for in a message or a quota: the command and its header. */
  int sizeBytes() {
    return command.length + 20;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Entry that
        && term == that.term
        && index == that.index
        && Arrays.equals(command, that.command);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(index * 31 + term);
  }

  @Override
  public String toString() {
    return index + "/t" + term + (isNoOp() ? " no-op" : " " + command.length + "B");
  }
}
