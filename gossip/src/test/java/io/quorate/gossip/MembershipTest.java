package io.quorate.gossip;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Messaging;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** If this fails, requests go to dead nodes, or healthy nodes are taken out of service. */
class MembershipTest {
  private static final long MILLI = 1_000_000L;
  private static final long SECOND = 1_000 * MILLI;
  private static final int PORT = 7000;

  /** A machine and the node on it. */
  private static final class Node implements Membership.Listener {
    final SimulatedHost host;
    final UUID id;
    final Endpoint endpoint;
    final List<String> story = new ArrayList<>();
    Membership membership;
    long generation = 100;

    Node(SimulatedWorld world, int number) {
      this.host = world.addHost("n" + number, 1);
      this.id = new UUID(0, number);
      this.endpoint = new Endpoint("n" + number, PORT);
      this.membership = boot(id);
    }

    Membership boot(UUID hostId) {
      Environment environment = host.boot();
      Messaging messaging = environment.messaging();
      Membership started =
          new Membership(
              environment,
              environment.shards().get(0),
              GossipConfig.DEFAULT,
              new Member(
                  hostId,
                  endpoint,
                  new Endpoint(host.name(), 9042),
                  "datacenter1",
                  "rack1",
                  "1.0",
                  0,
                  0,
                  Member.Status.RUNNING),
              ++generation,
              (to, bytes) -> messaging.send(to, Unpooled.wrappedBuffer(bytes)),
              this);
      try {
        messaging.start(
            new Messaging.Identity("test", endpoint, endpoint),
            (from, bytes) -> started.receive(from, ByteBufUtil.getBytes(bytes)));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      started.start(List.of(new Endpoint("n1", PORT), new Endpoint("n2", PORT)));
      membership = started;
      return started;
    }

    void reboot() {
      boot(id);
    }

    boolean sees(Node other) {
      return membership.isAlive(other.id);
    }

    @Override
    public void onAlive(Member member) {
      story.add("up " + member.endpoint().host());
    }

    @Override
    public void onDown(Member member) {
      story.add("down " + member.endpoint().host());
    }

    @Override
    public void onChange(Member member) {
      story.add("change " + member.endpoint().host());
    }
  }

  private static Map<Integer, Node> cluster(SimulatedWorld world, int count) {
    Map<Integer, Node> nodes = new LinkedHashMap<>();
    for (int i = 1; i <= count; i++) {
      nodes.put(i, new Node(world, i));
    }
    boolean met = world.runUntil(() -> allSeeAll(nodes), 5 * SECOND);
    assertThat(met).as("seed " + world.seed() + ": " + count + " nodes meet").isTrue();
    return nodes;
  }

  private static Node node(Map<Integer, Node> nodes, int number) {
    Node node = nodes.get(number);
    if (node == null) {
      throw new IllegalArgumentException("no node " + number);
    }
    return node;
  }

  private static boolean allSeeAll(Map<Integer, Node> nodes) {
    return nodes.values().stream().allMatch(a -> nodes.values().stream().allMatch(a::sees));
  }

  private static boolean othersSeeDown(Map<Integer, Node> nodes, Node dead) {
    return nodes.values().stream().allMatch(a -> a.equals(dead) || !a.sees(dead));
  }

  private static void forgetStories(Map<Integer, Node> nodes) {
    nodes.values().forEach(node -> node.story.clear());
  }

  private static void assertQuiet(Map<Integer, Node> nodes, long seed) {
    nodes.forEach(
        (number, node) -> assertThat(node.story).as("seed " + seed + " n" + number).isEmpty());
  }

  @Test
  void nodesMeetWithinTwoSecondsAndNobodyIsSuspected() {
    for (int count : new int[] {2, 3, 5, 9}) {
      SimulatedWorld world = new SimulatedWorld(count);
      world.links().unreliable(0.05, 0.02, 0.02);
      Map<Integer, Node> nodes = cluster(world, count);
      assertThat(world.nowNanos()).isLessThan(2 * SECOND);
      forgetStories(nodes);
      world.runFor(120 * SECOND);
      assertQuiet(nodes, world.seed());
      assertThat(node(nodes, 1).membership.members()).hasSize(count);
    }
  }

  @Test
  void aKilledNodeIsDownInSecondsAndUpSoonAfterItsRestart() {
    for (long seed = 1; seed <= 20; seed++) {
      SimulatedWorld world = new SimulatedWorld(seed);
      Map<Integer, Node> nodes = cluster(world, seed % 2 == 0 ? 3 : 9);
      world.runFor(20 * SECOND);
      Node victim = node(nodes, 3);
      victim.host.kill();
      long killed = world.nowNanos();
      assertThat(world.runUntil(() -> othersSeeDown(nodes, victim), 20 * SECOND)).isTrue();
      long detection = world.nowNanos() - killed;
      assertThat(detection).as("seed " + seed).isBetween(SECOND, 5 * SECOND);

      world.runFor(10 * SECOND);
      victim.reboot();
      long restarted = world.nowNanos();
      assertThat(world.runUntil(() -> allSeeAll(nodes), 20 * SECOND)).isTrue();
      assertThat(world.nowNanos() - restarted).as("seed " + seed).isLessThan(2 * SECOND);
      assertThat(node(nodes, 1).story).endsWith("down n3", "up n3");
    }
  }

