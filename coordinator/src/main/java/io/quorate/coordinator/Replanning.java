package io.quorate.coordinator;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.metadata.ClusterMetadata;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One request, planned anew when it failed because replicas refused it under newer metadata than it
 * was planned with: once this node has that metadata too, the request goes to the replicas that own
 * its rows now. Requests can be repeated, since mutations carry their timestamps.
 *
 * <p>Belongs to the shard that asked.
 */
final class Replanning<T extends @Nullable Object> extends TimeoutWheel.Entry implements Answer<T> {
  private final MetadataRing ring;
  private final Internode internode;
  private final long deadlineNanos;
  private final Answer<T> answer;
  private final BiConsumer<ClusterMetadata, Answer<T>> request;
  private long plannedEpoch;

  /** What the replicas said, while this node catches up. */
  private @Nullable RequestFailure refusal;

  private Replanning(
      MetadataRing ring,
      Internode internode,
      long deadlineNanos,
      Answer<T> answer,
      BiConsumer<ClusterMetadata, Answer<T>> request) {
    this.ring = ring;
    this.internode = internode;
    this.deadlineNanos = deadlineNanos;
    this.answer = answer;
    this.request = request;
  }

  /**
   * @param request finds the replicas in the metadata and asks them
   */
  static <T extends @Nullable Object> void start(
      MetadataRing ring,
      Internode internode,
      long deadlineNanos,
      Answer<T> answer,
      BiConsumer<ClusterMetadata, Answer<T>> request) {
    new Replanning<>(ring, internode, deadlineNanos, answer, request).plan();
  }

  private void plan() {
    ClusterMetadata metadata = ring.metadata();
    plannedEpoch = metadata.epoch();
    request.accept(metadata, this);
  }

  @Override
  public void succeeded(T value) {
    answer.succeeded(value);
  }

  @Override
  public void failed(RequestFailure failure) {
    long newer = Math.max(internode.newestRefusalEpoch(), ring.metadata().ownershipEpoch());
    boolean refused =
        failure instanceof RequestFailure.WriteFailure
            || failure instanceof RequestFailure.ReadFailure;
    if (!refused || newer <= plannedEpoch) {
      answer.failed(failure);
      return;
    }
    refusal = failure;
    internode.timeouts().enter(this, deadlineNanos);
    ring.whenApplied(newer, deadlineNanos, this::caughtUp);
  }

  private void caughtUp() {
    if (refusal != null) {
      refusal = null;
      leaveWheel();
      plan();
    }
  }

  @Override
  void timedOut() {
    RequestFailure failure = refusal;
    if (failure != null) {
      refusal = null;
      answer.failed(failure);
    }
  }
}
