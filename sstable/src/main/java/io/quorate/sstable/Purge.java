package io.quorate.sstable;

/**
 * Which tombstones compaction may leave out once they have had their effect: those that are old
 * enough to have reached every replica, and older than whatever may stand outside the compaction,
 * which they might still have to delete.
 *
 * @param beforeSeconds tombstones made before
 * @param belowTimestampMicros and with a timestamp below
 */
record Purge(long beforeSeconds, long belowTimestampMicros) {
  static final Purge NONE = new Purge(0, Long.MIN_VALUE);

  boolean drops(long timestampMicros, long localSeconds) {
    return localSeconds < beforeSeconds && timestampMicros < belowTimestampMicros;
  }

  boolean drops(Deletion deletion) {
    return drops(deletion.timestampMicros(), deletion.localSeconds());
  }

  boolean isNone() {
    return beforeSeconds == 0;
  }
}
