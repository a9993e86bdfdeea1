package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.RequestFailure.WriteKind;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.environment.Clock;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.Mutation;
import io.quorate.sstable.ReadResult;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator of requests that came to this node: finds the replicas, checks that enough are
 * alive, and starts one coordination a request. Safe for use from every shard; holds no state of
 * requests itself.
 */
public final class RingCoordinator
    implements Coordinator, WriteCoordination.ReplicaWriter, RangeCoordination.RangeReader {
  /** Why this node does not do its own part in a request of its own. */
  static final String STALE = "ownership has changed since the request was planned";

  private static final long SPECULATE_AFTER_NANOS = 50_000_000;

  private final UUID hostId;
  private final String datacenter;
  private final Clock clock;
  private final HybridClock timestamps;
  private final MetadataRing ring;
  private final Internode internode;
  private final LocalReplica local;
  private final BatchLog batchLog;
  private final Hints hints;
  private final Predicate<UUID> liveness;
  private final LongAdder mismatches = new LongAdder();
  private final LongAdder repairs = new LongAdder();

  /**
   * @param liveness whether a node is believed to be alive; asked for each replica of each request
   */
  public RingCoordinator(
      UUID hostId,
      String datacenter,
      Clock clock,
      MetadataRing ring,
      Internode internode,
      LocalReplica local,
      BatchLog batchLog,
      Hints hints,
      Predicate<UUID> liveness) {
    this.hostId = hostId;
    this.datacenter = datacenter;
    this.clock = clock;
    this.timestamps = new HybridClock(clock);
    this.ring = ring;
    this.internode = internode;
    this.local = local;
    this.batchLog = batchLog;
    this.hints = hints;
    this.liveness = liveness;
  }

  @Override
  public ClusterMetadata metadata() {
    return ring.metadata();
  }

  @Override
  public long nextTimestampMicros() {
    return timestamps.nextMicros();
  }

  @Override
  public void write(
      TableMetadata table,
      byte[] mutation,
      ConsistencyLevel level,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    write(table, mutation, level, WriteKind.SIMPLE, deadlineNanos, answer);
  }

  private void write(
      TableMetadata table,
      byte[] bytes,
      ConsistencyLevel level,
      WriteKind kind,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    Mutation mutation = Mutation.of(bytes);
    Replanning.<@Nullable Void>start(
        ring,
        internode,
        deadlineNanos,
        answer,
        (metadata, planned) ->
            start(metadata, table, mutation, level, kind, deadlineNanos, planned));
  }

  private void start(
      ClusterMetadata metadata,
      TableMetadata table,
      Mutation mutation,
      ConsistencyLevel level,
      WriteKind kind,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    WriteCoordination.start(
        this,
        mutation,
        RequestQuorum.ofWrite(metadata, table.keyspace(), mutation.token(), level, datacenter),
        kind,
        deadlineNanos,
        answer);
  }

  @Override
  public void writeBatch(
      List<TableMutation> mutations,
      boolean logged,
      ConsistencyLevel level,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    if (mutations.isEmpty()) {
      answer.succeeded(null);
      return;
    }
    if (mutations.size() == 1) {
      // One partition's mutation is applied whole or not at all anyway.
      TableMutation only = mutations.getFirst();
      write(only.table(), only.mutation(), level, WriteKind.BATCH, deadlineNanos, answer);
      return;
    }
    // Before any part is sent: unavailable means that nothing was tried.
    for (TableMutation mutation : mutations) {
      RequestFailure unavailable = unavailable(mutation, level);
      if (unavailable != null) {
        answer.failed(unavailable);
        return;
      }
    }
    if (logged) {
      batchLog.write(
          mutations.stream().map(TableMutation::mutation).toList(),
          ring.metadata().epoch(),
          answer,
          logAnswer -> writeAll(mutations, level, WriteKind.BATCH, deadlineNanos, logAnswer));
    } else {
      writeAll(mutations, level, WriteKind.UNLOGGED_BATCH, deadlineNanos, answer);
    }
  }

  private @Nullable RequestFailure unavailable(TableMutation mutation, ConsistencyLevel level) {
    long token = Mutation.of(mutation.mutation()).token();
    return WriteCoordination.unavailable(
        this,
        RequestQuorum.ofWrite(
            ring.metadata(), mutation.table().keyspace(), token, level, datacenter));
  }

  private void writeAll(
      List<TableMutation> mutations,
      ConsistencyLevel level,
      WriteKind kind,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    AllOf all = new AllOf(mutations.size(), answer);
    for (TableMutation mutation : mutations) {
      write(mutation.table(), mutation.mutation(), level, kind, deadlineNanos, all);
    }
  }

  /** Answers when all have succeeded or the first has failed. */
  private static final class AllOf implements Answer<@Nullable Void> {
    private final Answer<@Nullable Void> answer;
    private int open;

    AllOf(int count, Answer<@Nullable Void> answer) {
      this.open = count;
      this.answer = answer;
    }

    @Override
    public void succeeded(@Nullable Void nothing) {
      if (--open == 0) {
        answer.succeeded(null);
      }
    }

    @Override
    public void failed(RequestFailure failure) {
      if (open > 0) {
        open = -1;
        answer.failed(failure);
      }
    }
  }

  /**
   * Sends a mutation of a batch that was left behind; replicas that are down get hints.
   *
   * @param epoch under which it was planned at first
   */
  public void replay(byte[] bytes, long epoch, long deadlineNanos, Answer<@Nullable Void> answer) {
    Mutation mutation = Mutation.of(bytes);
    Replanning.<@Nullable Void>start(
        ring,
        internode,
        deadlineNanos,
        answer,
        (metadata, planned) -> {
          TableMetadata table = metadata.table(mutation.tableId());
          if (table == null || epoch < metadata.truncatedAt(table)) {
            planned.succeeded(null); // dropped or truncated meanwhile, and its rows with it
            return;
          }
          start(
              metadata,
              table,
              mutation,
              ConsistencyLevel.ANY,
              WriteKind.BATCH,
              deadlineNanos,
              planned);
        });
  }

  @Override
  public boolean answersAlone(TableMetadata table, long token, ConsistencyLevel level) {
    return RequestQuorum.isOfReader(
        ring.metadata(), table.keyspace(), token, level, hostId, datacenter);
  }

  @Override
  public void read(
      PartitionRead read, ConsistencyLevel level, long deadlineNanos, Answer<ReadResult> answer) {
    OwnRead own = answersAlone(read.table(), read.token(), level) ? new OwnRead() : null;
    if (own != null) {
      readLocally(read, own);
      ReadResult result = own.result();
      if (result != null) {
        answer.succeeded(result);
        return;
      }
    }
    Replanning.start(
        ring,
        internode,
        deadlineNanos,
        answer,
        (metadata, planned) ->
            ReadCoordination.start(
                this,
                read,
                RequestQuorum.ofRead(
                    metadata, read.table().keyspace(), read.token(), level, datacenter),
                own,
                deadlineNanos,
                planned));
  }

  @Override
  public void readRange(
      RangeRead read, ConsistencyLevel level, long deadlineNanos, Answer<RangeRows> answer) {
    Replanning.start(
        ring,
        internode,
        deadlineNanos,
        answer,
        (metadata, planned) ->
            RangeCoordination.start(this, metadata, read, level, deadlineNanos, planned));
  }

  /**
   * The metadata say at which epoch a table was truncated last. A node removes its rows before it
   * adopts that epoch, and takes nothing from then on that was planned before: no write on its way,
   * no repair, no hint, no page that a new owner fetched. So when all nodes have adopted it, the
   * rows are gone for good; those that have not will do so, also when this request fails.
   */
  @Override
  public void truncate(TableMetadata table, long deadlineNanos, Answer<@Nullable Void> answer) {
    if (!ring.metadata().features().contains(Feature.TRUNCATIONS)) {
      answer.failed(notTruncated("not all nodes know how; upgrade them first"));
      return;
    }
    List<NodeInfo> nodes = holders();
    int alive = (int) nodes.stream().filter(this::isAlive).count();
    if (alive < nodes.size()) {
      answer.failed(new RequestFailure.Unavailable(ConsistencyLevel.ALL, nodes.size(), alive));
      return;
    }
    ring.change(
        new MetadataChange.TruncateTable(table.id()),
        deadlineNanos,
        new Answer<>() {
          @Override
          public void succeeded(ChangeOutcome outcome) {
            switch (outcome) {
              case ChangeOutcome.Applied applied -> awaitTruncation(deadlineNanos, answer);
              case ChangeOutcome.Invalid invalid -> answer.failed(notTruncated(invalid.message()));
              case ChangeOutcome other -> answer.failed(notTruncated("it is not there any more"));
            }
          }

          @Override
          public void failed(RequestFailure failure) {
            answer.failed(failure);
          }
        });
  }

  /** All nodes that have rows, or are about to. */
  private List<NodeInfo> holders() {
    return ring.metadata().members().stream().filter(node -> !node.isWitness()).toList();
  }

  private static RequestFailure notTruncated(String why) {
    return new RequestFailure.TruncateFailed("Error during truncate: " + why);
  }

  private void awaitTruncation(long deadlineNanos, Answer<@Nullable Void> answer) {
    List<NodeInfo> nodes = holders();
    Adoption adoption = new Adoption(nodes.size(), answer);
    internode.timeouts().enter(adoption, deadlineNanos);
    for (NodeInfo node : nodes) {
      if (isLocal(node)) {
        ring.whenRemembered(adoption::adopted);
      } else {
        internode.send(
            node.internode(),
            internode.request(Verb.ADOPTED, 0, new Adopted(node, adoption), deadlineNanos));
      }
    }
  }

  /** Answers when every node has adopted the metadata. Belongs to the shard that asked. */
  private static final class Adoption extends TimeoutWheel.Entry {
    private final Answer<@Nullable Void> answer;
    private int open;

    Adoption(int nodes, Answer<@Nullable Void> answer) {
      this.open = nodes;
      this.answer = answer;
    }

    void adopted() {
      if (--open == 0) {
        leaveWheel();
        answer.succeeded(null);
      }
    }

    void failed(String why) {
      if (open > 0) {
        open = -1;
        leaveWheel();
        answer.failed(notTruncated(why));
      }
    }

    @Override
    void timedOut() {
      failed("this node's part of it takes too long");
    }
  }

  private static final class Adopted extends Internode.Pending {
    private final NodeInfo node;
    private final Adoption adoption;

    Adopted(NodeInfo node, Adoption adoption) {
      this.node = node;
      this.adoption = adoption;
    }

    @Override
    void responded(Status status, ByteBuf payload) {
      if (status == Status.OK) {
        adoption.adopted();
      } else {
        adoption.failed(node.internode() + ": " + Internode.text(payload));
      }
    }

    @Override
    void expired() {
      adoption.failed(node.internode() + " did not answer in time");
    }
  }

  @Override
  public void change(MetadataChange change, long deadlineNanos, Answer<ChangeOutcome> answer) {
    ring.change(change, deadlineNanos, answer);
  }

  @Override
  public boolean isAlive(UUID node) {
    return node.equals(hostId) || liveness.test(node);
  }

  @Override
  public UUID localHostId() {
    return hostId;
  }

  @Override
  public void onMetadata(Consumer<ClusterMetadata> onNewer) {
    ring.onMetadata(onNewer);
  }

  /** Reads whose replicas differed, since the start. */
  public long digestMismatches() {
    return mismatches.sum();
  }

  /** Mutations sent to replicas that lacked something, since the start. */
  public long readRepairs() {
    return repairs.sum();
  }

  @Override
  public String localDatacenter() {
    return datacenter;
  }

  @Override
  public boolean isLocal(NodeInfo replica) {
    return replica.hostId().equals(hostId);
  }

  @Override
  public boolean isAlive(NodeInfo replica) {
    return isAlive(replica.hostId());
  }

  @Override
  public Internode internode() {
    return internode;
  }

  @Override
  public long nowNanos() {
    return clock.nanos();
  }

  @Override
  public long speculateAfterNanos() {
    return SPECULATE_AFTER_NANOS;
  }

  @Override
  public void applyLocally(Mutation mutation, long epoch, LocalAnswer<@Nullable Void> answer) {
    local.apply(mutation, epoch, answer);
  }

  @Override
  public void hint(NodeInfo replica, Mutation mutation, long epoch, @Nullable Runnable stored) {
    HintedMutation hint = new HintedMutation(epoch, mutation);
    hints.keep(replica.hostId(), hint.encode(ring.metadata()), stored);
  }

  @Override
  public boolean isStale(long epoch) {
    return epoch < ring.metadata().ownershipEpoch();
  }

  @Override
  public void readLocally(PartitionRead read, LocalAnswer<ReadResult> answer) {
    local.read(read.table().id(), read.token(), read.key(), read.limits(), answer);
  }

  @Override
  public void readRangeLocally(RangeRead read, LocalAnswer<RangeRows> answer) {
    local.readRange(
        read.table().id(), read.from(), read.lastToken(), read.limits(), read.rowLimit(), answer);
  }

  @Override
  public void repair(
      NodeInfo replica,
      PartitionRead read,
      byte[] missing,
      long epoch,
      long deadlineNanos,
      LocalAnswer<@Nullable Void> answer) {
    repairs.increment();
    Mutation mutation = Mutation.of(read.table().id(), read.token(), read.key(), missing);
    if (isLocal(replica)) {
      if (isStale(epoch)) {
        answer.refused(STALE);
      } else {
        local.apply(mutation, epoch, answer);
      }
      return;
    }
    byte[] bytes = mutation.bytes();
    internode.send(
        replica.internode(),
        internode
            .request(Verb.MUTATION, bytes.length, new RepairResponse(answer), deadlineNanos, epoch)
            .writeBytes(bytes));
  }

  private static final class RepairResponse extends Internode.Pending {
    private final LocalAnswer<@Nullable Void> answer;

    RepairResponse(LocalAnswer<@Nullable Void> answer) {
      this.answer = answer;
    }

    @Override
    void responded(Status status, ByteBuf payload) {
      if (status == Status.OK) {
        answer.done(null);
      } else {
        answer.refused(Internode.text(payload));
      }
    }

    @Override
    void expired() {
      answer.refused("no answer in time");
    }
  }

  @Override
  public void sawMismatch() {
    mismatches.increment();
  }
}
