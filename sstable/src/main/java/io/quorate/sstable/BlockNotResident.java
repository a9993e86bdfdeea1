package io.quorate.sstable;

import java.io.IOException;

/**
 * Ends a read on a shard that met a block which is not in the cache: a shard never waits for a
 * disk. The read is done again where it may. Without a stack trace, since it is part of the
 * ordinary course.
 */
final class BlockNotResident extends IOException {
  private static final long serialVersionUID = 1;

  BlockNotResident() {
    super("block is not resident");
  }

  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
