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

  /** Syncing the commit log failed. No write is acknowledged until the node is started again. */
  default void commitLogPoisoned(String reason) {
    LOG.error("the commit log takes no more writes: {}", reason);
  }

  /** Writes are refused for now. */
  default void writesRefused(String reason) {
    LOG.warn("writes are refused: {}", reason);
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

  /** Flushing or compacting failed; it will be tried again. */
  default void backgroundWorkFailed(String what, Exception failure) {
    LOG.error("{} failed", what, failure);
  }
}
