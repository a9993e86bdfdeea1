package io.quorate.sstable;

/**
 * A table's figures on this node.
 *
 * @param memtableBytes memory of its memtables on all shards
 * @param tableCount number of SSTables
 * @param quarantinedCount of which so many were put aside since they are damaged
 * @param diskBytes size of its SSTables
 * @param filterFalsePositives how often an SSTable was read in vain
 * @param pendingCompactions tiers that wait to be compacted
 * @param estimatedPartitions partitions in SSTables, each counted in every SSTable that has it
 * @param tombstones in SSTables
 */
public record TableStats(
    long memtableBytes,
    int tableCount,
    int quarantinedCount,
    long diskBytes,
    long filterFalsePositives,
    int pendingCompactions,
    long estimatedPartitions,
    long tombstones) {}
