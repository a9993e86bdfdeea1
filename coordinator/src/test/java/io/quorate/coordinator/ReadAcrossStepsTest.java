package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.coordinator.SimulatedReplicas.Outcome;
import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.ReadResult;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, a client that has read a value at QUORUM reads an older one afterwards, because
 * ownership changed between and the second read asks nodes that the first did not look at.
 */
class ReadAcrossStepsTest {
  private static final int KEY = 7;
  private static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final SimulatedReplicas nodes = new SimulatedReplicas(4, new Replication.Simple(3));
  private final List<Peer> before = owners(nodes.metadata().replicas("ks", token()));

  /** Owned the row and gives it up. */
  private final Peer leaving = before.getFirst();

  private final Peer second = before.get(1);
  private final Peer third = before.getLast();

  /** Gets the row in its place. */
  private final Peer coming =
      nodes.peers.stream().filter(peer -> !before.contains(peer)).findFirst().orElseThrow();

  ReadAcrossStepsTest() throws IOException {}

  private static long token() {
    return SimulatedReplicas.token(KEY);
  }

  private List<Peer> owners(List<NodeInfo> replicas) {
    return replicas.stream()
        .map(node ->
            nodes.peers.stream().filter(peer -> peer.info.equals(node)).findFirst().orElseThrow())
        .toList();
  }

  private void isAnnouncedToAll() {
    ClusterMetadata announced =
        nodes.change(
            new MetadataChange.BeginTransition(Transition.Kind.LEAVE, leaving.info, null, false));
    assertThat(owners(announced.otherReplicas("ks", token())))
        .containsExactlyInAnyOrder(second, third, coming);
    nodes.peers.forEach(peer -> peer.ring.adopt(announced));
  }

  private Transition transition() {
    return Objects.requireNonNull(nodes.metadata().transition());
  }

  /** All know it and the new owner has fetched, before; reads ask the owners after. */
  private void readsAskTheOwnersAfter() {
    long number = transition().number();
    for (Peer peer : nodes.peers) {
      nodes.change(
          new MetadataChange.AcknowledgeStep(
              number, Transition.Step.WRITE_BOTH, peer.info.hostId()));
    }
    List.copyOf(transition().receivers())
        .forEach(receiver -> nodes.change(new MetadataChange.FinishStreaming(number, receiver)));
    assertThat(transition().step()).isEqualTo(Transition.Step.READ_NEW);
    nodes.peers.forEach(peer -> peer.ring.adopt(nodes.metadata()));
  }

  private boolean sees(Peer coordinator) {
    Outcome<ReadResult> read = coordinator.read(KEY, ConsistencyLevel.QUORUM);
    nodes.run(MOMENT_NANOS);
    return SimulatedReplicas.hasRows(read.value().fragment());
  }

  private boolean scans(Peer coordinator) {
    Outcome<RangeRows> read = coordinator.readAll(ConsistencyLevel.QUORUM);
    nodes.run(MOMENT_NANOS);
    return read.value().partitions().stream()
        .anyMatch(partition -> SimulatedReplicas.hasRows(partition.fragment()));
  }

  @Test
  void whatOneOwnerHasAndAReadHasSeenIsSeenByTheNext() {
    nodes.put(KEY, leaving);
    isAnnouncedToAll();
    nodes.dead.add(third.info.hostId());
    assertThat(sees(leaving)).isTrue();
    readsAskTheOwnersAfter();
    nodes.dead.clear();
    nodes.dead.add(second.info.hostId());
    assertThat(sees(third)).as("a quorum of the owners after has it").isTrue();
  }

  @Test
  void whatAQuorumOfTheOwnersBeforeAgreesOnIsSeenByTheNextReadToo() {
    nodes.put(KEY, leaving, second);
    isAnnouncedToAll();
    nodes.dead.add(third.info.hostId());
    assertThat(sees(leaving)).isTrue();
    readsAskTheOwnersAfter();
    nodes.dead.clear();
    nodes.dead.add(second.info.hostId());
    assertThat(sees(third)).isTrue();
  }

  @Test
  void aScanSeesWhatAScanHasSeen() {
    nodes.put(KEY, leaving, second);
    isAnnouncedToAll();
    nodes.dead.add(third.info.hostId());
    assertThat(scans(leaving)).isTrue();
    readsAskTheOwnersAfter();
    nodes.dead.clear();
    nodes.dead.add(second.info.hostId());
    assertThat(scans(third)).isTrue();
  }

  /** Some have passed the step and others have not: the second read may be of the owners before. */
  @Test
  void whatTheOwnersAfterHaveShownIsSeenByAReadOfTheOwnersBefore() {
    nodes.put(KEY, coming);
    isAnnouncedToAll();
    ClusterMetadata announced = nodes.metadata();
    readsAskTheOwnersAfter();
    nodes.dead.add(third.info.hostId());
    assertThat(sees(coming)).isTrue();
    nodes.peers.forEach(peer -> peer.ring.adopt(announced));
    nodes.dead.clear();
    nodes.dead.add(second.info.hostId());
    assertThat(sees(third)).isTrue();
  }

  @Test
  void withNobodyOfTheOwnersWhoStaysMissingTheNewOneIsNotAsked() {
    isAnnouncedToAll();
    nodes.dead.add(coming.info.hostId());
    assertThat(sees(third)).isFalse();
    nodes.dead.clear();
    coming.host.crash();
    assertThat(sees(leaving)).isFalse();
  }

  @Test
  void aReadAtOneAsksOneOwner() {
    nodes.put(KEY, leaving);
    isAnnouncedToAll();
    nodes.peers.forEach(peer -> nodes.dead.add(peer.info.hostId()));
    Outcome<ReadResult> read = leaving.read(KEY, ConsistencyLevel.ONE);
    nodes.run(MOMENT_NANOS);
    assertThat(SimulatedReplicas.hasRows(read.value().fragment())).isTrue();
  }
}
