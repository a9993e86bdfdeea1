package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.UUID;

/**
 * A read of a range of tokens on one shard.
 *
 * @param from where to begin
 * @param endToken the last token wanted, inclusive
 * @param limits the rows wanted of each partition; its limit of rows holds for the whole page
 * @param rowsPerPartition limit of rows that can be seen, for each partition; a page that begins in
 *     the middle of a partition counts from there, so the caller passes what is left for it
 * @param pageBytes the page ends with the row that reaches this size, or soon after
 */
public record RangeCommand(
    UUID tableId,
    RangePosition from,
    long endToken,
    ReadLimits limits,
    int rowsPerPartition,
    int pageBytes) {

  public RangeCommand {
    Invariant.check(!limits.reversed(), "a range is read forwards");
    Invariant.check(
        rowsPerPartition > 0 && pageBytes > 0, "limits are positive", rowsPerPartition, pageBytes);
  }
}
