package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.coordinator.metadata.Transition.Step;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.simulation.FlawedMessaging.Flaw;
import io.quorate.simulation.History.Outcome;
import io.quorate.simulation.OwnershipRun.Moment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A change of ownership takes seconds to days. Whatever else happens at any of its steps, it must
 * come to an end, and what was acknowledged meanwhile must be found.
 */
class TransitionStepsTest {
  private enum Victim {
    /** Who joins or leaves. */
    SUBJECT,
    METADATA_LEADER,
    /** Another one: it gives or gets rows, or only knows of it. */
    BYSTANDER
  }

  @Test
  void aNodeThatDiesAtAnyStepOfAJoinComesBackAndTheJoinEnds() {
    long seed = 1;
    for (Moment moment : Moment.values()) {
      for (Victim victim : Victim.values()) {
        OwnershipRun run = new OwnershipRun(seed++, 3);
        run.work(1);
        SimulatedHost young = run.cluster.addHost();
        run.cluster.start(young);
        crashAt(run, moment, victim, young);
        run.await("it has joined", () -> run.cluster.serves(young) && run.transition() == null);
        run.rest();
        assertThat(run.metadata().nodes()).hasSize(4);
        assertThat(run.missing()).as("%s dies, %s", victim, moment).isEmpty();
      }
    }
  }

  @Test
  void aNodeThatDiesAtAnyStepOfALeaveComesBackAndTheLeaveEnds() {
    long seed = 101;
    for (Moment moment : Moment.values()) {
      for (Victim victim : Victim.values()) {
        OwnershipRun run = new OwnershipRun(seed++, 3, 4, Flaw.NONE);
        run.work(1);
        SimulatedHost leaving = run.cluster.hosts().getLast();
        run.cluster.mayFail(leaving);
        UUID id = run.cluster.node(leaving).coordinator().localHostId();
        begin(run, Transition.Kind.LEAVE, id);
        crashAt(run, moment, victim, leaving);
        run.await("it has left", () -> run.metadata().isRemoved(id) && run.transition() == null);
        run.rest();
        run.cluster.retire(leaving);
        assertThat(run.missing()).as("%s dies, %s", victim, moment).isEmpty();
      }
    }
  }

  private static void begin(OwnershipRun run, Transition.Kind kind, UUID id) {
    NodeInfo node = Objects.requireNonNull(run.metadata().node(id));
    run.registers.attempt(
        run.cluster.hosts().getFirst(),
        new MetadataChange.BeginTransition(kind, node, null, false),
        outcome -> assertThat(outcome).isNotEqualTo(Outcome.REFUSED));
  }

  private static void crashAt(
      OwnershipRun run, Moment moment, Victim victim, SimulatedHost subject) {
    run.await(moment);
    SimulatedHost host =
        switch (victim) {
          case SUBJECT -> subject;
          case METADATA_LEADER -> run.leader();
          case BYSTANDER ->
              run.cluster.hosts().stream()
                  .filter(one -> one != subject && one != run.leader())
                  .findFirst()
                  .orElseThrow();
        };
    host.crash();
    run.world.runFor(TimeUnit.SECONDS.toNanos(1));
    run.cluster.start(host);
  }

  /** The new owner asked for rows of a table that was gone, for ever. */
  @Test
  void tablesMayComeAndGoWhileRowsAreFetched() {
    for (long seed = 1; seed <= 5; seed++) {
      OwnershipRun run = new OwnershipRun(seed, 3);
      run.registers.change(MetadataRegister.creation());
      SimulatedHost young = run.cluster.addHost();
      run.cluster.start(young);
      run.await("it fetches", () -> run.transition() != null && run.transition().mayStream());
      run.registers.change(
          new MetadataChange.DropTable(Registers.KEYSPACE, "metadata_register", false));
      run.registers.change(MetadataRegister.creation());
      run.work(1);
      run.await("it has joined", () -> run.cluster.serves(young) && run.transition() == null);
      run.rest();
      assertThat(run.missing()).as("seed %d", seed).isEmpty();
    }
  }

