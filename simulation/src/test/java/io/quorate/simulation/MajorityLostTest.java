package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.node.NodeState;
import io.quorate.node.VoterPolicy;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/**
 * Two of three voters of the metadata ring burn down. If this breaks, everything is down because
 * the metadata ring is down; or no table can ever be made again; or the voters were not lost, come
 * back, and there are two clusters.
 */
class MajorityLostTest {
  private final SimulatedWorld world = new SimulatedWorld(5);
  private final SimulatedCluster cluster = new SimulatedCluster(world, 3);
  private final Registers registers = new Registers(cluster, new History());
  private final List<SimulatedHost> lost = new ArrayList<>();

  /** Five nodes, of which three vote. */
  private void start() {
    cluster.choosesVoters(new VoterPolicy(3, 600_000));
    cluster.startAll();
    registers.create(3);
    for (int i = 0; i < 2; i++) {
      SimulatedHost host = cluster.addHost();
      cluster.start(host);
      await("it has joined", () -> cluster.serves(host));
    }
  }

  private void loseTwoVoters() {
    lost.addAll(cluster.hosts().subList(0, 2));
    lost.forEach(SimulatedHost::crash);
  }

  private SimulatedHost survivor() {
    return cluster.hosts().get(3);
  }

  private void await(String what, BooleanSupplier condition) {
    assertThat(world.runUntil(condition, TimeUnit.SECONDS.toNanos(120))).as(what).isTrue();
  }

  private String recoverAt(SimulatedHost host) {
    List<String> heard = new ArrayList<>();
    cluster
        .shard(host, 0)
        .execute(() ->
            cluster
                .node(host)
                .recoverMetadata(refusal -> heard.add(refusal == null ? "done" : refusal)));
    await("an answer", () -> !heard.isEmpty());
    return heard.getFirst();
  }

  private Outcome change(SimulatedHost at, MetadataChange change) {
    List<Outcome> heard = new ArrayList<>();
    registers.attempt(at, change, heard::add);
    await("an answer", () -> !heard.isEmpty());
    return heard.getFirst();
  }

  private static MetadataChange anything() {
    return new MetadataChange.DropKeyspace("not there", true);
  }

  private Outcome write(SimulatedHost at, int register, ConsistencyLevel level) {
    List<Outcome> heard = new ArrayList<>();
    registers.write(0, at, register, 1, level, operation -> heard.add(operation.outcome()));
    await("an answer", () -> !heard.isEmpty());
    return heard.getFirst();
  }

  private Outcome read(SimulatedHost at, int register) {
    List<Outcome> heard = new ArrayList<>();
    registers.read(
        0, at, register, ConsistencyLevel.ONE, operation -> heard.add(operation.outcome()));
    await("an answer", () -> !heard.isEmpty());
    return heard.getFirst();
  }

  @Test
  void dataRequestsGoOnWithoutAMetadataQuorumAlsoAfterARestart() {
    start();
    loseTwoVoters();
    world.runFor(TimeUnit.SECONDS.toNanos(30));
    assertThat(change(survivor(), anything())).isNotEqualTo(Outcome.OK);
    for (int register = 0; register < 20; register++) {
      assertThat(write(survivor(), register, ConsistencyLevel.ONE)).isEqualTo(Outcome.OK);
    }
    SimulatedHost restarted = cluster.hosts().get(4);
    restarted.crash();
    cluster.start(restarted);
    await("it serves, for it knows what it owns", () -> cluster.serves(restarted));
    world.runFor(TimeUnit.SECONDS.toNanos(20));
    for (int register = 0; register < 20; register++) {
      assertThat(read(restarted, register)).isEqualTo(Outcome.OK);
    }
  }

  @Test
  void theNextRingIsBegunFromWhatIsLeftAndTheLostOnesStayOut() {
    start();
    assertThat(recoverAt(survivor())).contains("follows the leader");
    loseTwoVoters();
    // Nobody has noticed yet: it is not given up before it is sure.
    assertThat(recoverAt(survivor())).isNotEqualTo("done");
    world.runFor(TimeUnit.SECONDS.toNanos(30));
    assertThat(change(survivor(), anything())).isNotEqualTo(Outcome.OK);
    assertThat(recoverAt(survivor())).isEqualTo("done");
    world.runFor(TimeUnit.SECONDS.toNanos(10));
    assertThat(change(survivor(), anything())).isEqualTo(Outcome.OK);
    for (SimulatedHost host : cluster.hosts().subList(2, 5)) {
      assertThat(cluster.node(host).metadataRing().ring().number()).isEqualTo(1);
    }
    // The other two of those that are left vote as well by now.
    assertThat(cluster.node(survivor()).metadataRing().voters()).hasSize(3);
    assertThat(recoverAt(survivor())).contains("follows the leader");

    for (SimulatedHost host : lost) {
      cluster.mayFail(host);
      cluster.start(host);
    }
    world.runFor(TimeUnit.SECONDS.toNanos(20));
    for (SimulatedHost host : lost) {
      assertThat(cluster.serves(host)).as("it serves nothing of another history").isFalse();
      assertThat(cluster.state(host))
          .isIn(NodeState.DECOMMISSIONED, NodeState.STOPPED, NodeState.DRAINING);
    }
    assertThat(change(survivor(), anything())).isEqualTo(Outcome.OK);
    // They are taken out together, for neither change would end without the other.
    List<NodeInfo> dead =
        cluster.node(survivor()).coordinator().metadata().nodes().stream()
            .filter(
                node -> lost.stream().anyMatch(host -> host.name().equals(node.internode().host())))
            .toList();
    assertThat(dead).hasSize(lost.size());
    SortedSet<UUID> others = new TreeSet<>();
    dead.subList(1, dead.size()).forEach(node -> others.add(node.hostId()));
    assertThat(
            change(
                survivor(),
                new MetadataChange.BeginTransition(
                    Transition.Kind.REMOVE, dead.getFirst(), null, others, true, true)))
        .isEqualTo(Outcome.OK);
    await(
        "they are out",
        () -> {
          ClusterMetadata metadata = cluster.node(survivor()).coordinator().metadata();
          return dead.stream().allMatch(node -> metadata.isRemoved(node.hostId()));
        });
  }

  @Test
  void aRingThatHasOnlyLostOneOfThreeIsNotGivenUp() {
    start();
    cluster.hosts().getFirst().crash();
    world.runFor(TimeUnit.SECONDS.toNanos(30));
    assertThat(recoverAt(survivor())).contains("follows the leader");
    assertThat(change(survivor(), anything())).isEqualTo(Outcome.OK);
  }

  @Test
  void aVoterThatIsOnlyCutOffIsNotTakenForLost() {
    start();
    loseTwoVoters();
    world.runFor(TimeUnit.SECONDS.toNanos(30));
    SimulatedHost back = lost.getFirst();
    cluster.start(back);
    world.runFor(TimeUnit.SECONDS.toNanos(3));
    assertThat(recoverAt(survivor())).contains("follows the leader");
  }
}
