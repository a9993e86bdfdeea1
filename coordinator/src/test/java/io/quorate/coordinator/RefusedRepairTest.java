package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.coordinator.SimulatedReplicas.Outcome;
import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.ReadResult;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, one node with a bad disk makes reads at QUORUM fail although two others are well:
 * it lacks rows, and does not take them when a read brings them.
 */
class RefusedRepairTest {
  private static final int ROWS = 20;
  private static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final SimulatedReplicas nodes = new SimulatedReplicas(3, new Replication.Simple(3));
  private final Peer victim = nodes.peer(3);

  RefusedRepairTest() throws IOException {}

  @BeforeEach
  void oneNodeLacksWhatWasWrittenAndItsDiskFails() {
    nodes.dead.add(victim.info.hostId());
    for (int key = 0; key < ROWS; key++) {
      Outcome<@Nullable Void> write = nodes.peer(1).write(key, ConsistencyLevel.QUORUM);
      nodes.run(MOMENT_NANOS);
      assertThat(write.value()).isNull();
    }
    nodes.dead.clear();
    victim.host.disk().fail(Operation.WRITE, "commitlog");
  }

  @Test
  void aPartitionIsReadFromOthers() {
    for (Peer coordinator : nodes.peers) {
      for (int key = 0; key < ROWS; key++) {
        Outcome<ReadResult> read = coordinator.read(key, ConsistencyLevel.QUORUM);
        nodes.run(MOMENT_NANOS);
        assertThat(read.value().liveRows()).isOne();
      }
    }
  }

  @Test
  void aRangeIsReadFromOthers() {
    for (Peer coordinator : nodes.peers) {
      Outcome<RangeRows> range = coordinator.readAll(ConsistencyLevel.QUORUM);
      nodes.run(MOMENT_NANOS);
      assertThat(range.value().partitions()).hasSize(ROWS);
    }
  }

  @Test
  void withNobodyElseToAskTheReadFails() {
    nodes.dead.add(nodes.peer(2).info.hostId());
    Outcome<RangeRows> range = nodes.peer(1).readAll(ConsistencyLevel.QUORUM);
    Outcome<ReadResult> read = nodes.peer(1).read(1, ConsistencyLevel.QUORUM);
    nodes.run(MOMENT_NANOS);
    assertThat(range.failure()).isInstanceOf(RequestFailure.ReadFailure.class);
    assertThat(read.failure()).isInstanceOf(RequestFailure.ReadFailure.class);
  }
}
