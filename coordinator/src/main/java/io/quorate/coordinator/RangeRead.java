package io.quorate.coordinator;

import io.quorate.coordinator.metadata.TableMetadata;
import java.util.List;

/**
 * What to read of the partitions of a token range, in the order of token and key.
 *
 * @param from where to begin
 * @param lastToken the last token that belongs to the range
 * @param slices of each partition, as in {@link PartitionRead}
 * @param rowLimit live regular rows over all partitions; a partition with only a static row counts
 *     as one
 * @param partitionLimit live regular rows of each partition
 */
public record RangeRead(
    TableMetadata table,
    RangeStart from,
    long lastToken,
    List<RowSlice> slices,
    int rowLimit,
    int partitionLimit,
    boolean withStatic,
    long nowSeconds) {}
