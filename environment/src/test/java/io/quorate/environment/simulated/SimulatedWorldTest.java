package io.quorate.environment.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Messaging.Identity;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A world that does not repeat itself from a seed cannot replay the failure that it found. */
class SimulatedWorldTest {
  private static final Endpoint A = new Endpoint("a", 7000);
  private static final Endpoint B = new Endpoint("b", 7000);

  @Test
  void theSameSeedTakesTheSameSteps() throws IOException {
    assertThat(pingPong(7).traceHash()).isEqualTo(pingPong(7).traceHash());
    assertThat(pingPong(7).traceHash()).isNotEqualTo(pingPong(8).traceHash());
  }

  private static SimulatedWorld pingPong(long seed) throws IOException {
    SimulatedWorld world = new SimulatedWorld(seed);
    Environment a = world.addHost("a", 2).boot();
    Environment b = world.addHost("b", 2).boot();
    world.links().unreliable(0.05, 0.05, 0.05);
    a.messaging().start(new Identity("c", A, A), (from, m) -> a.messaging().send(from, m.retain()));
    b.messaging().start(new Identity("c", B, B), (from, m) -> b.messaging().send(from, m.retain()));
    for (int i = 0; i < 10; i++) {
      a.shards()
          .get(i % 2)
          .execute(() -> a.messaging().send(B, Unpooled.wrappedBuffer(new byte[] {1})));
    }
    world.runFor(50_000_000);
    return world;
  }

  @Test
  void aOneWayCutStopsOneDirection() throws IOException {
    SimulatedWorld world = new SimulatedWorld(1);
    Environment a = world.addHost("a", 1).boot();
    Environment b = world.addHost("b", 1).boot();
    List<String> arrived = new ArrayList<>();
    a.messaging().start(new Identity("c", A, A), (from, m) -> arrived.add("at a"));
    b.messaging().start(new Identity("c", B, B), (from, m) -> arrived.add("at b"));
    world.links().cutOneWay("a", "b");
    a.shards().get(0).execute(() -> a.messaging().send(B, Unpooled.buffer(1).writeByte(1)));
    b.shards().get(0).execute(() -> b.messaging().send(A, Unpooled.buffer(1).writeByte(1)));
    world.runFor(10_000_000);
    assertThat(arrived).containsExactly("at a");
  }

  @Test
  void aCrashEndsEveryTaskAndTimerOfTheHost() {
    SimulatedWorld world = new SimulatedWorld(1);
    SimulatedHost host = world.addHost("a", 1);
    Environment before = host.boot();
    List<String> ran = new ArrayList<>();
    before.shards().get(0).schedule(1_000_000, () -> ran.add("timer"));
    before.background().serial("work").execute(() -> ran.add("work"));
    host.crash();
    Environment after = host.boot();
    after.shards().get(0).execute(() -> ran.add("new life"));
    world.runFor(10_000_000);
    assertThat(ran).containsExactly("new life");
  }

  @Test
  void aTaskThatThrowsFailsTheSimulationWithItsSeed() {
    SimulatedWorld world = new SimulatedWorld(42);
    Environment a = world.addHost("a", 1).boot();
    a.shards()
        .get(0)
        .execute(() -> {
          throw new IllegalStateException("a bug");
        });
    assertThatThrownBy(() -> world.runFor(1_000_000))
        .hasMessageContaining("seed 42")
        .hasMessageContaining("a bug");
  }
}
