package io.quorate.coordinator;

import io.quorate.sstable.ReadResult;
import org.jspecify.annotations.Nullable;

/**
 * What this node itself has of a partition, for a read that may need nobody else. Mostly it is at
 * hand, and is all. Where it is not, a {@link ReadCoordination} takes it over, which can wait, or
 * ask another replica.
 *
 * <p>Belongs to the shard that asked.
 */
final class OwnRead implements LocalAnswer<ReadResult> {
  private @Nullable ReadResult result;
  private @Nullable String refusal;
  private @Nullable LocalAnswer<ReadResult> successor;

  /** Null while there is none. */
  @Nullable ReadResult result() {
    return result;
  }

  boolean isTakenOver() {
    return successor != null;
  }

  /** The answer is another's, now or when it comes. */
  void takeOver(LocalAnswer<ReadResult> other) {
    successor = other;
    if (result != null) {
      other.done(result);
    } else if (refusal != null) {
      other.refused(refusal);
    }
  }

  @Override
  public void done(ReadResult value) {
    if (successor == null) {
      result = value;
    } else {
      successor.done(value);
    }
  }

  @Override
  public void refused(String why) {
    if (successor == null) {
      refusal = why;
    } else {
      successor.refused(why);
    }
  }
}
