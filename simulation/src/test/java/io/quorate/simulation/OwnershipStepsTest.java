package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.MetadataCodec;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Endpoint;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.raft.SafetyChecker;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The negative control of the checker: changes of ownership that overlap must not get by it. */
class OwnershipStepsTest {
  /** Each next one takes what the one before leaves. */
  private static List<NodeInfo> nodes() {
    List<NodeInfo> nodes = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Endpoint endpoint = new Endpoint("n" + i, 1);
      nodes.add(
          new NodeInfo(
              new UUID(0, i),
              endpoint,
              endpoint,
              "dc",
              "r",
              "v",
              List.of(i * 100L),
              Feature.KNOWN));
    }
    return nodes;
  }

  private static ClusterMetadata cluster() {
    ClusterMetadata metadata = ClusterMetadata.EMPTY;
    for (NodeInfo node : nodes()) {
      metadata = applied(metadata, new MetadataChange.RegisterNode(node));
    }
    metadata = applied(metadata, new MetadataChange.EnableFeature(Feature.CHANGES_TOGETHER));
    metadata =
        applied(
            metadata,
            new MetadataChange.CreateKeyspace(
                new KeyspaceMetadata("ks", new Replication.Simple(1), true), false));
    TableMetadata table =
        new TableMetadata(
            new UUID(1, 1),
            "ks",
            "t",
            List.of(
                new ColumnMetadata(
                    "k", Scalar.INT, ColumnMetadata.Kind.PARTITION_KEY, 0, false, 0)),
            List.of(),
            1,
            TableOptions.DEFAULT);
    return applied(metadata, new MetadataChange.CreateTable(table, false));
  }

  private static MetadataChange leave(int node) {
    return new MetadataChange.BeginTransition(
        Transition.Kind.LEAVE, nodes().get(node), null, false);
  }

  private static ClusterMetadata applied(ClusterMetadata metadata, MetadataChange change) {
    ChangeOutcome outcome = metadata.apply(change);
    assertThat(outcome).isInstanceOf(ChangeOutcome.Applied.class);
    return ((ChangeOutcome.Applied) outcome).metadata();
  }

  /**
   * What a rule without an eye for ranges would make of a change beside another: the snapshot that
   * has the transitions of two.
   */
  private static ClusterMetadata together(ClusterMetadata one, ClusterMetadata other)
      throws IOException {
    byte[] first = MetadataCodec.encode(one);
    byte[] second = MetadataCodec.encode(other);
    int features = 4 + 2 + Feature.CHANGES_TOGETHER.length();
    int transitions = MetadataCodec.encode(cluster()).length - features - 1; // where they begin
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(5);
    out.write(second, 1, transitions - 1); // as in version 3
    out.writeInt(2);
    for (byte[] each : List.of(first, second)) {
      out.write(each, transitions + 1, each.length - features - transitions - 1);
      out.writeInt(0); // no other dead
    }
    out.write(Arrays.copyOfRange(second, second.length - features, second.length));
    return MetadataCodec.decode(bytes.toByteArray());
  }

  /** All steps, one change after the other. */
  private static List<ClusterMetadata> toTheEnd(ClusterMetadata begun) {
    List<ClusterMetadata> steps = new ArrayList<>(List.of(begun));
    for (Transition each : begun.transitions()) {
      for (Transition.Step step : Transition.Step.values()) {
        for (NodeInfo node : nodes()) {
          next(steps, new MetadataChange.AcknowledgeStep(each.number(), step, node.hostId()));
        }
        for (UUID receiver : each.receivers()) {
          next(steps, new MetadataChange.FinishStreaming(each.number(), receiver));
        }
      }
    }
    assertThat(steps.getLast().isChanging()).isFalse();
    return steps;
  }

  private static void next(List<ClusterMetadata> steps, MetadataChange change) {
    if (steps.getLast().apply(change) instanceof ChangeOutcome.Applied applied) {
      steps.add(applied.metadata());
    }
  }

  private static OwnershipSteps taken(List<ClusterMetadata> published) {
    OwnershipSteps steps = new OwnershipSteps();
    published.forEach(steps::take);
    return steps;
  }

  @Test
  void changesThatOverlapAreCaught() throws IOException {
    ClusterMetadata one = applied(cluster(), leave(1));
    assertThat(one.apply(leave(2))).isInstanceOf(ChangeOutcome.Invalid.class);
    long number = one.transitions().getFirst().number();
    ClusterMetadata later = applied(one, new MetadataChange.CancelTransition(number));
    ClusterMetadata both = together(one, applied(later, leave(2)));
    assertThat(both.transitions()).hasSize(2);
    List<ClusterMetadata> published = toTheEnd(both);
    assertThatThrownBy(() -> taken(published))
        .isInstanceOf(SafetyChecker.Violation.class)
        .hasMessageContaining("sets of replicas");
  }

  @Test
  void changesThatDoNotOverlapAreNot() {
    ClusterMetadata both = applied(applied(cluster(), leave(1)), leave(3));
    assertThatCode(() -> taken(toTheEnd(both))).doesNotThrowAnyException();
  }

  @Test
  void aStepThatIsPublishedLateIsComparedWithThoseAroundIt() throws IOException {
    ClusterMetadata one = applied(cluster(), leave(1));
    ClusterMetadata later =
        applied(one, new MetadataChange.CancelTransition(one.transitions().getFirst().number()));
    List<ClusterMetadata> steps = toTheEnd(together(one, applied(later, leave(2))));
    List<ClusterMetadata> published = new ArrayList<>();
    for (int first : List.of(0, 1)) {
      for (int i = first; i < steps.size(); i += 2) {
        published.add(steps.get(i));
      }
    }
    assertThatThrownBy(() -> taken(published))
        .isInstanceOf(SafetyChecker.Violation.class)
        .hasMessageContaining("sets of replicas");
  }

  private static boolean hasMovedReads(ClusterMetadata metadata, long change) {
    Transition transition = metadata.transition(change);
    return transition != null && transition.step() == Transition.Step.READ_NEW;
  }

  @Test
  void whoWasWaitedForMustKnowThatReadsMovedAndWhoWasSkippedOnlyTheStepBefore() {
    List<ClusterMetadata> published = toTheEnd(applied(cluster(), leave(1)));
    long change = published.getFirst().transitions().getFirst().number();
    long movedAt =
        published.stream()
            .filter(each -> hasMovedReads(each, change))
            .mapToLong(ClusterMetadata::ownershipEpoch)
            .findFirst()
            .orElseThrow();
    OwnershipSteps steps = taken(published);
    UUID skipped = nodes().get(3).hostId();
    steps.skip(change, skipped);
    assertThat(movedAt).isGreaterThan(change);
    assertThat(steps.floor()).isEqualTo(movedAt);
    assertThat(steps.floorOf(nodes().get(0).hostId())).isEqualTo(movedAt);
    assertThat(steps.floorOf(skipped)).isEqualTo(change);
  }
}
