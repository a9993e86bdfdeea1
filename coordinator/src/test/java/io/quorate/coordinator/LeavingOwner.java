package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.Transition;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Four nodes, and a row with three replicas, of which one leaves. */
final class LeavingOwner {
  static final int KEY = 7;
  static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  final SimulatedReplicas nodes = new SimulatedReplicas(4, new Replication.Simple(3));
  private final List<Peer> before = owners(nodes.metadata().replicas("ks", token()));

  /** Owned the row and gives it up. */
  final Peer leaving = before.getFirst();

  final Peer second = before.get(1);
  final Peer third = before.getLast();

  /** Gets the row in its place. */
  final Peer coming =
      nodes.peers.stream().filter(peer -> !before.contains(peer)).findFirst().orElseThrow();

  LeavingOwner() throws IOException {}

  private static long token() {
    return SimulatedReplicas.token(KEY);
  }

  private List<Peer> owners(List<NodeInfo> replicas) {
    return replicas.stream()
        .map(node ->
            nodes.peers.stream().filter(peer -> peer.info.equals(node)).findFirst().orElseThrow())
        .toList();
  }

  void isAnnouncedToAll() {
    ClusterMetadata announced =
        nodes.change(
            new MetadataChange.BeginTransition(Transition.Kind.LEAVE, leaving.info, null, false));
    assertThat(owners(announced.otherReplicas("ks", token())))
        .containsExactlyInAnyOrder(second, third, coming);
    adoptAll();
  }

  private Transition transition() {
    return nodes.metadata().transitions().getFirst();
  }

  /** All know it, the new owner has fetched before; reads ask the owners after. */
  void readsAskTheOwnersAfter() {
    long number = transition().number();
    for (Peer peer : nodes.peers) {
      nodes.change(
          new MetadataChange.AcknowledgeStep(
              number, Transition.Step.WRITE_BOTH, peer.info.hostId()));
    }
    List.copyOf(transition().receivers())
        .forEach(receiver -> nodes.change(new MetadataChange.FinishStreaming(number, receiver)));
    assertThat(transition().step()).isEqualTo(Transition.Step.READ_NEW);
    adoptAll();
  }

  /** The owner that leaves is gone. */
  void isOver() {
    long number = transition().number();
    for (Peer peer : nodes.peers) {
      nodes.change(
          new MetadataChange.AcknowledgeStep(number, Transition.Step.READ_NEW, peer.info.hostId()));
    }
    assertThat(nodes.metadata().isRemoved(leaving.info.hostId())).isTrue();
    adoptAll();
  }

  void adoptAll() {
    nodes.peers.forEach(peer -> peer.ring.adopt(nodes.metadata()));
  }
}
