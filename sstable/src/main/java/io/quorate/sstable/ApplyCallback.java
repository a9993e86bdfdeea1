package io.quorate.sstable;

import io.quorate.environment.Shard;

/** Told once what became of a write, on the shard that waits for it. */
@FunctionalInterface
public interface ApplyCallback {
  void applied(ApplyOutcome outcome);

  /** Tells the outcome on a shard: at once when that is the calling thread. */
  static void tell(Shard waiting, ApplyCallback callback, ApplyOutcome outcome) {
    if (waiting.isCurrent()) {
      callback.applied(outcome);
    } else {
      waiting.execute(() -> callback.applied(outcome));
    }
  }
}
