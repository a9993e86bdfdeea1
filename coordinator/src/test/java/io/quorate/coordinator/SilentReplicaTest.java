package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.SimulatedReplicas.Outcome;
import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.ReadResult;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** If this breaks, a read of a replica that says nothing waits for ever, or longer than it must. */
class SilentReplicaTest {
  private static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final SimulatedReplicas nodes = new SimulatedReplicas(3, new Replication.Simple(3));
  private final Peer reader = nodes.peer(1);
  private final int key = nodes.keyOf(reader, 0);
  private final Peer second = nodes.peer(2);
  private final Peer third = nodes.peer(3);

  SilentReplicaTest() throws IOException {
    nodes.put(key, reader, second, third);
  }

  @Test
  void anotherOneIsAskedInItsPlaceSoon() {
    second.host.crash();
    Outcome<ReadResult> oneSilent = reader.read(key, ConsistencyLevel.QUORUM);
    nodes.run(MOMENT_NANOS);
    assertThat(SimulatedReplicas.hasRows(oneSilent.value().fragment())).isTrue();
  }

  @Test
  void withNobodyElseItTimesOutAtItsDeadline() {
    second.host.crash();
    third.host.crash();
    Outcome<ReadResult> read = reader.read(key, ConsistencyLevel.QUORUM);
    nodes.run(SimulatedReplicas.TIMEOUT_NANOS - MOMENT_NANOS);
    assertThat(read.isOpen()).isTrue();
    nodes.run(2 * MOMENT_NANOS);
    assertThat(read.failure())
        .isEqualTo(new RequestFailure.ReadTimeout(ConsistencyLevel.QUORUM, 1, 2, true));
  }
}
