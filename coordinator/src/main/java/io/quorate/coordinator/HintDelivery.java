package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.environment.Clock;
import io.quorate.sstable.Mutation;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends a kept mutation to the replica that it is for, as an ordinary write. When the row is no
 * longer that node's, or the node no longer of the cluster, it goes to those who own the row now: a
 * write at ANY may stand in its hint only. Called on a shard.
 */
public final class HintDelivery {
  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final UUID hostId;
  private final Clock clock;
  private final MetadataRing ring;
  private final Internode internode;
  private final LocalReplica local;

  public HintDelivery(
      UUID hostId, Clock clock, MetadataRing ring, Internode internode, LocalReplica local) {
    this.hostId = hostId;
    this.clock = clock;
    this.ring = ring;
    this.internode = internode;
    this.local = local;
  }

  /**
   * @param acknowledged told whether the hint need not be kept any more
   */
  public void send(UUID target, byte[] mutation, Consumer<Boolean> acknowledged) {
    ClusterMetadata metadata = ring.metadata();
    NodeInfo node = metadata.member(target);
    if (node != null) {
      send(
          node,
          mutation,
          status -> {
            if (status == Status.NOT_OWNER) {
              sendToOwners(mutation, acknowledged);
            } else {
              acknowledged.accept(status == Status.OK);
            }
          });
    } else if (metadata.isRemoved(target)) {
      sendToOwners(mutation, acknowledged);
    } else {
      acknowledged.accept(false);
    }
  }

  private void send(NodeInfo node, byte[] mutation, Consumer<Status> answered) {
    internode.send(
        node.internode(),
        internode
            .request(
                Verb.MUTATION,
                mutation.length,
                new Delivered(answered),
                clock.nanos() + TIMEOUT_NANOS)
            .writeBytes(mutation));
  }

  private void sendToOwners(byte[] bytes, Consumer<Boolean> acknowledged) {
    ClusterMetadata metadata = ring.metadata();
    Mutation mutation = Mutation.of(bytes);
    TableMetadata table = metadata.table(mutation.tableId());
    if (table == null) {
      acknowledged.accept(true); // dropped meanwhile, and its rows with it
      return;
    }
    List<NodeInfo> owners = new ArrayList<>(metadata.replicas(table.keyspace(), mutation.token()));
    owners.addAll(metadata.otherReplicas(table.keyspace(), mutation.token()));
    AnyOf any = new AnyOf(owners.size(), acknowledged);
    for (NodeInfo owner : owners) {
      if (owner.hostId().equals(hostId)) {
        local.apply(mutation, any);
      } else {
        send(owner, bytes, any::answered);
      }
    }
  }

  /** Acknowledges when one owner has it, or when all have answered and none has. */
  private static final class AnyOf implements LocalAnswer<@Nullable Void> {
    private final Consumer<Boolean> acknowledged;
    private int open;

    AnyOf(int count, Consumer<Boolean> acknowledged) {
      this.open = count;
      this.acknowledged = acknowledged;
      if (count == 0) {
        acknowledged.accept(false);
      }
    }

    void answered(Status status) {
      if (open > 0) {
        open = status == Status.OK ? 0 : open - 1;
        if (open == 0) {
          acknowledged.accept(status == Status.OK);
        }
      }
    }

    @Override
    public void done(@Nullable Void nothing) {
      answered(Status.OK);
    }

    @Override
    public void refused(String why) {
      answered(Status.FAILED);
    }
  }

  private static final class Delivered extends Internode.Pending {
    private final Consumer<Status> answered;

    Delivered(Consumer<Status> answered) {
      this.answered = answered;
    }

    @Override
    void responded(Status status, ByteBuf payload) {
      answered.accept(status);
    }

    @Override
    void expired() {
      answered.accept(Status.FAILED);
    }
  }
}
