package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How a node's engine uses memory and disk. All of it is shared by the node's tables.
 *
 * @param syncMode when a write counts as durable
 * @param syncPeriodMillis with {@link SyncMode#PERIODIC}, how often the log is synced
 * @param segmentBytes size of a commit-log segment, whole blocks of 4096
 * @param commitLogBytes how much log may wait for flushes before memtables are flushed for it
 * @param memtableBytes memory of all memtables; at half of it the largest is flushed, from three
 *     quarters on writes are answered later and later, and beyond it they are refused until flushes
 *     have caught up
 * @param memtableMaxAgeMillis a memtable that is older is flushed, so that its log can go
 * @param blockCacheBytes memory of uncompressed data blocks
 * @param reservedDiskBytes writes are refused when less than this is free
 * @param readEffort what one answer may cost
 * @param archiveDirectory segments of the commit log are kept there when they are not needed any
 *     more; null deletes them
 */
public record EngineOptions(
    SyncMode syncMode,
    long syncPeriodMillis,
    int segmentBytes,
    long commitLogBytes,
    long memtableBytes,
    long memtableMaxAgeMillis,
    long blockCacheBytes,
    long reservedDiskBytes,
    ReadEffort readEffort,
    @Nullable Path archiveDirectory) {

  public static final EngineOptions DEFAULT =
      new EngineOptions(
          SyncMode.GROUP,
          1_000,
          32 << 20,
          512L << 20,
          256L << 20,
          3_600_000,
          256L << 20,
          64L << 20,
          ReadEffort.DEFAULT,
          null);

  /** Without an archive. */
  public EngineOptions(
      SyncMode syncMode,
      long syncPeriodMillis,
      int segmentBytes,
      long commitLogBytes,
      long memtableBytes,
      long memtableMaxAgeMillis,
      long blockCacheBytes,
      long reservedDiskBytes,
      ReadEffort readEffort) {
    this(
        syncMode,
        syncPeriodMillis,
        segmentBytes,
        commitLogBytes,
        memtableBytes,
        memtableMaxAgeMillis,
        blockCacheBytes,
        reservedDiskBytes,
        readEffort,
        null);
  }

  public EngineOptions {
    if (segmentBytes < FileSystem.BLOCK_BYTES
        || segmentBytes % FileSystem.BLOCK_BYTES != 0
        || memtableBytes < 1 << 10
        || syncPeriodMillis < 1
        || memtableMaxAgeMillis < 1) {
      throw new IllegalArgumentException("sizes of the storage engine are out of range");
    }
  }

  public EngineOptions withSyncMode(SyncMode mode) {
    return new EngineOptions(
        mode,
        syncPeriodMillis,
        segmentBytes,
        commitLogBytes,
        memtableBytes,
        memtableMaxAgeMillis,
        blockCacheBytes,
        reservedDiskBytes,
        readEffort,
        archiveDirectory);
  }

  public EngineOptions withArchiveDirectory(@Nullable Path archive) {
    return new EngineOptions(
        syncMode,
        syncPeriodMillis,
        segmentBytes,
        commitLogBytes,
        memtableBytes,
        memtableMaxAgeMillis,
        blockCacheBytes,
        reservedDiskBytes,
        readEffort,
        archive);
  }

  /** The largest mutation that the log takes, in bytes. */
  int maxMutationBytes() {
    return segmentBytes / 2;
  }
}
