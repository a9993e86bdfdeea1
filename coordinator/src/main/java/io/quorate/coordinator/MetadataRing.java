package io.quorate.coordinator;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The metadata ring as the data ring sees it. Safe for concurrent use. */
public interface MetadataRing {

  /** What this node has applied so far. Never goes back. */
  ClusterMetadata metadata();

  /**
   * Has a change ordered and applied.
   *
   * @param answer on the calling shard, when this node has applied it
   */
  void change(MetadataChange change, long deadlineNanos, Answer<ChangeOutcome> answer);

  /**
   * Runs {@code then} on the calling shard once this node has applied {@code epoch}; drops it when
   * that does not happen before the deadline.
   */
  void whenApplied(long epoch, long deadlineNanos, Runnable then);

  /**
   * Runs {@code then} on the calling shard once a later life of this node, after a power loss too,
   * would begin with what it has applied until now.
   */
  void whenRemembered(Runnable then);

  /**
   * Asks the ring how far it is, and waits until this node has applied as much.
   *
   * @param done on some shard, once: null when it has, or why not
   */
  void catchUp(long deadlineNanos, Consumer<@Nullable String> done);

  /** Calls {@code onNewer} on some shard with each value that this node adopts, in order. */
  void onMetadata(Consumer<ClusterMetadata> onNewer);
}
