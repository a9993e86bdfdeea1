/**
 * The local storage engine: what one node keeps, and how. It sees bytes that compare as bytes and
 * knows no schema.
 *
 * <p>The encoding, which messages, commit log, memtable and SSTables share:
 *
 * <ul>
 *   <li>{@link io.quorate.sstable.Mutation}: one partition's update. {@link
 *       io.quorate.sstable.FragmentWriter} writes it, {@link io.quorate.sstable.FragmentReader} and
 *       {@link io.quorate.sstable.RowReader} read it, {@link io.quorate.sstable.FragmentValidator}
 *       checks what comes from outside.
 *   <li>{@link io.quorate.sstable.FragmentMerger}: reconciles what several sources know; the rules
 *       stand at {@code RowMerger}. {@link io.quorate.sstable.FragmentDiff}: what one of them
 *       lacks. {@link io.quorate.sstable.Digest}: a short stand-in to compare by.
 * </ul>
 *
 * <p>The engine, from the request to the disk:
 *
 * <ul>
 *   <li>{@link io.quorate.sstable.StorageEngine}: tables, and what is done to them as a whole. Of
 *       it each shard owns an {@code EngineShard}: a {@code LogAppender} and, for each table, a
 *       {@code TableShard} of memtables. {@code Recovery} is how it comes up.
 *   <li>{@code CommitLog}: durability. {@code LogAppender} is a shard's side of it, {@code
 *       LogBatch} what goes between; {@code CommitLogSegments} are its files, {@code
 *       CommitLogFormat} what stands in them, {@code SegmentBytes} one of them in memory. {@code
 *       CommitLogReplay} reads them at start, {@code ReplayedWrites} brings them into memtables for
 *       the shards, {@code EarlierSegments} are those that stay for it; {@code CommitLogArchive}
 *       keeps them for a {@code Restore} to a point in time.
 *   <li>{@code Memtable}: {@code Entries} in a {@code Slab}, and an {@code EntryTree} over them in
 *       the order of {@code StoreKey}; a partition's deletions stand in front of its rows as its
 *       {@code PartitionHead}.
 *   <li>{@code SSTable}, {@code SSTableWriter}: blocks ({@code StoredBlock}, {@code KeyStep},
 *       {@code BlockPacker}, {@code PackedEntries}), {@code SSTableIndex}, {@code BloomFilter},
 *       {@code SSTableStatistics}. Reads search in them with an {@code SSTableCursor} ({@code
 *       BlockReader}, {@code BlockUnpacker}, {@code BlockCursor}, {@code BlockCache}), compaction
 *       walks them with an {@code SSTableScan} ({@code BlockStretch}). Tokens are not stored:
 *       {@link io.quorate.sstable.Partitioner} gives them.
 *   <li>{@code Table}: publishes a {@code Version}, the SSTables of the moment, and keeps it in a
 *       {@code TableManifest}.
 *   <li>{@code PartitionRead}, {@code RangeRead}: reads. Sources are {@code EntryCursor}s; {@code
 *       PartitionWalk} goes through them partition by partition, {@code PartitionMerger} row by
 *       row; {@code FragmentAssembler} writes the answer.
 *   <li>{@code CompactionStrategy} and its four kinds, from {@link
 *       io.quorate.sstable.CompactionSettings}: pure, {@code CompactionCandidate}s in, {@code
 *       CompactionPlan}s out; {@code Overlap} groups by tokens. {@code TombstoneRule}: whether an
 *       SSTable is worth rewriting alone, by its {@code DropTimes}.
 *   <li>{@code Compaction} carries plans and {@code MaintenanceRequest}s out, with a {@code
 *       CompactionQueue} for each table; {@link io.quorate.sstable.Maintenance} is its outside. A
 *       {@code CompactionJob} goes in steps: {@code RewriteJob}, {@code VerifyJob}, {@code
 *       ScrubJob}. {@link io.quorate.sstable.StorageTask}: how far it is.
 *   <li>{@code MemtableFlush}: frozen memtables become SSTables. {@code Quarantine}: what is
 *       damaged.
 *   <li>{@code PartitionCopy} copies memtables and SSTables into an {@code SSTableSeries}; {@code
 *       Purge} says what may be left out, {@link io.quorate.sstable.PurgeRule} when, {@code
 *       Outside} what keeps it.
 *   <li>{@link io.quorate.sstable.Snapshots}: kept under a name by a {@code SnapshotManifest},
 *       copied elsewhere by {@code SnapshotExport}, brought in again by {@code SnapshotImport}.
 * </ul>
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Merging is commutative, associative and idempotent: replicas that have seen the same
 *       updates hold the same bytes, whatever the order in which they came. So replaying the log,
 *       or finding a row in a memtable and in the SSTable it was just flushed to, does no harm.
 *   <li>A write is acknowledged after the sync that covers it, and its log goes only after the
 *       manifest that lists its SSTable is durable.
 *   <li>A manifest lists only files that are synced; a file is deleted only when no manifest lists
 *       it. What no manifest lists is removed at start.
 *   <li>Nothing is read past a wrong checksum. An SSTable that is damaged takes its tokens out of
 *       service on this node until they are rebuilt from replicas.
 * </ul>
 *
 * <p>Threads: a shard's thread owns its memtables and the batch that it fills, and never waits for
 * a disk. The log's thread writes and syncs, another makes and deletes its segments. One thread
 * flushes, one decides what is compacted and a few do it, one does what an administrator asks.
 * Reads that miss the cache run on the shared pool. Between threads go frozen memtables, versions
 * and SSTables, which are immutable.
 */
@NullMarked
package io.quorate.sstable;

import org.jspecify.annotations.NullMarked;
