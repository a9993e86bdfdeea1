package io.quorate.coordinator;

import io.quorate.coordinator.metadata.TableMetadata;
import java.util.List;

/**
 * What to read of one partition.
 *
 * @param slices sorted and disjoint; none reads the static row only
 * @param reversed whether the limit counts from the greatest row key; rows come ascending all the
 *     same
 * @param rowLimit how many live regular rows are wanted; {@link Integer#MAX_VALUE} for all
 * @param withStatic whether the static row is wanted too; it does not count
 * @param nowSeconds the time at which what expires is judged, in seconds since the Unix epoch
 */
public record PartitionRead(
    TableMetadata table,
    long token,
    byte[] key,
    List<RowSlice> slices,
    boolean reversed,
    int rowLimit,
    boolean withStatic,
    long nowSeconds) {}
