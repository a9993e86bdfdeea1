package io.quorate.sstable;

import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an operator must learn about the disk. Called on any thread; must not block. The default is
 * a line in the log each.
 */
public interface StorageEvents {
  Logger LOG = LoggerFactory.getLogger(StorageEvents.class);

  /** An SSTable is damaged and was put aside; reads that need it fail until it is rebuilt. */
  default void tableQuarantined(Path file, String reason) {
    LOG.error("{} was put aside: {}", file, reason);
  }

  /**
   * Bytes in the middle of the commit log are damaged and were put aside; the rest was replayed.
   */
  default void commitLogDamaged(Path segment, long position, long length, Path setAside) {
    LOG.error(
        "{} bytes at {} of {} are damaged; they were put aside in {}",
        length,
        position,
        segment,
        setAside);
  }

  /** A segment of the commit log is not there; the others were replayed. */
  default void commitLogSegmentMissing(Path segment, Path successor) {
    LOG.error(
        "{} is missing: {} goes on where it ended; what it held is lost here", segment, successor);
  }

  /**
   * A record of the commit log is whole but cannot be applied: it was written by another version,
   * or by a fault of ours. It was put aside; the rest was replayed.
   */
  default void commitLogRecordUnreadable(
      Path segment, long position, String reason, Path setAside) {
    LOG.error(
        "the record at {} of {} cannot be applied ({}); it was put aside in {}",
        position,
        segment,
        reason,
        setAside);
  }

  /** Replay goes on: called about once a second, and at the end. */
  default void commitLogReplayed(long bytes, long ofBytes, long records) {
    LOG.info(
        "replayed {} of {} MiB of the commit log: {} records", bytes >> 20, ofBytes >> 20, records);
  }

  /** Syncing the commit log failed. No write is acknowledged until the node is started again. */
  default void commitLogPoisoned(String reason) {
    LOG.error("the commit log takes no more writes: {}", reason);
  }

  /** Writes are refused for now; reported once a minute as long as it lasts. */
  default void writesRefused(String reason) {
    LOG.warn("writes are refused: {}", reason);
  }

  /** Writes are taken again. */
  default void writesAccepted() {
    LOG.info("writes are taken again");
  }

  /** Long work on a table was asked for, or became due. */
  default void taskBegan(StorageTask task) {
    LOG.debug("{} of table {}", task.kind(), task.tableId());
  }

  /** A compaction that is due waits, because it would need more of the disk than it may use. */
  default void compactionPostponed(Path table, long neededBytes, long usableBytes) {
    LOG.warn(
        "compacting {} waits: it needs {} bytes of disk and may use {}",
        table,
        neededBytes,
        usableBytes);
  }

  /** A compaction of a table with {@code log_all} has ended, well or not. */
  default void compactionEnded(Path table, String account) {
    LOG.info("compaction of {}: {}", table, account);
  }

  /** A segment of the commit log was not archived; it stays, and is tried again. */
  default void archiveFailed(Path segment, Exception failure) {
    LOG.error("archiving {} failed", segment, failure);
  }

  /** Flushing or compacting failed; it will be tried again. */
  default void backgroundWorkFailed(String what, Exception failure) {
    LOG.error("{} failed", what, failure);
  }
}
