package io.quorate.sstable;

/**
 * Rows of one partition.
 *
 * @param fragment canonical; with the deletions and ranges that cover what was asked for, as far as
 *     it was read
 * @param liveRows how many regular rows in it can be seen
 * @param cut whether reading stopped at the limit of rows: there may be more
 */
public record ReadResult(byte[] fragment, int liveRows, boolean cut) implements ReadOutcome {}
