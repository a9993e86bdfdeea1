package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.simulation.Linearizability.Action;
import io.quorate.simulation.Linearizability.Action.Miss;
import io.quorate.simulation.Linearizability.Action.Read;
import io.quorate.simulation.Linearizability.Action.Swap;
import io.quorate.simulation.Linearizability.Operation;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A checker that passes everything would let a stale schema reach users unnoticed. */
class LinearizabilityTest {
  private static Operation operation(Action action, long begin, long end) {
    return new Operation("c", action, begin, end);
  }

  private static boolean holds(Operation... history) {
    return Linearizability.holds(List.of(history), 0);
  }

  @Test
  void whatHappensInTurnMustBeSeenInTurn() {
    Operation first = operation(new Swap(0, 1), 1, 2);
    Operation second = operation(new Swap(1, 2), 3, 4);
    assertThat(holds(first, second, operation(new Read(2), 5, 6))).isTrue();
    assertThat(holds(first, second, operation(new Read(1), 5, 6))).as("stale").isFalse();
    assertThat(holds(first, operation(new Swap(0, 2), 3, 4))).as("lost").isFalse();
    assertThat(holds(operation(new Read(7), 1, 2))).as("made up").isFalse();
  }

  @Test
  void whatOverlapsMayHappenInEitherOrderButInOne() {
    Operation swap = operation(new Swap(0, 1), 1, 10);
    Operation old = operation(new Read(0), 2, 3);
    Operation young = operation(new Read(1), 4, 5);
    assertThat(holds(swap, old, young)).isTrue();
    assertThat(holds(swap, operation(new Read(1), 2, 3), operation(new Read(0), 4, 5)))
        .as("a read that goes back")
        .isFalse();
  }

  @Test
  void whatIsNotKnownToHaveHappenedMayHappenLateOrNever() {
    Operation unknown = operation(new Swap(0, 1), 1, Linearizability.NEVER);
    assertThat(holds(unknown, operation(new Read(0), 5, 6))).isTrue();
    assertThat(holds(unknown, operation(new Read(0), 5, 6), operation(new Read(1), 7, 8))).isTrue();
    assertThat(holds(unknown, operation(new Read(1), 5, 6), operation(new Read(0), 7, 8)))
        .as("it happens once")
        .isFalse();
  }

  @Test
  void aSwapThatMissedSawAnotherValue() {
    assertThat(holds(operation(new Miss(0), 1, 2))).isFalse();
    assertThat(holds(operation(new Swap(0, 1), 1, 2), operation(new Miss(0), 3, 4))).isTrue();
  }
}
