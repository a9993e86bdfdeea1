package io.quorate.sstable;

import org.jspecify.annotations.Nullable;

/**
 * Rows of one partition.
 *
 * @param fragment canonical; with the deletions and ranges that cover what was asked for, as far as
 *     it was read
 * @param liveRows how many regular rows in it can be seen
 * @param reached key of the regular row with which reading stopped before the end, at the limit of
 *     rows or because enough was read for one answer: there may be more. The row need not stand in
 *     the fragment, when something deletes it. Null when all was read
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ReadResult(byte[] fragment, int liveRows, byte @Nullable [] reached)
    implements ReadOutcome {

  /** Whether there may be more. */
  public boolean cut() {
    return reached != null;
  }
}
