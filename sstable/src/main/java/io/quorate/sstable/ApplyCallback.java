package io.quorate.sstable;

/** Told once what became of a write, on the shard that owns its token. */
@FunctionalInterface
public interface ApplyCallback {
  void applied(ApplyOutcome outcome);
}
