package io.quorate.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Messaging;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.node.Node;
import io.quorate.sstable.Mutation;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Negative controls: a node that is right in itself, made wrong on its way to the others by
 * changing its requests and making up answers (their format is drawn at {@code Internode}).
 */
final class FlawedMessaging implements Messaging {
  private static final int REQUEST = 1;
  private static final int RESPONSE = 2;
  private static final int MUTATION = 1;
  private static final int READ_RANGE = 4;
  private static final int ID_AT = 2;
  private static final int EPOCH_AT = 10;
  private static final int REQUEST_HEADER_BYTES = 22;
  private static final long ANSWER_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  /** What is done wrong. */
  enum Flaw {
    NONE,
    /** A replica takes requests of any epoch, and for rows that are not its own. */
    NO_FENCE,
    /** While ownership changes, a write counts the owners before only. */
    COUNTS_OWNERS_BEFORE,
    /** While ownership changes, a write counts the owners after only. */
    COUNTS_OWNERS_AFTER,
    /** A new owner is told by those that it asks that there is nothing to fetch. */
    FETCHES_NOTHING
  }

  private final Messaging real;
  private final SimulatedCluster cluster;
  private final SimulatedHost host;
  private final Flaw flaw;
  private @Nullable Receiver receiver;

  FlawedMessaging(Messaging real, SimulatedCluster cluster, SimulatedHost host, Flaw flaw) {
    this.real = real;
    this.cluster = cluster;
    this.host = host;
    this.flaw = flaw;
  }

  @Override
  public void start(Identity identity, Receiver nodes) throws IOException {
    receiver = nodes;
    real.start(identity, (from, message) -> receive(nodes, from, message));
  }

  private void receive(Receiver nodes, Endpoint from, ByteBuf message) {
    if (flaw == Flaw.NO_FENCE && message.getByte(0) == REQUEST) {
      ClusterMetadata metadata = metadata();
      if (metadata != null) {
        message.setLong(EPOCH_AT, metadata.epoch());
      }
    }
    nodes.receive(from, message);
  }

  private @Nullable ClusterMetadata metadata() {
    Node node = cluster.process(host);
    return node == null || node.raft() == null ? null : node.coordinator().metadata();
  }

  @Override
  public void send(Endpoint to, ByteBuf message) {
    if (message.getByte(0) == REQUEST) {
      int verb = message.getByte(1);
      if (flaw == Flaw.FETCHES_NOTHING && verb == READ_RANGE) {
        answer(to, message, new byte[5]); // goes no further; no partitions
        message.release();
        return;
      }
      if (verb == MUTATION && !counts(to, message)) {
        answer(to, message, new byte[0]);
      }
    }
    real.send(to, message);
  }

  /** Whether the flawed coordinator waits for this replica of a write. */
  private boolean counts(Endpoint to, ByteBuf message) {
    boolean countsBefore = flaw == Flaw.COUNTS_OWNERS_BEFORE;
    ClusterMetadata metadata = metadata();
    boolean isFlawed = countsBefore || flaw == Flaw.COUNTS_OWNERS_AFTER;
    if (!isFlawed || metadata == null || steps(metadata).size() != 1) {
      return true;
    }
    byte[] bytes = new byte[message.readableBytes() - REQUEST_HEADER_BYTES];
    message.getBytes(REQUEST_HEADER_BYTES, bytes);
    Mutation mutation = Mutation.of(bytes);
    TableMetadata table = metadata.table(mutation.tableId());
    if (table == null) {
      return true;
    }
    List<NodeInfo> reading = metadata.replicas(table.keyspace(), mutation.token());
    List<NodeInfo> others = metadata.otherReplicas(table.keyspace(), mutation.token());
    boolean readsOwnersBefore = steps(metadata).contains(Transition.Step.WRITE_BOTH);
    List<NodeInfo> counted = readsOwnersBefore == countsBefore ? reading : others;
    return others.isEmpty() || counted.stream().anyMatch(node -> node.internode().equals(to));
  }

  /**
   * Where the changes of ownership are. Of two at different steps it is not told whose a row is.
   */
  private static Set<Transition.Step> steps(ClusterMetadata metadata) {
    return metadata.transitions().stream().map(Transition::step).collect(Collectors.toSet());
  }

  /** Makes up a response in the name of {@code from}. */
  private void answer(Endpoint from, ByteBuf request, byte[] payload) {
    long id = request.getLong(ID_AT);
    ByteBuf response =
        Unpooled.buffer()
            .writeByte(RESPONSE)
            .writeByte(0)
            .writeLong(id)
            .writeLong(request.getLong(EPOCH_AT))
            .writeBytes(payload);
    Receiver nodes = receiver;
    if (nodes != null) {
      cluster
          .world()
          .after(
              ANSWER_NANOS,
              () -> {
                if (host.isUp()) {
                  cluster.shard(host, 0).execute(() -> nodes.receive(from, response));
                }
              });
    }
  }

  @Override
  public long dropped() {
    return real.dropped();
  }

  @Override
  public void stop() {
    real.stop();
  }
}
