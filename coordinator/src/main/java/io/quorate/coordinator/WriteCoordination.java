package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.RequestFailure.WriteKind;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.Mutation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One write: goes to every replica of its row at once and is answered when the level is reached. A
 * replica that is down, refuses, or stays silent gets a hint. The write is never taken back: what a
 * timeout leaves behind is a write of unknown outcome.
 *
 * <p>Belongs to the shard that the request came in on.
 */
final class WriteCoordination extends TimeoutWheel.Entry {
  private final ReplicaWriter writer;
  private final Mutation mutation;
  private final QuorumTracker tracker;
  private final WriteKind kind;
  private final long deadlineNanos;
  private @Nullable Answer<@Nullable Void> waiting;

  private WriteCoordination(
      ReplicaWriter writer,
      Mutation mutation,
      QuorumTracker tracker,
      WriteKind kind,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    this.writer = writer;
    this.mutation = mutation;
    this.tracker = tracker;
    this.kind = kind;
    this.deadlineNanos = deadlineNanos;
    this.waiting = answer;
  }

  /** What a write needs of its node. */
  interface ReplicaWriter {
    String localDatacenter();

    boolean isLocal(NodeInfo replica);

    boolean isAlive(NodeInfo replica);

    void applyLocally(Mutation mutation, LocalAnswer<@Nullable Void> answer);

    Internode internode();

    /**
     * Keeps the mutation for a replica.
     *
     * @param stored called on this shard once the hint is durable; null when nobody waits for it
     */
    void hint(NodeInfo replica, Mutation mutation, @Nullable Runnable stored);
  }

  static void start(
      ReplicaWriter writer,
      Mutation mutation,
      List<NodeInfo> replicas,
      ConsistencyLevel level,
      WriteKind kind,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    RequestFailure unavailable = unavailable(writer, replicas, level);
    if (unavailable != null) {
      answer.failed(unavailable);
      return;
    }
    QuorumTracker tracker = QuorumTracker.of(level, replicas, writer.localDatacenter());
    new WriteCoordination(writer, mutation, tracker, kind, deadlineNanos, answer).send(replicas);
  }

  /** Why a write to these replicas would not be tried, or null. */
  static @Nullable RequestFailure unavailable(
      ReplicaWriter writer, List<NodeInfo> replicas, ConsistencyLevel level) {
    QuorumTracker tracker = QuorumTracker.of(level, replicas, writer.localDatacenter());
    if (replicas.isEmpty()) {
      return new RequestFailure.Unavailable(level, Math.max(1, tracker.required()), 0);
    }
    return level == ConsistencyLevel.ANY ? null : tracker.unavailable(replicas, writer::isAlive);
  }

  private void send(List<NodeInfo> replicas) {
    writer.internode().timeouts().enter(this, deadlineNanos);
    for (NodeInfo replica : replicas) {
      if (writer.isLocal(replica)) {
        writer.applyLocally(mutation, new OwnCopy(replica));
      } else if (writer.isAlive(replica)) {
        Internode internode = writer.internode();
        byte[] bytes = mutation.bytes();
        internode.send(
            replica.internode(),
            internode
                .request(Verb.MUTATION, bytes.length, new RemoteCopy(replica), deadlineNanos)
                .writeBytes(bytes));
      } else {
        keepHint(replica);
      }
    }
  }

  private void keepHint(NodeInfo replica) {
    boolean counts = tracker.level() == ConsistencyLevel.ANY && waiting != null;
    writer.hint(replica, mutation, counts ? () -> acknowledged(replica) : null);
  }

  private void acknowledged(NodeInfo replica) {
    if (tracker.answered(replica) && waiting != null) {
      leaveWheel();
      Answer<@Nullable Void> answer = waiting;
      waiting = null;
      answer.succeeded(null);
    }
  }

  private void refused(NodeInfo replica, String why) {
    if (tracker.refused(replica)) {
      fail(
          new RequestFailure.WriteFailure(
              tracker.level(),
              tracker.received(),
              tracker.required(),
              tracker.failed(),
              kind,
              why));
    }
  }

  private void fail(RequestFailure failure) {
    Answer<@Nullable Void> answer = waiting;
    if (answer != null) {
      leaveWheel();
      waiting = null;
      answer.failed(failure);
    }
  }

  @Override
  void timedOut() {
    fail(
        new RequestFailure.WriteTimeout(
            tracker.level(), tracker.received(), tracker.required(), kind));
  }

  private final class OwnCopy implements LocalAnswer<@Nullable Void> {
    private final NodeInfo replica;

    OwnCopy(NodeInfo replica) {
      this.replica = replica;
    }

    @Override
    public void done(@Nullable Void nothing) {
      acknowledged(replica);
    }

    @Override
    public void refused(String why) {
      WriteCoordination.this.refused(replica, why);
    }
  }

  private final class RemoteCopy extends Internode.Pending {
    private final NodeInfo replica;

    RemoteCopy(NodeInfo replica) {
      this.replica = replica;
    }

    @Override
    void responded(Status status, ByteBuf payload) {
      if (status == Status.OK) {
        acknowledged(replica);
      } else {
        // What is not its own any more it would not take from a hint either.
        if (status != Status.STALE_EPOCH) {
          keepHint(replica);
        }
        WriteCoordination.this.refused(replica, Internode.text(payload));
      }
    }

    @Override
    void expired() {
      keepHint(replica);
    }
  }
}
