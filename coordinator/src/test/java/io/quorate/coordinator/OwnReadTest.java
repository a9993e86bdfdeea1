package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.SimulatedReplicas.Outcome;
import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.ReadResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, a read that its node can answer alone is not answered when that takes a while, or
 * fails though another replica could have answered.
 */
class OwnReadTest {
  private static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final SimulatedReplicas nodes = new SimulatedReplicas(2, new Replication.Simple(2));
  private Peer reader = nodes.peer(1);
  private final Peer other = nodes.peer(2);
  private final int near = nodes.keyOf(reader, reader.firstShard());
  private final int far = nodes.keyOf(reader, reader.secondShard());

  OwnReadTest() throws IOException {
    nodes.put(near, reader);
    nodes.put(far, reader);
  }

  private boolean sees(int key) {
    Outcome<ReadResult> read = reader.read(key, ConsistencyLevel.ONE);
    nodes.run(MOMENT_NANOS);
    return SimulatedReplicas.hasRows(read.value().fragment());
  }

  @Test
  void whatIsAtHandIsAnsweredBeforeTheCallReturns() {
    List<Boolean> answered = new ArrayList<>();
    reader.onShard(() -> {
      Outcome<ReadResult> read = new Outcome<>();
      reader.read(near, ConsistencyLevel.ONE, read);
      answered.add(SimulatedReplicas.hasRows(read.value().fragment()));
    });
    nodes.run(MOMENT_NANOS);
    assertThat(answered).containsExactly(true);
  }

  @Test
  void whatAnotherShardHasIsWaitedFor() {
    assertThat(sees(far)).isTrue();
  }

  @Test
  void whatTheDiskHasIsWaitedFor() throws IOException {
    reader = reader.flushAndStart();
    assertThat(sees(near)).isTrue();
    assertThat(sees(far)).isTrue();
  }

  @Test
  void anotherReplicaIsAskedWhenTheDiskIsSlow() throws IOException {
    nodes.put(near, other);
    reader = reader.flushAndStart();
    reader.host.slowDisk(1_000_000);
    assertThat(sees(near)).isTrue();
  }

  @Test
  void aDiskThatDoesNotAnswerIsWaitedForUntilTheDeadline() throws IOException {
    reader = reader.flushAndStart();
    reader.host.slowDisk(1_000_000);
    nodes.dead.add(other.info.hostId());
    Outcome<ReadResult> read = reader.read(near, ConsistencyLevel.ONE);
    nodes.run(SimulatedReplicas.TIMEOUT_NANOS - MOMENT_NANOS);
    assertThat(read.isOpen()).isTrue();
    nodes.run(2 * MOMENT_NANOS);
    assertThat(read.failure())
        .isEqualTo(new RequestFailure.ReadTimeout(ConsistencyLevel.ONE, 0, 1, false));
  }

  @Test
  void anotherReplicaIsAskedWhenThisOneRefuses() {
    nodes.put(near, other);
    nodes.put(far, other);
    reader.loseTable();
    assertThat(sees(near)).isTrue();
    assertThat(sees(far)).isTrue();
  }

  @Test
  void aRefusalThatNobodyMakesUpForFailsTheRead() {
    reader.loseTable();
    nodes.dead.add(other.info.hostId());
    for (int key : List.of(near, far)) {
      Outcome<ReadResult> read = reader.read(key, ConsistencyLevel.ONE);
      nodes.run(MOMENT_NANOS);
      assertThat(read.failure())
          .isEqualTo(
              new RequestFailure.ReadFailure(
                  ConsistencyLevel.ONE,
                  0,
                  1,
                  1,
                  false,
                  "there is no table " + SimulatedReplicas.TABLE_ID));
    }
  }

  @Test
  void whenItIsPlannedAnewThisNodeIsAskedAnew() {
    reader.loseTable();
    nodes.dead.add(other.info.hostId());
    nodes.change(new MetadataChange.BeginTransition(Transition.Kind.LEAVE, other.info, null, true));
    Outcome<ReadResult> read = new Outcome<>();
    reader.onShard(() -> {
      reader.read(far, ConsistencyLevel.ONE, read);
      reader.ring.adopt(nodes.metadata());
    });
    nodes.run(MOMENT_NANOS);
    assertThat(read.failure()).isInstanceOf(RequestFailure.ReadFailure.class);
  }
}
