package io.quorate.sstable;

/**
 * Told once what a read gave, on the shard that owns the token; before the call that asked for it
 * returns when all was in memory.
 */
@FunctionalInterface
public interface ReadCallback {
  void completed(ReadOutcome outcome);
}
