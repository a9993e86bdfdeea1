package io.quorate.sstable;

/** What a read of a range of tokens gave. */
public sealed interface RangeOutcome permits RangePage, ReadFailure {}
