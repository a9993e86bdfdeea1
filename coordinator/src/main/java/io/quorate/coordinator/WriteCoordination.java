package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.RequestFailure.WriteKind;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.Mutation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One write: goes to every replica of its row at once and is answered when the level is reached. A
 * replica that is down, refuses, or stays silent gets a hint. The write is never taken back: what a
 * timeout leaves behind is a write of unknown outcome.
 *
 * <p>Belongs to the shard that asked.
 */
final class WriteCoordination extends TimeoutWheel.Entry {
  private final ReplicaWriter writer;
  private final Mutation mutation;
  private final RequestQuorum quorum;
  private final WriteKind kind;
  private final long deadlineNanos;

  /** Replicas that refused it because this node is behind; made when there is one. */
  private List<NodeInfo> stale = List.of();

  private boolean hasFailed;
  private @Nullable Answer<@Nullable Void> waiting;

  private WriteCoordination(
      ReplicaWriter writer,
      Mutation mutation,
      RequestQuorum quorum,
      WriteKind kind,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    this.writer = writer;
    this.mutation = mutation;
    this.quorum = quorum;
    this.kind = kind;
    this.deadlineNanos = deadlineNanos;
    this.waiting = answer;
  }

  /** What a write needs of its node. */
  interface ReplicaWriter {
    String localDatacenter();

    boolean isLocal(NodeInfo replica);

    boolean isAlive(NodeInfo replica);

    void applyLocally(Mutation mutation, long epoch, LocalAnswer<@Nullable Void> answer);

    Internode internode();

    /**
     * Keeps the mutation for a replica.
     *
     * @param epoch under which it was planned
     * @param stored called on this shard once the hint is durable; null when nobody waits for it
     */
    void hint(NodeInfo replica, Mutation mutation, long epoch, @Nullable Runnable stored);
  }

  static void start(
      ReplicaWriter writer,
      Mutation mutation,
      RequestQuorum quorum,
      WriteKind kind,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    RequestFailure unavailable = unavailable(writer, quorum);
    if (unavailable != null) {
      answer.failed(unavailable);
      return;
    }
    List<NodeInfo> targets = quorum.targets();
    new WriteCoordination(writer, mutation, quorum, kind, deadlineNanos, answer).send(targets);
  }

  /** Why a write would not be tried, or null. */
  static @Nullable RequestFailure unavailable(ReplicaWriter writer, RequestQuorum quorum) {
    boolean aHintIsEnough = quorum.level() == ConsistencyLevel.ANY;
    return quorum.unavailable(replica -> aHintIsEnough || writer.isAlive(replica));
  }

  private void send(List<NodeInfo> replicas) {
    writer.internode().timeouts().enter(this, deadlineNanos);
    for (NodeInfo replica : replicas) {
      if (writer.isLocal(replica)) {
        writer.applyLocally(mutation, quorum.epoch(), new OwnCopy(replica));
      } else if (writer.isAlive(replica)) {
        Internode internode = writer.internode();
        byte[] bytes = mutation.bytes();
        internode.send(
            replica.internode(),
            internode
                .request(
                    Verb.MUTATION,
                    bytes.length,
                    new RemoteCopy(replica),
                    deadlineNanos,
                    quorum.epoch())
                .writeBytes(bytes));
      } else {
        keepHint(replica);
      }
    }
  }

  private void keepHint(NodeInfo replica) {
    boolean counts = quorum.level() == ConsistencyLevel.ANY && waiting != null;
    writer.hint(replica, mutation, quorum.epoch(), counts ? () -> acknowledged(replica) : null);
  }

  /**
   * This node is behind. When the others make up the level, the replica gets the write later, for
   * the row may be its own all the same; when they do not, the write is planned anew.
   */
  private void refusedAsStale(NodeInfo replica) {
    if (waiting == null && !hasFailed) {
      keepHint(replica);
    } else {
      if (stale.isEmpty()) {
        stale = new ArrayList<>();
      }
      stale.add(replica);
    }
  }

  private void acknowledged(NodeInfo replica) {
    if (quorum.answered(replica) && waiting != null) {
      stale.forEach(this::keepHint);
      leaveWheel();
      Answer<@Nullable Void> answer = waiting;
      waiting = null;
      answer.succeeded(null);
    }
  }

  private void refused(NodeInfo replica, String why) {
    if (quorum.refused(replica)) {
      QuorumTracker tracker = quorum.lacking();
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
      hasFailed = true;
      leaveWheel();
      waiting = null;
      answer.failed(failure);
    }
  }

  @Override
  void timedOut() {
    QuorumTracker tracker = quorum.lacking();
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

    @Override
    public void stale(long epoch, String why) {
      writer.internode().refusedAsStale(epoch);
      refusedAsStale(replica);
      refused(why);
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
        switch (status) {
          case STALE_EPOCH -> refusedAsStale(replica);
          case NOT_OWNER -> {
            // What is not its own any more it would not take from a hint either.
          }
          case OK, FAILED, OVERLOADED -> keepHint(replica);
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
