package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.SimulatedReplicas.Outcome;
import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.protocol.ConsistencyLevel;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A hint, a batch, or a write of before a TRUNCATE that comes after it brings back rows. */
class TruncationTest {
  private static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  /** More than a delivery waits for an answer. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(6);

  private final SimulatedReplicas nodes = new SimulatedReplicas(3, new Replication.Simple(1));
  private final Peer first = nodes.peer(1);
  private final Peer second = nodes.peer(2);
  private final Peer third = nodes.peer(3);
  private final int key = nodes.keyOf(second, 0);

  TruncationTest() throws IOException {
    nodes.change(new MetadataChange.EnableFeature(Feature.TRUNCATIONS));
    nodes.peers.forEach(peer -> peer.ring.adopt(nodes.metadata()));
  }

  private void truncate(Peer... who) {
    nodes.change(new MetadataChange.TruncateTable(SimulatedReplicas.TABLE_ID));
    List.of(who).forEach(Peer::adoptTruncation);
  }

  private List<Boolean> deliver(byte[] hint) {
    List<Boolean> acknowledged = first.deliver(hint, second);
    nodes.run(PATIENCE_NANOS);
    return acknowledged;
  }

  @Test
  void aHintOfBeforeIsThrownAwayAndOneOfAfterIsDelivered() {
    byte[] before = first.hint(key);
    truncate(first, second, third);
    assertThat(deliver(before)).containsExactly(true);
    assertThat(second.has(key)).isFalse();
    assertThat(deliver(first.hint(key))).containsExactly(true);
    assertThat(second.has(key)).isTrue();
  }

  /** Whoever delivers it may not have heard of the TRUNCATE. */
  @Test
  void aHintOfBeforeIsRefusedByItsTargetToo() {
    byte[] before = first.hint(key);
    truncate(second);
    assertThat(deliver(before)).containsExactly(false);
    assertThat(second.has(key)).isFalse();
    first.adoptTruncation();
    assertThat(deliver(before)).containsExactly(true);
    assertThat(second.has(key)).isFalse();
  }

  /** A cluster of which not all nodes know the feature keeps hints as it always did. */
  @Test
  void aHintThatHasNoEpochIsOfBefore() {
    byte[] plain = HintedMutation.decode(first.hint(key)).mutation().bytes();
    assertThat(deliver(plain)).containsExactly(true);
    assertThat(second.has(key)).isTrue();
    truncate(first, second, third);
    assertThat(deliver(plain)).containsExactly(true);
    assertThat(second.has(key)).isFalse();
  }

  @Test
  void aBatchOfBeforeIsNotFinished() throws IOException {
    nodes.world.links().cutOneWay("n1", "n2");
    nodes.world.links().cutOneWay("n1", "n3");
    int other = nodes.keyOf(third, 0);
    Outcome<@Nullable Void> batch = first.writeBatch(ConsistencyLevel.ONE, key, other);
    nodes.run(MOMENT_NANOS);
    assertThat(first.loggedBatches()).isEqualTo(1);
    assertThat(batch.isOpen()).isTrue();
    truncate(first, second, third);
    Peer restarted = first.crashAndStart();
    nodes.world.links().heal();
    BatchLogTest.startReplay(restarted);
    nodes.run(3 * SimulatedReplicas.BATCH_AGE_NANOS);
    assertThat(restarted.loggedBatches()).as("it is done with").isZero();
    assertThat(second.has(key)).isFalse();
    assertThat(third.has(other)).isFalse();
  }

  /** It is planned anew, and then it is one of after: the client may not see it fail for that. */
  @Test
  void aWriteOfACoordinatorThatIsBehindIsTakenOnceThatHasCaughtUp() {
    truncate(second);
    Outcome<@Nullable Void> write = first.write(key, ConsistencyLevel.ONE);
    nodes.run(MOMENT_NANOS);
    assertThat(write.isOpen()).isTrue();
    assertThat(second.has(key)).isFalse();
    first.adoptTruncation();
    nodes.run(MOMENT_NANOS);
    assertThat(write.value()).isNull();
    assertThat(second.has(key)).isTrue();
  }

  /** Rows are gone from the disk before the node speaks of the epoch. */
  @Test
  void aWriteToANodeThatIsAboutToAdoptTheTruncationIsPlannedAnewToo() {
    int own = nodes.keyOf(first, 0);
    nodes.change(new MetadataChange.TruncateTable(SimulatedReplicas.TABLE_ID));
    first.truncateOnly();
    Outcome<@Nullable Void> write = first.write(own, ConsistencyLevel.ONE);
    Outcome<@Nullable Void> remote = third.write(own, ConsistencyLevel.ONE);
    nodes.run(MOMENT_NANOS);
    assertThat(write.isOpen()).isTrue();
    assertThat(remote.isOpen()).isTrue();
    nodes.peers.forEach(peer -> peer.ring.adopt(nodes.metadata()));
    nodes.run(MOMENT_NANOS);
    assertThat(write.value()).isNull();
    assertThat(remote.value()).isNull();
  }
}
