package io.quorate.sstable;

import java.util.List;

/**
 * What may stand outside a compaction under a token, and be older than a tombstone in it: such a
 * tombstone must stay, or what it deletes comes back. Called on background threads.
 */
@FunctionalInterface
interface Outside {

  /** The memtables, and the other SSTables as far as their filters tell. */
  Outside EVERYTHING =
      (token, memtablesMicros, others) -> {
        long least = memtablesMicros;
        for (SSTable other : others) {
          if (other.mayContain(token)) {
            least = Math.min(least, other.statistics().minTimestampMicros());
          }
        }
        return least;
      };

  /**
   * The least timestamp that there may be.
   *
   * @param memtablesMicros the least in the memtables
   * @param others the table's SSTables that are not in the compaction
   */
  long leastTimestampMicros(long token, long memtablesMicros, List<SSTable> others);
}
