package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.protocol.ConsistencyLevel;
import io.quorate.simulation.ClusterSimulation.Options;
import io.quorate.simulation.ClusterSimulation.Verdict;
import org.junit.jupiter.api.Test;

/** An acknowledged write that a crash or a cut takes away is the one thing a store must not do. */
class ClusterSimulationTest {
  private static final int SEEDS = Integer.getInteger("quorate.simulation.seeds", 25);

  @Test
  void atQuorumNothingAcknowledgedIsLostAndNoReadIsStale() {
    long writes = 0;
    long crashes = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      Verdict verdict = ClusterSimulation.run(seed, Options.QUORUM);
      assertThat(verdict.violations()).as("seed " + seed).isEmpty();
      writes += verdict.acknowledgedWrites();
      crashes += verdict.crashes();
    }
    assertThat(writes).as("the runs did something").isGreaterThan(SEEDS * 100L);
    assertThat(crashes).as("and were disturbed").isGreaterThan(SEEDS / 2);
  }

  @Test
  void oneSeedTwiceTakesTheSameSteps() {
    for (long seed = 1; seed <= 3; seed++) {
      assertThat(ClusterSimulation.run(seed, Options.QUORUM))
          .isEqualTo(ClusterSimulation.run(seed, Options.QUORUM));
    }
  }

  @Test
  void theCheckerCatchesReadsAndWritesAtOne() {
    Options one = new Options(ConsistencyLevel.ONE, ConsistencyLevel.ONE, false);
    boolean caught = false;
    for (long seed = 1; seed <= 20 && !caught; seed++) {
      caught =
          ClusterSimulation.run(seed, one).violations().stream()
              .anyMatch(violation -> violation.startsWith("stale read"));
    }
    assertThat(caught).as("R + W <= N shows stale reads").isTrue();
  }

  @Test
  void theCheckerCatchesADiskThatLies() {
    Options lying = new Options(ConsistencyLevel.QUORUM, ConsistencyLevel.QUORUM, true);
    boolean caught = false;
    // Each write of the log has what its last block had before: few power losses lose anything.
    for (long seed = 1; seed <= 100 && !caught; seed++) {
      caught = !ClusterSimulation.run(seed, lying).violations().isEmpty();
    }
    assertThat(caught).as("a sync that does nothing loses acknowledged writes").isTrue();
  }
}
