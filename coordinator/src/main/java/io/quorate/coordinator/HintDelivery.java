package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.environment.Clock;
import io.quorate.sstable.Mutation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Sends a kept mutation to the replica that it is for, as an ordinary write. When the row is no
 * longer that node's, or the node no longer of the cluster, it goes to those who own the row now: a
 * write at ANY may stand in its hint only. When this node goes for good, what it kept for a node
 * that is down is handed to a replica of the row, which keeps it from then on. Called on a shard.
 *
 * <pre>
 *   HINT := host id of the target, 16 bytes | mutation
 * </pre>
 */
public final class HintDelivery {
  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final UUID hostId;
  private final Clock clock;
  private final MetadataRing ring;
  private final Internode internode;
  private final LocalReplica local;
  private final Predicate<UUID> alive;

  /** Whether this node goes for good. Owned by the shard that delivers. */
  private boolean handsOn;

  /** Who did not take a hint since: nobody waits for them again. Owned by that shard. */
  private final Set<UUID> silent = new TreeSet<>();

  /**
   * @param alive whether a node is thought to answer
   */
  public HintDelivery(
      UUID hostId,
      Clock clock,
      MetadataRing ring,
      Internode internode,
      LocalReplica local,
      Predicate<UUID> alive) {
    this.alive = alive;
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
    if (node != null && handsOn && (silent.contains(target) || !alive.test(target))) {
      handOn(target, mutation, acknowledged);
    } else if (node != null) {
      send(
          node,
          mutation,
          status -> {
            if (status == Status.NOT_OWNER) {
              sendToOwners(mutation, acknowledged);
            } else if (status != Status.OK && handsOn) {
              silent.add(target);
              handOn(target, mutation, acknowledged);
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
        node.internode(), request(Verb.MUTATION, mutation.length, answered).writeBytes(mutation));
  }

  private ByteBuf request(Verb verb, int sizeBytes, Consumer<Status> answered) {
    return internode.request(
        verb, sizeBytes, new Delivered(answered), clock.nanos() + TIMEOUT_NANOS);
  }

  /** Takes in what nodes hand on that leave. Before the messaging starts only. */
  public static void takeOver(Internode internode, Hints hints) {
    internode.onRequest(
        Verb.HINT,
        (from, epoch, deadline, payload, reply) -> {
          if (payload.readableBytes() < 16) {
            reply.failed("a hint without a target");
            return;
          }
          UUID target = new UUID(payload.readLong(), payload.readLong());
          byte[] mutation = new byte[payload.readableBytes()];
          payload.readBytes(mutation);
          hints.keep(target, mutation, reply::ok);
        });
  }

  /** From now on what cannot be delivered is handed to somebody else. */
  public void handOn() {
    handsOn = true;
  }

  /** Where nobody takes hints on, at least one owner gets the write. */
  private void handOn(UUID target, byte[] mutation, Consumer<Boolean> acknowledged) {
    List<NodeInfo> owners = owners(mutation);
    NodeInfo keeper =
        owners == null || !ring.metadata().features().contains(Feature.HINT_HANDOVER)
            ? null
            : owners.stream()
                .filter(owner -> !owner.hostId().equals(hostId))
                .filter(owner -> !owner.hostId().equals(target) && alive.test(owner.hostId()))
                .findFirst()
                .orElse(null);
    if (keeper == null) {
      sendToOwners(mutation, acknowledged);
      return;
    }
    internode.send(
        keeper.internode(),
        request(Verb.HINT, 16 + mutation.length, status -> acknowledged.accept(status == Status.OK))
            .writeLong(target.getMostSignificantBits())
            .writeLong(target.getLeastSignificantBits())
            .writeBytes(mutation));
  }

  /** Who owns a row before and after; null when its table is gone. */
  private @Nullable List<NodeInfo> owners(byte[] bytes) {
    ClusterMetadata metadata = ring.metadata();
    Mutation mutation = Mutation.of(bytes);
    TableMetadata table = metadata.table(mutation.tableId());
    if (table == null) {
      return null;
    }
    List<NodeInfo> owners = new ArrayList<>(metadata.replicas(table.keyspace(), mutation.token()));
    owners.addAll(metadata.otherReplicas(table.keyspace(), mutation.token()));
    return owners;
  }

  private void sendToOwners(byte[] bytes, Consumer<Boolean> acknowledged) {
    List<NodeInfo> owners = owners(bytes);
    if (owners == null) {
      acknowledged.accept(true); // dropped meanwhile, and its rows with it
      return;
    }
    Mutation mutation = Mutation.of(bytes);
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
