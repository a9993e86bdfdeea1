package io.quorate.sstable;

import org.jspecify.annotations.Nullable;

/**
 * Partitions in order.
 *
 * <pre>
 * Partitions := (token i64 | keyLength u16 | key | fragmentLength u32 | fragment)*
 * </pre>
 *
 * @param partitions each with a canonical fragment that says something; some may hold tombstones
 *     only
 * @param liveRows how many regular rows in them can be seen
 * @param resume where the next page begins; null when the range is done. A page may be short, even
 *     empty, and yet not be the last.
 */
public record RangePage(byte[] partitions, int liveRows, @Nullable RangePosition resume)
    implements RangeOutcome {}
