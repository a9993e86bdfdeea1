package io.quorate.sstable;

/** Told once what a read of a range gave, on the shard that was asked. */
@FunctionalInterface
public interface RangeCallback {
  void completed(RangeOutcome outcome);
}
