package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.protocol.ConsistencyLevel;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** If this breaks, a read that has others to ask is run where their messages leave one by one. */
class AnswersAloneTest {

  @ParameterizedTest
  @EnumSource(names = {"ONE", "LOCAL_ONE", "QUORUM", "LOCAL_QUORUM", "EACH_QUORUM", "ALL"})
  void theOnlyOwnerDoes(ConsistencyLevel level) throws IOException {
    SimulatedReplicas nodes = new SimulatedReplicas(2, new Replication.Simple(1));
    int key = nodes.keyOf(nodes.peer(1), 0);
    assertThat(nodes.peer(1).answersAlone(key, level)).isTrue();
    assertThat(nodes.peer(2).answersAlone(key, level)).as("no owner").isFalse();
  }

  @Test
  void oneOfTwoOwnersDoesWhereOneIsEnough() throws IOException {
    SimulatedReplicas nodes = new SimulatedReplicas(2, new Replication.Simple(2));
    int key = nodes.keyOf(nodes.peer(1), 0);
    assertThat(nodes.peer(2).answersAlone(key, ConsistencyLevel.ONE)).isTrue();
    assertThat(nodes.peer(2).answersAlone(key, ConsistencyLevel.TWO)).isFalse();
    assertThat(nodes.peer(2).answersAlone(key, ConsistencyLevel.QUORUM)).isFalse();
    assertThat(nodes.peer(2).answersAlone(key, ConsistencyLevel.EACH_QUORUM)).isFalse();
  }

  @Test
  void theOnlyOwnerDoesNotWhileAnotherComes() throws IOException {
    SimulatedReplicas nodes = new SimulatedReplicas(2, new Replication.Simple(1));
    Peer leaving = nodes.peer(1);
    int key = nodes.keyOf(leaving, 0);
    nodes.change(
        new MetadataChange.BeginTransition(Transition.Kind.LEAVE, leaving.info, null, false));
    leaving.ring.adopt(nodes.metadata());
    assertThat(leaving.answersAlone(key, ConsistencyLevel.ONE)).isTrue();
    assertThat(leaving.answersAlone(key, ConsistencyLevel.QUORUM)).as("of both sets").isFalse();
  }
}
