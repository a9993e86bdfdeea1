package io.quorate.coordinator;

import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.sstable.ReadLimits;

/** What to read of one partition. */
public record PartitionRead(TableMetadata table, long token, byte[] key, ReadLimits limits) {}
