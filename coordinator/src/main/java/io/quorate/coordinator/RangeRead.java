package io.quorate.coordinator;

import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadLimits;

/**
 * What to read of the partitions of a token range, in the order of token and key.
 *
 * @param from where to begin
 * @param lastToken the last token that belongs to the range
 * @param limits what is wanted of each partition
 * @param rowLimit live regular rows over all partitions; a partition with only a static row counts
 *     as one
 */
public record RangeRead(
    TableMetadata table, RangePosition from, long lastToken, ReadLimits limits, int rowLimit) {}
