package io.quorate.sstable;

/** When a write counts as durable. */
public enum SyncMode {
  /** Once synced; a sync begins as soon as the one before has ended. */
  BATCH,
  /**
   * Once synced; a sync begins when the shard has done what arrived together, so that more writes
   * share it. Nothing acknowledged is lost in a power loss. The default.
   */
  GROUP,
  /**
   * At once; the log is written right away and synced once a period. A power loss may take what was
   * acknowledged within the last period; the death of the process alone takes at most what had not
   * reached the operating system, a fraction of a millisecond.
   */
  PERIODIC
}
