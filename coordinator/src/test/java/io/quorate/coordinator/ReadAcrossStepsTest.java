package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.coordinator.SimulatedReplicas.Outcome;
import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.ReadResult;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, a client that has read a value at QUORUM reads an older one afterwards, because
 * ownership changed between and the second read asks nodes that the first did not look at.
 */
class ReadAcrossStepsTest {
  private static final int KEY = LeavingOwner.KEY;
  private static final long MOMENT_NANOS = LeavingOwner.MOMENT_NANOS;

  private final LeavingOwner row = new LeavingOwner();
  private final SimulatedReplicas nodes = row.nodes;
  private final Peer leaving = row.leaving;
  private final Peer second = row.second;
  private final Peer third = row.third;
  private final Peer coming = row.coming;

  ReadAcrossStepsTest() throws IOException {}

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
    row.isAnnouncedToAll();
    nodes.dead.add(third.info.hostId());
    assertThat(sees(leaving)).isTrue();
    row.readsAskTheOwnersAfter();
    nodes.dead.clear();
    nodes.dead.add(second.info.hostId());
    assertThat(sees(third)).as("a quorum of the owners after has it").isTrue();
  }

  @Test
  void whatAQuorumOfTheOwnersBeforeAgreesOnIsSeenByTheNextReadToo() {
    nodes.put(KEY, leaving, second);
    row.isAnnouncedToAll();
    nodes.dead.add(third.info.hostId());
    assertThat(sees(leaving)).isTrue();
    row.readsAskTheOwnersAfter();
    nodes.dead.clear();
    nodes.dead.add(second.info.hostId());
    assertThat(sees(third)).isTrue();
  }

  @Test
  void aScanSeesWhatAScanHasSeen() {
    nodes.put(KEY, leaving, second);
    row.isAnnouncedToAll();
    nodes.dead.add(third.info.hostId());
    assertThat(scans(leaving)).isTrue();
    row.readsAskTheOwnersAfter();
    nodes.dead.clear();
    nodes.dead.add(second.info.hostId());
    assertThat(scans(third)).isTrue();
  }

  /** Some have passed the step and others have not: the second read may be of the owners before. */
  @Test
  void whatTheOwnersAfterHaveShownIsSeenByAReadOfTheOwnersBefore() {
    nodes.put(KEY, coming);
    row.isAnnouncedToAll();
    ClusterMetadata announced = nodes.metadata();
    row.readsAskTheOwnersAfter();
    nodes.dead.add(third.info.hostId());
    assertThat(sees(coming)).isTrue();
    nodes.peers.forEach(peer -> peer.ring.adopt(announced));
    nodes.dead.clear();
    nodes.dead.add(second.info.hostId());
    assertThat(sees(third)).isTrue();
  }

  @Test
  void withNobodyOfTheOwnersWhoStaysMissingTheNewOneIsNotAsked() {
    row.isAnnouncedToAll();
    nodes.dead.add(coming.info.hostId());
    assertThat(sees(third)).isFalse();
    nodes.dead.clear();
    coming.host.crash();
    assertThat(sees(leaving)).isFalse();
  }

  @Test
  void anOwnerAnswersAloneWhatNeedsNobodyElse() {
    row.isAnnouncedToAll();
    assertThat(leaving.answersAlone(KEY, ConsistencyLevel.ONE)).isTrue();
    assertThat(leaving.answersAlone(KEY, ConsistencyLevel.LOCAL_ONE)).isTrue();
    assertThat(leaving.answersAlone(KEY, ConsistencyLevel.QUORUM)).isFalse();
    assertThat(coming.answersAlone(KEY, ConsistencyLevel.ONE)).as("no owner yet").isFalse();
  }

  @Test
  void aReadAtOneAsksOneOwner() {
    nodes.put(KEY, leaving);
    row.isAnnouncedToAll();
    nodes.peers.forEach(peer -> nodes.dead.add(peer.info.hostId()));
    Outcome<ReadResult> read = leaving.read(KEY, ConsistencyLevel.ONE);
    nodes.run(MOMENT_NANOS);
    assertThat(SimulatedReplicas.hasRows(read.value().fragment())).isTrue();
  }
}
