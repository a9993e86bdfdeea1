package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.environment.Clock;
import io.quorate.sstable.Mutation;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Sends a kept mutation to the replica that it is for, as an ordinary write. While that replica
 * gives the row up, those who get it are sent it too, for they may have fetched the row already;
 * when it has, or is not of the cluster any more, all who own the row now. A write at ANY may stand
 * in its hint only. When this node goes for good, what it kept for a node that is down is handed to
 * a replica of the row, which keeps it from then on. Called on a shard.
 *
 * <pre>
 *   HINT := host id of the target, 16 bytes | hint, see {@link HintedMutation}
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
          byte[] hint = new byte[payload.readableBytes()];
          payload.readBytes(hint);
          hints.keep(target, hint, reply::ok);
        });
  }

  /** From now on what cannot be delivered is handed to somebody else. */
  public void handOn() {
    handsOn = true;
  }

  /**
   * @param acknowledged told whether the hint need not be kept any more
   */
  public void send(UUID target, byte[] bytes, Consumer<Boolean> acknowledged) {
    ClusterMetadata metadata = ring.metadata();
    HintedMutation hint = HintedMutation.decode(bytes);
    Mutation mutation = hint.mutation();
    TableMetadata table = metadata.table(mutation.tableId());
    if (table == null) {
      whenCaughtUp(() -> ring.metadata().table(mutation.tableId()) == null, acknowledged);
      return;
    }
    if (hint.epoch() < metadata.truncatedAt(table)) {
      acknowledged.accept(true);
      return;
    }
    boolean isMember = metadata.member(target) != null;
    if (handsOn && isMember && (silent.contains(target) || !alive.test(target))) {
      handOn(metadata, table, target, hint, acknowledged);
      return;
    }
    List<NodeInfo> takers = takers(metadata, target, table.keyspace(), mutation.token());
    AllOf all =
        new AllOf(
            takers.size(),
            isTaken -> {
              if (!isTaken && handsOn && isMember) {
                silent.add(target);
                handOn(metadata, table, target, hint, acknowledged);
              } else {
                acknowledged.accept(isTaken);
              }
            });
    for (NodeInfo taker : takers) {
      if (taker.hostId().equals(hostId)) {
        local.apply(mutation, metadata.epoch(), all);
      } else {
        ByteBuf request = request(Verb.MUTATION, mutation.sizeBytes(), all, metadata.epoch());
        internode.send(taker.internode(), request.writeBytes(mutation.bytes()));
      }
    }
  }

  private ByteBuf request(Verb verb, int sizeBytes, AllOf all, long epoch) {
    return internode.request(
        verb, sizeBytes, new Delivered(all), clock.nanos() + TIMEOUT_NANOS, epoch);
  }

  /** A node that has just started may not know yet of a table that it had hints of. */
  private void whenCaughtUp(BooleanSupplier isDropped, Consumer<Boolean> acknowledged) {
    ring.catchUp(
        clock.nanos() + TIMEOUT_NANOS,
        failure -> acknowledged.accept(failure == null && isDropped.getAsBoolean()));
  }

  /** Who lacks what the hint of a target says; nobody as long as the target is not known here. */
  private static List<NodeInfo> takers(
      ClusterMetadata metadata, UUID target, String keyspace, long token) {
    if (metadata.member(target) == null && !metadata.isRemoved(target)) {
      return List.of();
    }
    Map<UUID, NodeInfo> reading = byId(metadata.replicas(keyspace, token));
    Map<UUID, NodeInfo> others = byId(metadata.otherReplicas(keyspace, token));
    Map<UUID, NodeInfo> all = new TreeMap<>(reading);
    all.putAll(others);
    NodeInfo owner = all.get(target);
    if (owner == null) {
      return List.copyOf(all.values());
    }
    boolean stays = others.isEmpty() || (reading.containsKey(target) && others.containsKey(target));
    if (stays) {
      return List.of(owner);
    }
    return all.values().stream()
        .filter(node -> !reading.containsKey(node.hostId()) || !others.containsKey(node.hostId()))
        .toList();
  }

  private static Map<UUID, NodeInfo> byId(List<NodeInfo> nodes) {
    Map<UUID, NodeInfo> byId = new TreeMap<>();
    nodes.forEach(node -> byId.put(node.hostId(), node));
    return byId;
  }

  /**
   * Another owner keeps the hint; where hints are not taken over yet, it has the write at least.
   */
  private void handOn(
      ClusterMetadata metadata,
      TableMetadata table,
      UUID target,
      HintedMutation hint,
      Consumer<Boolean> acknowledged) {
    long token = hint.mutation().token();
    Map<UUID, NodeInfo> owners = byId(metadata.replicas(table.keyspace(), token));
    owners.putAll(byId(metadata.otherReplicas(table.keyspace(), token)));
    NodeInfo keeper =
        owners.values().stream()
            .filter(owner -> !owner.hostId().equals(hostId))
            .filter(owner -> !owner.hostId().equals(target) && alive.test(owner.hostId()))
            .findFirst()
            .orElse(null);
    if (keeper == null) {
      acknowledged.accept(false);
      return;
    }
    boolean keepsHints = metadata.features().contains(Feature.HINT_HANDOVER);
    byte[] bytes = keepsHints ? hint.encode(metadata) : hint.mutation().bytes();
    ByteBuf request =
        request(
            keepsHints ? Verb.HINT : Verb.MUTATION,
            16 + bytes.length,
            new AllOf(1, acknowledged),
            metadata.epoch());
    if (keepsHints) {
      request.writeLong(target.getMostSignificantBits());
      request.writeLong(target.getLeastSignificantBits());
    }
    internode.send(keeper.internode(), request.writeBytes(bytes));
  }

  /** Acknowledges when all have it. */
  private static final class AllOf implements LocalAnswer<@Nullable Void> {
    private final Consumer<Boolean> acknowledged;
    private int open;

    AllOf(int count, Consumer<Boolean> acknowledged) {
      this.open = count;
      this.acknowledged = acknowledged;
      if (count == 0) {
        acknowledged.accept(false);
      }
    }

    @Override
    public void done(@Nullable Void nothing) {
      if (--open == 0) {
        acknowledged.accept(true);
      }
    }

    @Override
    public void refused(String why) {
      if (open > 0) {
        open = -1;
        acknowledged.accept(false);
      }
    }
  }

  private static final class Delivered extends Internode.Pending {
    private final AllOf all;

    Delivered(AllOf all) {
      this.all = all;
    }

    @Override
    void responded(Status status, ByteBuf payload) {
      if (status == Status.OK) {
        all.done(null);
      } else {
        all.refused(Internode.text(payload));
      }
    }

    @Override
    void expired() {
      all.refused("no answer in time");
    }
  }
}
