package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.environment.Endpoint;
import io.quorate.protocol.ConsistencyLevel;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A quorum counted wrongly acknowledges a write that a later quorum read does not see. */
class QuorumTrackerTest {
  private static final List<NodeInfo> THREE = List.of(node(1, "a"), node(2, "a"), node(3, "a"));
  private static final List<NodeInfo> TWO_DATACENTERS =
      List.of(node(1, "a"), node(2, "a"), node(3, "a"), node(4, "b"), node(5, "b"), node(6, "b"));

  @Test
  void requiredIsWhatTheLevelSays() {
    assertThat(required(ConsistencyLevel.ONE, THREE)).isEqualTo(1);
    assertThat(required(ConsistencyLevel.TWO, THREE)).isEqualTo(2);
    assertThat(required(ConsistencyLevel.QUORUM, THREE)).isEqualTo(2);
    assertThat(required(ConsistencyLevel.ALL, THREE)).isEqualTo(3);
    assertThat(required(ConsistencyLevel.QUORUM, TWO_DATACENTERS)).isEqualTo(4);
    assertThat(required(ConsistencyLevel.LOCAL_QUORUM, TWO_DATACENTERS)).isEqualTo(2);
    assertThat(required(ConsistencyLevel.EACH_QUORUM, TWO_DATACENTERS)).isEqualTo(4);
  }

  @Test
  void aReplicaOfAnotherDatacenterDoesNotCountLocally() {
    QuorumTracker tracker = QuorumTracker.of(ConsistencyLevel.LOCAL_QUORUM, TWO_DATACENTERS, "a");
    assertThat(tracker.answered(TWO_DATACENTERS.get(3))).isFalse();
    assertThat(tracker.answered(TWO_DATACENTERS.get(0))).isFalse();
    assertThat(tracker.answered(TWO_DATACENTERS.get(4))).isFalse();
    assertThat(tracker.answered(TWO_DATACENTERS.get(1))).isTrue();
    assertThat(tracker.received()).isEqualTo(2);
  }

  @Test
  void eachQuorumNeedsAQuorumInEachDatacenter() {
    QuorumTracker tracker = QuorumTracker.of(ConsistencyLevel.EACH_QUORUM, TWO_DATACENTERS, "a");
    assertThat(tracker.answered(TWO_DATACENTERS.get(0))).isFalse();
    assertThat(tracker.answered(TWO_DATACENTERS.get(1))).isFalse();
    assertThat(tracker.answered(TWO_DATACENTERS.get(2))).as("third of one").isFalse();
    assertThat(tracker.answered(TWO_DATACENTERS.get(3))).isFalse();
    assertThat(tracker.answered(TWO_DATACENTERS.get(4))).isTrue();
  }

  @Test
  void answersOfOneDatacenterDoNotMakeUpForThoseOfAnother() {
    QuorumTracker tracker = QuorumTracker.of(ConsistencyLevel.EACH_QUORUM, TWO_DATACENTERS, "a");
    List<NodeInfo> four = TWO_DATACENTERS.subList(0, 4);
    assertThat(tracker.isReachedBy(four)).as("three of a, one of b").isFalse();
    assertThat(tracker.wants(four.subList(0, 2), four.get(2))).isFalse();
    assertThat(tracker.wants(four.subList(0, 3), four.get(3))).isTrue();
    assertThat(tracker.isReachedBy(TWO_DATACENTERS.subList(1, 5))).isTrue();
  }

  @Test
  void unavailableSaysRequiredAndAlive() {
    QuorumTracker quorum = QuorumTracker.of(ConsistencyLevel.QUORUM, THREE, "a");
    assertThat(quorum.unavailable(THREE, node -> node.equals(THREE.get(0))))
        .isEqualTo(new RequestFailure.Unavailable(ConsistencyLevel.QUORUM, 2, 1));
    assertThat(quorum.unavailable(THREE, node -> !node.equals(THREE.get(0)))).isNull();
    QuorumTracker each = QuorumTracker.of(ConsistencyLevel.EACH_QUORUM, TWO_DATACENTERS, "a");
    assertThat(each.unavailable(TWO_DATACENTERS, node -> node.datacenter().equals("a")))
        .isEqualTo(new RequestFailure.Unavailable(ConsistencyLevel.EACH_QUORUM, 2, 0));
  }

  @Test
  void refusalsThatMakeTheLevelImpossibleAreToldOnce() {
    QuorumTracker tracker = QuorumTracker.of(ConsistencyLevel.QUORUM, THREE, "a");
    assertThat(tracker.refused(THREE.get(0))).isFalse();
    assertThat(tracker.refused(THREE.get(1))).isTrue();
    assertThat(tracker.refused(THREE.get(2))).isFalse();
  }

  private static int required(ConsistencyLevel level, List<NodeInfo> replicas) {
    return QuorumTracker.of(level, replicas, "a").required();
  }

  private static NodeInfo node(int number, String datacenter) {
    Endpoint endpoint = new Endpoint("n" + number, 1);
    return new NodeInfo(
        new UUID(0, number), endpoint, endpoint, datacenter, "r", "v", List.of((long) number));
  }
}
