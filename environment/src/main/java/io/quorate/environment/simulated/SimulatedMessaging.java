package io.quorate.environment.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Messaging;
import io.quorate.environment.Shards;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Messages over {@link SimulatedLinks}. A host's name is its address; its port is not looked at.
 */
final class SimulatedMessaging implements Messaging {
  private final SimulatedHost host;
  private final Shards shards;
  private @Nullable Identity identity;
  private @Nullable Receiver receiver;

  SimulatedMessaging(SimulatedHost host, Shards shards) {
    this.host = host;
    this.shards = shards;
  }

  @Override
  public void start(Identity ownIdentity, Receiver ownReceiver) throws IOException {
    identity = ownIdentity;
    receiver = ownReceiver;
  }

  @Override
  public void send(Endpoint to, ByteBuf message) {
    byte[] bytes = new byte[message.readableBytes()];
    message.readBytes(bytes);
    message.release();
    Identity own = identity;
    if (own == null) {
      return;
    }
    int lane = shards.currentOrFirst().index();
    SimulatedLinks links = host.world().links();
    if (links.loses(host.name(), to.host())) {
      return;
    }
    deliver(own, to, lane, bytes);
    if (links.duplicates()) {
      deliver(own, to, lane, bytes);
    }
  }

  private void deliver(Identity own, Endpoint to, int lane, byte[] bytes) {
    SimulatedWorld world = host.world();
    world.after(
        world.links().latencyNanos(),
        bytes.length,
        () -> {
          SimulatedHost target = world.host(to.host());
          // A cut that came while the message was under way catches it.
          if (target != null && !world.links().isCut(host.name(), to.host())) {
            SimulatedMessaging messaging = target.messaging();
            if (messaging != null) {
              messaging.arrived(own, lane, bytes);
            }
          }
        });
  }

  private void arrived(Identity from, int lane, byte[] bytes) {
    Receiver to = receiver;
    Identity own = identity;
    if (to == null || own == null || !own.cluster().equals(from.cluster())) {
      return;
    }
    shards
        .get(lane % shards.count())
        .execute(() -> to.receive(from.advertised(), Unpooled.wrappedBuffer(bytes)));
  }

  /** What is lost is lost on the way. */
  @Override
  public long dropped() {
    return 0;
  }

  @Override
  public void stop() {
    receiver = null;
    identity = null;
  }
}
