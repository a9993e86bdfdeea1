package io.quorate.sstable;

import java.util.UUID;

/** A read of one partition. */
public record ReadCommand(UUID tableId, long token, byte[] key, ReadLimits limits) {}
