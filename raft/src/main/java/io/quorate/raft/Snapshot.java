package io.quorate.raft;

import java.util.Arrays;

/**
 * A state machine's state in place of the log up to an index (chapter 5).
 *
 * @param index the last entry it covers; 0 in the empty snapshot that every log starts from
 * @param term that entry's term
 * @param configuration the latest up to that entry, committed like it; it may be joint
 * @param data the state. Not copied: nobody writes to it
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content below
public record Snapshot(long index, long term, Configuration configuration, byte[] data) {

  /** The state before the first entry, in a ring that begins with these voters. */
  public static Snapshot initial(Configuration configuration) {
    return new Snapshot(0, 0, configuration, new byte[0]);
  }

  public boolean isEmpty() {
    return index == 0;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Snapshot that
        && index == that.index
        && term == that.term
        && configuration.equals(that.configuration)
        && Arrays.equals(data, that.data);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(index * 31 + term);
  }

  @Override
  public String toString() {
    return "snapshot " + index + "/t" + term + " " + data.length + "B";
  }
}
