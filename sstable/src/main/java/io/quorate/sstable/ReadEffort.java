package io.quorate.sstable;

import io.quorate.environment.Invariant;

/**
 * How much one answer to a read may cost. Whoever reads goes on from where it was cut, so a large
 * partition, or one that is a desert of tombstones, is read in pieces of bounded memory and time.
 *
 * @param bytes the answer ends with the row that brings it to this size
 * @param rows and after so many rows were looked at, whether they can be seen or not
 */
public record ReadEffort(int bytes, int rows) {
  public static final ReadEffort DEFAULT = new ReadEffort(4 << 20, 100_000);

  public ReadEffort {
    Invariant.check(bytes > 0 && rows > 1, "a read may cost something", bytes, rows);
  }
}