  /** Rows that a new owner fetched from before the TRUNCATE would be back when the old ones go. */
  @Test
  void whatWasTruncatedStaysAwayAlsoWhileANodeJoins() {
    int truncated = 0;
    for (long seed = 1; seed <= 20; seed++) {
      OwnershipRun run = new OwnershipRun(seed, 3);
      for (int i = 0; i < 60; i++) {
        run.writeAt(run.cluster.hosts().get(i % 3));
      }
      run.world.runFor(TimeUnit.SECONDS.toNanos(1));
      SimulatedHost young = run.cluster.addHost();
      run.cluster.start(young);
      List<Outcome> outcomes = new ArrayList<>();
      run.await("it joins", () -> run.transition() != null);
      run.world.runFor(TimeUnit.MILLISECONDS.toNanos(run.world.random().nextInt(1_000)));
      run.registers.truncate(run.cluster.hosts().getFirst(), outcomes::add);
      run.await("it has joined", () -> run.cluster.serves(young) && run.transition() == null);
      run.rest();
      if (outcomes.contains(Outcome.OK)) {
        truncated++;
        assertThat(run.missing()).as("seed %d", seed).hasSize(run.acknowledged.size());
      }
    }
    assertThat(truncated).isEqualTo(20);
  }

  /** Nothing decides by itself that a node which has rows is dead: the operator does. */
  @Test
  void aJoinWhoseSourceDiesForGoodIsCancelledAndBegunAgain() {
    OwnershipRun run = new OwnershipRun(1, 3, 4, Flaw.NONE);
    run.work(1);
    SimulatedHost dead = run.cluster.hosts().getLast();
    UUID deadId = run.cluster.node(dead).coordinator().localHostId();
    SimulatedHost young = run.cluster.addHost();
    run.cluster.mayFail(young);
    run.cluster.start(young);
    run.await("it is announced", () -> run.transition() != null);
    dead.crash();
    run.world.runFor(TimeUnit.SECONDS.toNanos(30));
    Transition stuck = run.transition();
    assertThat(stuck).as("it waits for the dead one").isNotNull();
    assertThat(stuck.step()).isEqualTo(Step.WRITE_BOTH);

    run.registers.change(new MetadataChange.CancelTransition(stuck.number()));
    begin(run, Transition.Kind.REMOVE, deadId);
    run.await("it is out", () -> run.metadata().isRemoved(deadId) && run.transition() == null);
    run.cluster.retire(dead);
    run.await("the young one is told", () -> run.cluster.failure(young) != null && !young.isUp());
    assertThat(run.cluster.failure(young)).contains("cancelled");
    run.cluster.start(young);
    run.await("it has joined", () -> run.cluster.serves(young) && run.transition() == null);
    run.rest();
    assertThat(run.metadata().nodes()).hasSize(4);
    assertThat(run.missing()).isEmpty();
  }

  /** Messages get lost: who counts only the owners before thinks that a row is where it is not. */
  @Test
  void whatWasAcknowledgedIsThereAtTheVeryEndOfAJoin() {
    for (long seed = 1; seed <= 4; seed++) {
      assertThat(missingAtTheEnd(seed, Flaw.NONE)).as("seed %d", seed).isZero();
    }
  }

  @Test
  void aWriteThatCountsTheOwnersBeforeOnlyIsCaught() {
    int missing = 0;
    for (long seed = 1; seed <= 4 && missing == 0; seed++) {
      missing = missingAtTheEnd(seed, Flaw.COUNTS_OWNERS_BEFORE);
    }
    assertThat(missing).isPositive();
  }

  /** With one replica a row, none makes up for another; and hints have had no time. */
  private static int missingAtTheEnd(long seed, Flaw flaw) {
    OwnershipRun run = new OwnershipRun(seed, 1, 3, flaw);
    run.world.links().unreliable(0.1, 0, 0);
    run.work(8);
    SimulatedHost young = run.cluster.addHost();
    run.cluster.start(young);
    run.await("it has joined", () -> run.cluster.serves(young) && run.transition() == null);
    run.world.links().unreliable(0, 0, 0);
    run.stopWork();
    return run.missing().size();
  }

