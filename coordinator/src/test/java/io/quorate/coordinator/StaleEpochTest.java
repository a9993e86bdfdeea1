package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.SimulatedReplicas.Outcome;
import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.CommitLogSync;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.ReadResult;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A write that a node takes for a row which it does not own any more is acknowledged and then never
 * read again; a read that it answers misses what the owners have.
 */
class StaleEpochTest {
  private static final int KEY = 7;
  private static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  /** All rows move from node 1 to node 2; node 3 coordinates. */
  private final SimulatedReplicas nodes = new SimulatedReplicas(3, in("dc1"));

  private final ClusterMetadata moved =
      nodes.change(new MetadataChange.AlterKeyspace("ks", in("dc2"), true, CommitLogSync.DEFAULT));

  StaleEpochTest() throws IOException {}

  private static Replication in(String datacenter) {
    return new Replication.NetworkTopology(new TreeMap<>(Map.of(datacenter, 1)));
  }

  @Test
  void aWriteOfACoordinatorThatIsBehindGoesToTheNewOwnerOnceItHasCaughtUp() {
    nodes.peer(1).ring.adopt(moved);
    nodes.peer(2).ring.adopt(moved);
    Outcome<@Nullable Void> write = nodes.peer(3).write(KEY, ConsistencyLevel.ONE);
    nodes.run(MOMENT_NANOS);
    assertThat(write.isOpen()).as("the coordinator waits for the metadata").isTrue();
    nodes.peer(3).ring.adopt(moved);
    nodes.run(MOMENT_NANOS);
    assertThat(write.value()).isNull();
    assertThat(nodes.peer(1).has(KEY)).as("the old owner took it").isFalse();
    assertThat(nodes.peer(2).has(KEY)).as("the new owner has it").isTrue();
    assertThat(nodes.peer(3).hinted).as("nor does it get it later").isEmpty();
  }

  @Test
  void aReadOfACoordinatorThatIsBehindIsAnsweredByTheNewOwner() {
    nodes.peer(1).ring.adopt(moved);
    nodes.peer(2).ring.adopt(moved);
    Outcome<@Nullable Void> write = nodes.peer(2).write(KEY, ConsistencyLevel.ONE);
    nodes.run(MOMENT_NANOS);
    assertThat(write.value()).isNull();
    Outcome<ReadResult> read = nodes.peer(3).read(KEY, ConsistencyLevel.ONE);
    nodes.run(MOMENT_NANOS);
    assertThat(read.isOpen()).as("not answered by the old owner, which has nothing").isTrue();
    nodes.peer(3).ring.adopt(moved);
    nodes.run(MOMENT_NANOS);
    assertThat(SimulatedReplicas.hasRows(read.value().fragment())).isTrue();
  }

  @Test
  void aCoordinatorThatCannotCatchUpSaysInTimeThatItFailed() {
    nodes.peer(1).ring.adopt(moved);
    nodes.peer(2).ring.adopt(moved);
    Outcome<@Nullable Void> write = nodes.peer(3).write(KEY, ConsistencyLevel.ONE);
    nodes.run(SimulatedReplicas.TIMEOUT_NANOS + MOMENT_NANOS);
    assertThat(write.failure()).isInstanceOf(RequestFailure.WriteFailure.class);
    nodes.peer(3).ring.adopt(moved);
    nodes.run(MOMENT_NANOS);
    assertThat(nodes.peer(1).has(KEY)).isFalse();
    assertThat(nodes.peer(2).has(KEY)).as("it is not done behind the client's back").isFalse();
  }

  @Test
  void aReplicaThatIsBehindCatchesUpBeforeItTakesAWrite() {
    nodes.peer(3).ring.adopt(moved);
    Outcome<@Nullable Void> write = nodes.peer(3).write(KEY, ConsistencyLevel.ONE);
    nodes.run(MOMENT_NANOS);
    assertThat(write.isOpen()).isTrue();
    assertThat(nodes.peer(2).has(KEY)).as("it does not know that it owns the row").isFalse();
    nodes.peer(2).ring.adopt(moved);
    nodes.run(MOMENT_NANOS);
    assertThat(write.value()).isNull();
    assertThat(nodes.peer(2).has(KEY)).isTrue();
  }

  @Test
  void aReplicaThatStaysBehindIsATimeoutAndGetsAHint() {
    nodes.peer(3).ring.adopt(moved);
    Outcome<@Nullable Void> write = nodes.peer(3).write(KEY, ConsistencyLevel.ONE);
    nodes.run(SimulatedReplicas.TIMEOUT_NANOS + MOMENT_NANOS);
    assertThat(write.failure()).isInstanceOf(RequestFailure.WriteTimeout.class);
    assertThat(nodes.peer(3).hinted).containsExactly(nodes.peer(2).info.hostId());
    nodes.peer(2).ring.adopt(moved);
    nodes.run(MOMENT_NANOS);
    assertThat(nodes.peer(2).has(KEY)).as("what has timed out is not done late").isFalse();
  }

  @Test
  void aRangeOfWhichOnlyAPartIsStillOwnedIsRefused() throws IOException {
    SimulatedReplicas ring = new SimulatedReplicas(3, new Replication.Simple(3));
    ClusterMetadata single =
        ring.change(
            new MetadataChange.AlterKeyspace(
                "ks", new Replication.Simple(1), true, CommitLogSync.DEFAULT));
    Peer first = ring.peer(1);
    Peer second = ring.peer(2);
    Peer stale = ring.peer(3);
    first.ring.adopt(single);
    second.ring.adopt(single);
    int ofFirst = ring.keyOf(first, 0);
    int ofSecond = ring.keyOf(second, 0);
    Outcome<@Nullable Void> one = first.write(ofFirst, ConsistencyLevel.ONE);
    Outcome<@Nullable Void> other = first.write(ofSecond, ConsistencyLevel.ONE);
    ring.run(MOMENT_NANOS);
    assertThat(one.value()).isNull();
    assertThat(other.value()).isNull();
    assertThat(first.has(ofSecond)).isFalse();

    // At TWO, one of those that are asked has a part only, whichever they are.
    Outcome<Coordinator.RangeRows> range = stale.readAll(ConsistencyLevel.TWO);
    ring.run(MOMENT_NANOS);
    assertThat(range.isOpen()).as("refused, and waiting to catch up").isTrue();
    stale.ring.adopt(single);
    ring.run(MOMENT_NANOS);
    assertThat(range.failure())
        .as("two replicas do not exist any more")
        .isInstanceOf(RequestFailure.Unavailable.class);

    Outcome<Coordinator.RangeRows> all = stale.readAll(ConsistencyLevel.ONE);
    ring.run(MOMENT_NANOS);
    assertThat(all.value().partitions()).hasSize(2);
  }
}