  @Test
  void ofTwoNodesTheSurvivorDecidesAlone() {
    SimulatedWorld world = new SimulatedWorld(5);
    Map<Integer, Node> nodes = cluster(world, 2);
    world.runFor(10 * SECOND);
    node(nodes, 2).host.kill();

    assertThat(world.runUntil(() -> othersSeeDown(nodes, node(nodes, 2)), 5 * SECOND)).isTrue();
  }

  @Test
  void aRestartTooQuickToBeNoticedIsStillTold() {
    SimulatedWorld world = new SimulatedWorld(6);
    Map<Integer, Node> nodes = cluster(world, 3);
    world.runFor(10 * SECOND);
    forgetStories(nodes);
    node(nodes, 3).host.kill();
    node(nodes, 3).reboot();
    world.runFor(2 * SECOND);

    assertThat(node(nodes, 1).story).containsExactly("down n3", "up n3");
  }

  @Test
  void aOneWayCutDoesNotFlap() {
    for (long seed = 1; seed <= 5; seed++) {
      SimulatedWorld world = new SimulatedWorld(seed);
      Map<Integer, Node> nodes = cluster(world, 3);
      world.runFor(20 * SECOND);
      forgetStories(nodes);
      world.links().cutOneWay("n2", "n3");
      world.runFor(60 * SECOND);
      world.links().heal();
      world.runFor(20 * SECOND);
      assertQuiet(nodes, seed);
    }
  }

  @Test
  void aNodeThatWasStoppedBlamesNobody() {
    SimulatedWorld world = new SimulatedWorld(8);
    Map<Integer, Node> nodes = cluster(world, 5);
    // A probe's answer comes too late to help.
    world.links().latency(400 * MILLI, 450 * MILLI);
    world.runFor(20 * SECOND);
    forgetStories(nodes);
    // The whole machine stands still: nothing that was sent to it waits for it either.
    node(nodes, 4).host.pause(10 * SECOND);
    world.links().partition(List.of("n4"), List.of("n1", "n2", "n3", "n5"));
    world.runFor(10 * SECOND - MILLI);
    world.links().heal();
    world.runFor(20 * SECOND);

    assertThat(node(nodes, 4).story).isEmpty();
    assertThat(node(nodes, 1).story).containsExactly("down n4", "up n4");
    assertThat(allSeeAll(nodes)).isTrue();
  }

  /** Long enough to be suspected; the probe's answer clears it. */
  @Test
  void aShortStopIsNotTakenForDeath() {
    for (long seed = 1; seed <= 10; seed++) {
      SimulatedWorld world = new SimulatedWorld(seed);
      Map<Integer, Node> nodes = cluster(world, 3);
      world.runFor(20 * SECOND);
      forgetStories(nodes);
      node(nodes, 2).host.pause(1_900 * MILLI);
      world.runFor(20 * SECOND);
      assertQuiet(nodes, seed);
    }
  }

  @Test
  void aGoodbyeIsHeardAtOnce() {
    SimulatedWorld world = new SimulatedWorld(9);
    Map<Integer, Node> nodes = cluster(world, 5);
    world.runFor(5 * SECOND);
    Node leaving = node(nodes, 2);
    leaving.membership.stop();
    world.runFor(50 * MILLI);

    assertThat(othersSeeDown(nodes, leaving)).isTrue();
    world.runFor(30 * SECOND);
    assertThat(othersSeeDown(nodes, leaving)).isTrue();
    leaving.host.kill();
    leaving.reboot();
    assertThat(world.runUntil(() -> allSeeAll(nodes), 2 * SECOND)).isTrue();
  }

  @Test
  void aNodeThatStartsDoesNotTakeADeadOneForAlive() {
    SimulatedWorld world = new SimulatedWorld(10);
    Map<Integer, Node> nodes = cluster(world, 4);
    world.runFor(10 * SECOND);
    node(nodes, 4).host.kill();
    world.runFor(20 * SECOND);
    node(nodes, 3).host.kill();
    node(nodes, 3).story.clear();
    node(nodes, 3).reboot();
    world.runFor(20 * SECOND);

    assertThat(node(nodes, 3).story).doesNotContain("up n4");
    assertThat(node(nodes, 3).membership.members()).hasSize(4);
  }

