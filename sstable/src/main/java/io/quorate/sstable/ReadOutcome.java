package io.quorate.sstable;

/** What a read of one partition gave. */
public sealed interface ReadOutcome permits ReadResult, ReadFailure {}
