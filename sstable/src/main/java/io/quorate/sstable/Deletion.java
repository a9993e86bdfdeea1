package io.quorate.sstable;

/**
 * A tombstone that covers more than a cell: it deletes what it covers with a timestamp up to its
 * own. Of two deletions the greater wins, by timestamp, then by the time at which it was made.
 *
 * @param timestampMicros what is deleted has this timestamp or a smaller one
 * @param localSeconds wall time of the deletion; decides only when the tombstone may be purged
 */
public record Deletion(long timestampMicros, long localSeconds) implements Comparable<Deletion> {

  /** Deletes nothing. */
  public static final Deletion NONE = new Deletion(Long.MIN_VALUE, 0);

  public boolean isNone() {
    return timestampMicros == Long.MIN_VALUE;
  }

  public boolean covers(long otherTimestampMicros) {
    return otherTimestampMicros <= timestampMicros && !isNone();
  }

  /**
   * Whether it leaves nothing of what was written up to a time, deletions included: one of the same
   * timestamp may still win by its local time.
   */
  boolean outdoes(long newestMicros) {
    return newestMicros < timestampMicros;
  }

  public boolean supersedes(Deletion other) {
    return compareTo(other) > 0;
  }

  public Deletion or(Deletion other) {
    return other.supersedes(this) ? other : this;
  }

  @Override
  public int compareTo(Deletion other) {
    int byTimestamp = Long.compare(timestampMicros, other.timestampMicros);
    return byTimestamp != 0 ? byTimestamp : Long.compare(localSeconds, other.localSeconds);
  }
}