  @Test
  void whatANodeSaysOfItselfReachesEveryone() {
    SimulatedWorld world = new SimulatedWorld(11);
    Map<Integer, Node> nodes = cluster(world, 9);
    node(nodes, 7).membership.updateSelf(self -> self.withLoadBytes(123).withMetadataEpoch(9));
    world.runFor(5 * SECOND);

    for (Node node : nodes.values()) {
      assertThat(node.membership.members())
          .filteredOn(member -> member.hostId().equals(new UUID(0, 7)))
          .allMatch(member -> member.loadBytes() == 123 && member.metadataEpoch() == 9)
          .hasSize(1);
    }
    assertThat(node(nodes, 1).story).contains("change n7");
  }

  @Test
  void aNewNodeAtAnAddressReplacesTheOldOne() {
    SimulatedWorld world = new SimulatedWorld(12);
    Map<Integer, Node> nodes = cluster(world, 3);
    world.runFor(10 * SECOND);
    Node wiped = node(nodes, 3);
    wiped.host.kill();
    wiped.boot(new UUID(9, 9));
    world.runFor(2 * SECOND);

    Membership seen = node(nodes, 1).membership;
    assertThat(seen.isAlive(new UUID(9, 9))).isTrue();
    assertThat(seen.isAlive(wiped.id)).isFalse();
    world.runFor(20 * SECOND);
    assertThat(seen.isAlive(wiped.id)).isFalse();
    seen.forget(wiped.id);
    world.runFor(20 * SECOND);
    assertThat(seen.members()).extracting(Member::hostId).doesNotContain(wiped.id);
  }

  @Test
  void aNodeWhoseClockWentBackIsHeardAgain() {
    SimulatedWorld world = new SimulatedWorld(13);
    Map<Integer, Node> nodes = cluster(world, 3);
    world.runFor(10 * SECOND);
    Node node = node(nodes, 2);
    node.host.kill();
    world.runFor(10 * SECOND);
    node.generation = 5;
    node.reboot();
    world.runFor(10 * SECOND);

    assertThat(allSeeAll(nodes)).isTrue();
  }

  /** Whatever happened: once all is well again, everyone sees everyone, and goes on doing so. */
  @Test
  void afterAnyFaultsTheClusterComesTogetherAgain() {
    for (long seed = 1; seed <= 20; seed++) {
      SimulatedWorld world = new SimulatedWorld(seed);
      world.links().unreliable(0.1, 0.05, 0.05);
      Map<Integer, Node> nodes = cluster(world, 5);
      for (int round = 0; round < 40; round++) {
        disturb(world, nodes);
        world.runFor(world.random().nextLong(3 * SECOND));
      }
      world.links().heal();
      nodes.values().stream().filter(node -> !node.host.isUp()).forEach(Node::reboot);
      assertThat(world.runUntil(() -> allSeeAll(nodes), 20 * SECOND)).as("seed " + seed).isTrue();
      world.runFor(10 * SECOND);
      forgetStories(nodes);
      world.runFor(60 * SECOND);
      assertQuiet(nodes, seed);
      assertThat(node(nodes, 1).membership.members()).as("seed " + seed).hasSize(5);
    }
  }

  private static void disturb(SimulatedWorld world, Map<Integer, Node> nodes) {
    Node node = node(nodes, 1 + world.random().nextInt(nodes.size()));
    Node other = node(nodes, 1 + world.random().nextInt(nodes.size()));
    switch (world.random().nextInt(7)) {
      case 0 -> node.host.kill();
      case 1 -> node.host.pause(world.random().nextLong(12 * SECOND));
      case 2 -> world.links().cutOneWay(node.host.name(), other.host.name());
      case 3 -> world.links().cut(node.host.name(), other.host.name());
      case 4 -> world.links().heal();
      case 5 -> node.membership.updateSelf(self -> self.withLoadBytes(self.loadBytes() + 1));
      default -> {
        if (!node.host.isUp()) {
          node.generation -= world.random().nextInt(3); // sometimes no later than before
          node.reboot();
        }
      }
    }
  }

  @Test
  void garbageIsDropped() {
    SimulatedWorld world = new SimulatedWorld(14);
    Map<Integer, Node> nodes = cluster(world, 3);
    forgetStories(nodes);
    node(nodes, 1).membership.receive(new Endpoint("n2", PORT), new byte[] {1, 2, 3});
    world.runFor(5 * SECOND);

    assertQuiet(nodes, world.seed());
    assertThat(node(nodes, 1).membership.reports()).hasSize(3).allMatch(report -> report.phi() < 8);
  }

  @Test
  void oneSeedGivesOneTrace() {
    assertThat(trace()).isEqualTo(trace());
  }

  private static long trace() {
    SimulatedWorld world = new SimulatedWorld(15);
    world.links().unreliable(0.1, 0.1, 0.1);
    Map<Integer, Node> nodes = cluster(world, 5);
    node(nodes, 3).host.kill();
    world.runFor(20 * SECOND);
    return world.traceHash();
  }
}
