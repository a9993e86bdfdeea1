package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.node.NodeState;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.simulation.FlawedMessaging.Flaw;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A node that leaves keeps writes for others that they have missed. If it takes these along, they
 * answer at ONE without what was acknowledged, until somebody repairs them.
 */
class LeavingHintsTest {
  private final OwnershipRun run = new OwnershipRun(1, 3, 4, Flaw.NONE);
  private final SimulatedHost leaving = run.cluster.hosts().get(3);

  /** Not who leads the metadata ring: the leaving node needs that one for its last step. */
  private final SimulatedHost target =
      run.cluster.hosts().stream().filter(host -> host != run.leader()).findFirst().orElseThrow();

  private void writeWithoutTheTarget() {
    run.world.links().cut(leaving.name(), target.name());
    for (int i = 0; i < 100; i++) {
      run.writeAt(leaving);
    }
  }

  private void leave() {
    UUID id = run.cluster.node(leaving).coordinator().localHostId();
    run.cluster.mayFail(leaving);
    NodeInfo node = Objects.requireNonNull(run.metadata().node(id));
    run.registers.attempt(
        run.cluster.hosts().getFirst(),
        new MetadataChange.BeginTransition(Transition.Kind.LEAVE, node, null, false),
        outcome -> assertThat(outcome).isEqualTo(Outcome.OK));
  }

  private void isGone() {
    run.await(
        "it has left",
        () ->
            !run.cluster.serves(leaving) && run.cluster.state(leaving) == NodeState.DECOMMISSIONED);
    run.cluster.retire(leaving);
  }

  /** What was acknowledged and the target does not know, or those that it asks at ONE. */
  private List<Integer> missingAtTheTarget() {
    List<Integer> missing = new ArrayList<>();
    for (int register : run.acknowledged) {
      long[] found = {-1};
      run.registers.read(
          0,
          target,
          register,
          ConsistencyLevel.ONE,
          operation -> found[0] = operation.outcome() == Outcome.OK ? operation.value() : -2);
      run.world.runUntil(() -> found[0] != -1, TimeUnit.SECONDS.toNanos(10));
      if (found[0] != 1) {
        missing.add(register);
      }
    }
    return missing;
  }

  @Test
  void whatItKeptReachesWhoItIsForAlsoWhenItHasGone() {
    writeWithoutTheTarget();
    run.world.runFor(TimeUnit.SECONDS.toNanos(4));
    assertThat(run.acknowledged).hasSize(100);
    assertThat(missingAtTheTarget()).as("it has missed something").isNotEmpty();
    run.world.links().heal();
    leave();
    isGone();
    run.world.runFor(TimeUnit.SECONDS.toNanos(30));
    assertThat(missingAtTheTarget()).isEmpty();
  }
}
