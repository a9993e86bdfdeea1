package io.quorate.sstable;

import java.util.UUID;

/** What became of a write or of another request that changes what is stored. */
public sealed interface ApplyOutcome {
  /** Done, and as durable as was asked for. */
  ApplyOutcome APPLIED = new Applied();

  /** Done, and as durable as was asked for. */
  record Applied() implements ApplyOutcome {}

  /** The engine has no such table. Nothing was changed. */
  record UnknownTable(UUID tableId) implements ApplyOutcome {}

  /** It is of before the table's last truncation, which removed it. Nothing was changed. */
  record Truncated(UUID tableId, long truncatedAt) implements ApplyOutcome {}

  /** The commit log takes no update of this size, now or later. Nothing was changed. */
  record TooLarge(int sizeBytes, int limitBytes) implements ApplyOutcome {}

  /** Refused before anything was done: too much waits to be written. It can be tried again. */
  record Overloaded(String reason) implements ApplyOutcome {}

  /**
   * The store takes no writes: the disk is full or failed. Whether this write survives is unknown;
   * it may be seen by reads.
   */
  record Unavailable(String reason) implements ApplyOutcome {}
}
