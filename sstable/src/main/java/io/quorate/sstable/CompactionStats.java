package io.quorate.sstable;

/**
 * What compaction has done since the start.
 *
 * @param pending how many plans the strategies had when they were last asked, and requests' jobs
 * @param running how many SSTable sets are worked on now
 * @param failed how many ended by a failure; cancelled ones do not count
 * @param readBytes of SSTables, as they stand on disk
 * @param writtenBytes of new SSTables that were taken into their tables
 */
public record CompactionStats(
    int pending, int running, long completed, long failed, long readBytes, long writtenBytes) {}
