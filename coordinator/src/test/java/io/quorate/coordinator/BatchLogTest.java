package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.SimulatedReplicas.Outcome;
import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.protocol.ConsistencyLevel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A logged batch of which one half is applied and the other never is breaks what it promised. */
class BatchLogTest {
  private static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** Node 1 coordinates; one part of the batch is node 2's, the other node 3's. */
  private final SimulatedReplicas nodes = new SimulatedReplicas(3, new Replication.Simple(1));

  private final int second = nodes.keyOf(nodes.peer(2), 0);
  private final int third = nodes.keyOf(nodes.peer(3), 0);

  BatchLogTest() throws IOException {}

  private Outcome<@Nullable Void> write(Peer coordinator) {
    return coordinator.writeBatch(ConsistencyLevel.ONE, second, third);
  }

  /** Replays as a node does; what is sent again is counted. */
  static AtomicInteger startReplay(Peer peer) {
    AtomicInteger sent = new AtomicInteger();
    peer.onShard(() ->
        peer.batchLog.startReplay(
            peer.firstShard(),
            (mutation, epoch, answer) -> {
              sent.incrementAndGet();
              peer.coordinator.replay(mutation, epoch, peer.deadline(), answer);
            }));
    return sent;
  }

  @Test
  void aBatchThatItsCoordinatorLeftHalfDoneIsFinishedAfterTheRestart() throws IOException {
    nodes.world.links().cutOneWay("n1", "n3");
    Outcome<@Nullable Void> batch = write(nodes.peer(1));
    nodes.world.runUntil(() -> nodes.peer(2).has(second), SimulatedReplicas.TIMEOUT_NANOS);
    assertThat(batch.isOpen()).isTrue();
    Peer restarted = nodes.peer(1).crashAndStart();
    nodes.world.links().heal();
    assertThat(nodes.peer(3).has(third)).as("half of it is missing").isFalse();

    AtomicInteger sent = startReplay(restarted);
    nodes.run(SimulatedReplicas.BATCH_AGE_NANOS / 2);
    assertThat(sent).as("it might still be under way").hasValue(0);
    nodes.run(2 * SimulatedReplicas.BATCH_AGE_NANOS);
    assertThat(nodes.peer(2).has(second)).isTrue();
    assertThat(nodes.peer(3).has(third)).isTrue();
    assertThat(restarted.loggedBatches()).as("and it is done with").isZero();
    int once = sent.get();
    nodes.run(5 * SimulatedReplicas.BATCH_AGE_NANOS);
    assertThat(sent).hasValue(once);
  }

  @Test
  void aBatchThatWasLoggedAndNotSentAtAllIsFinishedToo() throws IOException {
    nodes.world.links().cutOneWay("n1", "n2");
    nodes.world.links().cutOneWay("n1", "n3");
    Outcome<@Nullable Void> batch = write(nodes.peer(1));
    nodes.run(MOMENT_NANOS);
    assertThat(nodes.peer(1).loggedBatches()).isEqualTo(1);
    assertThat(batch.isOpen()).isTrue();
    Peer restarted = nodes.peer(1).crashAndStart();
    nodes.world.links().heal();
    startReplay(restarted);
    nodes.run(3 * SimulatedReplicas.BATCH_AGE_NANOS);
    assertThat(nodes.peer(2).has(second)).isTrue();
    assertThat(nodes.peer(3).has(third)).isTrue();
  }

  @Test
  void aBatchThatWasDoneIsNotSentAgain() throws IOException {
    Outcome<@Nullable Void> batch = write(nodes.peer(1));
    nodes.run(MOMENT_NANOS);
    assertThat(batch.value()).isNull();
    Peer restarted = nodes.peer(1).crashAndStart();
    AtomicInteger sent = startReplay(restarted);
    nodes.run(3 * SimulatedReplicas.BATCH_AGE_NANOS);
    assertThat(sent).hasValue(0);
  }

  /** No later life of it could finish what stands on its disk only. */
  @Test
  void aNodeThatLeavesFinishesItsBatchesHoweverYoung() {
    nodes.world.links().cutOneWay("n1", "n3");
    Outcome<@Nullable Void> batch = write(nodes.peer(1));
    nodes.run(MOMENT_NANOS);
    assertThat(batch.isOpen()).isTrue();
    nodes.world.links().heal();
    assertThat(nodes.peer(3).has(third)).isFalse();
    List<String> ended = finish(nodes.peer(1), TimeUnit.SECONDS.toNanos(60));
    nodes.run(4 * MOMENT_NANOS);
    assertThat(ended).containsExactly("done");
    assertThat(nodes.peer(3).has(third)).isTrue();
    assertThat(nodes.peer(1).loggedBatches()).isZero();
  }

  @Test
  void aNodeThatLeavesDoesNotWaitForEverForWhatCannotBeFinished() {
    nodes.world.links().cutOneWay("n1", "n3");
    write(nodes.peer(1));
    nodes.run(MOMENT_NANOS);
    List<String> ended = finish(nodes.peer(1), TimeUnit.SECONDS.toNanos(10));
    nodes.run(TimeUnit.SECONDS.toNanos(9));
    assertThat(ended).as("it may be that the other is back in a moment").isEmpty();
    nodes.run(TimeUnit.SECONDS.toNanos(3));
    assertThat(ended).containsExactly("done");
    assertThat(nodes.peer(1).loggedBatches()).isEqualTo(1);
  }

  private List<String> finish(Peer leaving, long patienceNanos) {
    List<String> ended = new ArrayList<>();
    leaving.onShard(() ->
        leaving.batchLog.finish(
            leaving.firstShard(),
            (mutation, epoch, answer) ->
                leaving.coordinator.replay(mutation, epoch, leaving.deadline(), answer),
            nodes.world.nowNanos() + patienceNanos,
            () -> ended.add("done")));
    return ended;
  }

  @Test
  void aBatchOfWhichOnePartHasTooFewReplicasIsNotTriedAtAll() {
    nodes.dead.add(nodes.peer(3).info.hostId());
    Outcome<@Nullable Void> batch = write(nodes.peer(1));
    nodes.run(MOMENT_NANOS);
    assertThat(batch.failure()).isInstanceOf(RequestFailure.Unavailable.class);
    assertThat(nodes.peer(2).has(second)).as("unavailable means that nothing was tried").isFalse();
    assertThat(nodes.peer(1).loggedBatches()).isZero();
  }

  @Test
  void aBatchThatLosesAReplicaWhileItIsLoggedIsUnknownAndFinishedLater() {
    Peer coordinator = nodes.peer(1);
    Outcome<@Nullable Void> batch = write(coordinator);
    // Logging takes a sync; the replica is taken for dead before that is done.
    coordinator.onShard(() -> nodes.dead.add(nodes.peer(3).info.hostId()));
    nodes.run(MOMENT_NANOS);
    assertThat(batch.failure()).isInstanceOf(RequestFailure.WriteTimeout.class);
    assertThat(nodes.peer(2).has(second)).as("the other part was sent").isTrue();
    nodes.dead.clear();
    startReplay(coordinator);
    nodes.run(3 * SimulatedReplicas.BATCH_AGE_NANOS);
    assertThat(nodes.peer(3).has(third)).isTrue();
  }
}
