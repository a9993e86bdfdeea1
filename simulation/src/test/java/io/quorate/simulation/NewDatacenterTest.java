package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.CommitLogSync;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/**
 * A data centre is added to a keyspace and rebuilt from the one that was there. If this breaks,
 * rows are gone with the old data centre that the new one was said to have.
 */
class NewDatacenterTest {
  private static final int ROWS = 60;

  private final SimulatedWorld world = new SimulatedWorld(21);
  private final SimulatedCluster cluster = new SimulatedCluster(world, 3);
  private final Registers registers = new Registers(cluster, new History());
  private final List<SimulatedHost> young = new ArrayList<>();

  private void await(String what, BooleanSupplier condition) {
    assertThat(world.runUntil(condition, TimeUnit.SECONDS.toNanos(120))).as(what).isTrue();
  }

  private void replicate(Map<String, Integer> factors) {
    List<Outcome> heard = new ArrayList<>();
    registers.attempt(
        cluster.hosts().getFirst(),
        new MetadataChange.AlterKeyspace(
            "registers",
            new Replication.NetworkTopology(new TreeMap<>(factors)),
            true,
            CommitLogSync.DEFAULT),
        heard::add);
    await("an answer", () -> !heard.isEmpty());
    assertThat(heard).containsExactly(Outcome.OK);
  }

  private Outcome write(int register, ConsistencyLevel level) {
    List<Outcome> heard = new ArrayList<>();
    registers.write(
        0,
        cluster.hosts().getFirst(),
        register,
        1,
        level,
        operation -> heard.add(operation.outcome()));
    await("an answer", () -> !heard.isEmpty());
    return heard.getFirst();
  }

  private void addDatacenter() {
    cluster.startAll();
    registers.create(3);
    replicate(Map.of("datacenter1", 3));
    for (int register = 0; register < ROWS; register++) {
      assertThat(write(register, ConsistencyLevel.LOCAL_QUORUM)).isEqualTo(Outcome.OK);
    }
    for (int i = 0; i < 2; i++) {
      SimulatedHost host = cluster.addHost();
      cluster.placeInDatacenter(host, "datacenter2");
      cluster.start(host);
      await("it has joined", () -> cluster.serves(host));
      young.add(host);
    }
    replicate(Map.of("datacenter1", 3, "datacenter2", 1));
  }

  private int rowsWithoutTheOldDatacenter() {
    world.runFor(TimeUnit.SECONDS.toNanos(5));
    cluster.hosts().subList(0, 3).forEach(SimulatedHost::crash);
    world.runFor(TimeUnit.SECONDS.toNanos(30));
    int found = 0;
    for (int register = 0; register < ROWS; register++) {
      long[] value = {-1};
      registers.read(
          0,
          young.getFirst(),
          register,
          ConsistencyLevel.LOCAL_ONE,
          operation -> value[0] = operation.outcome() == Outcome.OK ? operation.value() : -2);
      await("an answer", () -> value[0] != -1);
      found += value[0] == 1 ? 1 : 0;
    }
    return found;
  }

  @Test
  void aRebuiltDatacenterHasAllThatWasAcknowledged() {
    addDatacenter();
    List<String> rebuilt = new ArrayList<>();
    young.forEach(host -> rebuild(host, rebuilt));
    await("both are rebuilt", () -> rebuilt.size() == 2);
    assertThat(rebuilt).containsOnly("done");
    assertThat(rowsWithoutTheOldDatacenter()).isEqualTo(ROWS);
  }

  /** If this breaks, the wrong name is taken for a rebuild that is done, and the node is empty. */
  @Test
  void aNodeIsNotRebuiltFromItsOwnDatacenter() {
    addDatacenter();
    List<String> ended = new ArrayList<>();
    rebuild(young.getFirst(), "datacenter2", ended);
    await("an answer", () -> !ended.isEmpty());
    assertThat(ended.getFirst()).contains("this node is in datacenter2 itself");
  }

  private void rebuild(SimulatedHost host, List<String> ended) {
    rebuild(host, "datacenter1", ended);
  }

  private void rebuild(SimulatedHost host, String source, List<String> ended) {
    cluster
        .shard(host, 0)
        .execute(
            () -> cluster.node(host).rebuild(source, why -> ended.add(why == null ? "done" : why)));
  }

  /** It may be the wrong data centre, or the wrong time of the day. */
  @Test
  void aRebuildThatWasCancelledCanBeBegunAgain() {
    addDatacenter();
    List<String> ended = new ArrayList<>();
    for (SimulatedHost host : young) {
      rebuild(host, ended);
      await("it is cancelled", () -> cluster.node(host).cancelRebuild());
    }
    world.runFor(TimeUnit.SECONDS.toNanos(5));
    assertThat(ended).isEmpty();
    assertThat(young).noneMatch(host -> cluster.node(host).cancelRebuild());
    young.forEach(host -> rebuild(host, ended));
    await("both are rebuilt", () -> ended.size() == 2);
    assertThat(ended).containsOnly("done");
    assertThat(rowsWithoutTheOldDatacenter()).isEqualTo(ROWS);
  }

  @Test
  void aDatacenterWithoutAMajorityOfReplicasIsNoSource() {
    addDatacenter();
    world.runFor(TimeUnit.SECONDS.toNanos(2)); // the new ones get votes
    cluster.hosts().get(1).crash();
    cluster.hosts().get(2).crash();
    world.runFor(TimeUnit.SECONDS.toNanos(30));
    List<String> heard = new ArrayList<>();
    rebuild(young.getFirst(), heard);
    await("an answer", () -> !heard.isEmpty());
    assertThat(heard.getFirst()).contains("fewer than a majority is alive");
  }

  /** The check above can fail. */
  @Test
  void aDatacenterThatIsNotRebuiltHasNothing() {
    addDatacenter();
    assertThat(rowsWithoutTheOldDatacenter()).isLessThan(ROWS / 2);
  }
}
