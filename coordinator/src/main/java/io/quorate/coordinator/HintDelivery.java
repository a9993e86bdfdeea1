package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.environment.Clock;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Sends a kept mutation to the replica that it is for, as an ordinary write. Called on a shard. A
 * mutation for a node that is no longer of the cluster, or for a row that is no longer its own, is
 * refused there and taken for delivered: repair has it from the new owners.
 */
public final class HintDelivery {
  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Clock clock;
  private final MetadataRing ring;
  private final Internode internode;

  public HintDelivery(Clock clock, MetadataRing ring, Internode internode) {
    this.clock = clock;
    this.ring = ring;
    this.internode = internode;
  }

  /**
   * @param acknowledged told whether the hint need not be kept any more
   */
  public void send(UUID target, byte[] mutation, Consumer<Boolean> acknowledged) {
    NodeInfo node = ring.metadata().node(target);
    if (node == null) {
      acknowledged.accept(false);
      return;
    }
    internode.send(
        node.internode(),
        internode
            .request(
                Verb.MUTATION,
                mutation.length,
                new Delivered(acknowledged),
                clock.nanos() + TIMEOUT_NANOS)
            .writeBytes(mutation));
  }

  private static final class Delivered extends Internode.Pending {
    private final Consumer<Boolean> acknowledged;

    Delivered(Consumer<Boolean> acknowledged) {
      this.acknowledged = acknowledged;
    }

    @Override
    void responded(Status status, ByteBuf payload) {
      acknowledged.accept(status == Status.OK || status == Status.STALE_EPOCH);
    }

    @Override
    void expired() {
      acknowledged.accept(false);
    }
  }
}
