package io.quorate.sstable;

import java.util.UUID;

/**
 * Says which tombstones every replica has, so that compaction may leave them out once there is
 * nothing older that they might have to delete here. Called on background threads, for each
 * partition; safe for concurrent use.
 */
@FunctionalInterface
public interface PurgeRule {

  /** Takes for known everywhere what is older than the table's grace period. */
  PurgeRule AFTER_GRACE =
      (tableId, settings, token, nowSeconds) -> Math.max(0, nowSeconds - settings.gcGraceSeconds());

  /**
   * @return tombstones of the token's partitions that were made before this time, in seconds of the
   *     wall clock, may go; 0 lets none go
   */
  long purgeableBeforeSeconds(UUID tableId, TableSettings settings, long token, long nowSeconds);
}