  /** Whoever counts only the owners after loses what they have when the change is taken back. */
  @Test
  void whatWasAcknowledgedIsThereWhenAJoinIsCancelled() {
    for (long seed = 1; seed <= 4; seed++) {
      assertThat(missingAfterCancelling(seed, Flaw.NONE)).as("seed %d", seed).isZero();
    }
  }

  @Test
  void aWriteThatCountsTheOwnersAfterOnlyIsCaught() {
    int missing = 0;
    for (long seed = 1; seed <= 4 && missing == 0; seed++) {
      missing = missingAfterCancelling(seed, Flaw.COUNTS_OWNERS_AFTER);
    }
    assertThat(missing).isPositive();
  }

  /** One replica a row; a node that is down keeps the change where it may be taken back. */
  private static int missingAfterCancelling(long seed, Flaw flaw) {
    OwnershipRun run = new OwnershipRun(seed, 1, 4, flaw);
    SimulatedHost down = run.cluster.hosts().getLast();
    run.work(8);
    SimulatedHost young = run.cluster.addHost();
    run.cluster.mayFail(young);
    run.cluster.start(young);
    run.await("it is announced", () -> run.transition() != null);
    down.crash();
    run.world.links().unreliable(0.1, 0, 0);
    run.world.runFor(TimeUnit.SECONDS.toNanos(3));
    run.world.links().unreliable(0, 0, 0);
    run.stopWork();
    Transition begun = Objects.requireNonNull(run.transition());
    run.registers.change(new MetadataChange.CancelTransition(begun.number()));
    run.cluster.start(down);
    run.await("all serve again", () -> run.transition() == null && run.cluster.serves(down));
    return run.missing().size();
  }

  /** The zombie of the textbooks: taken for dead and taken out, it goes on with what it knew. */
  @Test
  void aNodeThatWasTakenOutIsRefusedWhenItIsHeardAgain() {
    for (long seed = 1; seed <= 4; seed++) {
      assertThat(missingAfterTheZombie(seed, Flaw.NONE)).as("seed %d", seed).isZero();
    }
  }

  @Test
  void aReplicaThatTakesRequestsOfAnyEpochIsCaught() {
    int missing = 0;
    for (long seed = 1; seed <= 4 && missing == 0; seed++) {
      missing = missingAfterTheZombie(seed, Flaw.NO_FENCE);
    }
    assertThat(missing).isPositive();
  }

  /**
   * A node stands still, as a long garbage collection makes it, is removed, and goes on with what
   * it knew; one of the others hears it.
   */
  private static int missingAfterTheZombie(long seed, Flaw flaw) {
    OwnershipRun run = new OwnershipRun(seed, 3, 4, flaw);
    SimulatedHost zombie = run.cluster.hosts().getLast();
    SimulatedHost friend = run.cluster.hosts().get(1);
    run.cluster.mayFail(zombie);
    UUID id = run.cluster.node(zombie).coordinator().localHostId();
    long wakesNanos = run.world.nowNanos() + TimeUnit.SECONDS.toNanos(20);
    zombie.pause(TimeUnit.SECONDS.toNanos(20));
    for (SimulatedHost other : run.cluster.hosts()) {
      run.world.links().cut(zombie.name(), other.name());
    }
    begin(run, Transition.Kind.REMOVE, id);
    run.await("it is out", () -> run.metadata().isRemoved(id));
    run.world.runFor(wakesNanos - run.world.nowNanos());
    run.world.links().heal();
    for (SimulatedHost other : run.cluster.hosts()) {
      if (other != friend && other != zombie) {
        run.world.links().cut(zombie.name(), other.name());
      }
    }
    for (int i = 0; i < 100; i++) {
      run.writeAt(zombie);
      run.world.runFor(TimeUnit.MILLISECONDS.toNanos(5));
    }
    run.world.runFor(TimeUnit.SECONDS.toNanos(3));
    run.cluster.retire(zombie);
    return run.missing().size();
  }
}
