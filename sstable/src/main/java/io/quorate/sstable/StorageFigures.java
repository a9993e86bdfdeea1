package io.quorate.sstable;

/**
 * How an engine's disk is doing.
 *
 * @param tableBytes of all SSTables
 * @param quarantined SSTables, or parts of them, that were put aside
 * @param segmentsToArchive segments of the commit log that could not be archived yet
 */
public record StorageFigures(long tableBytes, int quarantined, int segmentsToArchive) {}
