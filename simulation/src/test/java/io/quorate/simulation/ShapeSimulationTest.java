package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.simulation.ShapeSimulation.Control;
import io.quorate.simulation.ShapeSimulation.Verdict;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * A cluster that grows, shrinks and loses nodes while everything goes wrong must keep what it has
 * acknowledged: the moment of which operators of rings are most afraid.
 */
class ShapeSimulationTest {
  private static final int SEEDS = Integer.getInteger("quorate.simulation.shapes", 300);

  @Test
  void aClusterThatChangesItsShapeKeepsItsPromises() {
    TreeMap<String, Integer> shapes = new TreeMap<>();
    long writes = 0;
    long metadataOperations = 0;
    // Runs have nothing in common, so that they may be at the same time.
    List<Verdict> verdicts =
        LongStream.rangeClosed(1, SEEDS).parallel().mapToObj(ShapeSimulation::run).toList();
    for (Verdict verdict : verdicts) {
      assertThat(verdict.violations())
          .as("./quorate sim --seed %d%n%s", verdict.seed(), String.join("\n", verdict.story()))
          .isEmpty();
      verdict.shapes().forEach((shape, count) -> shapes.merge(shape, count, Integer::sum));
      writes += verdict.acknowledgedWrites();
      metadataOperations += verdict.metadataOperations();
    }
    // A run in which nothing happens proves nothing.
    assertThat(shapes)
        .containsKeys("JOIN", "LEAVE", "MOVE", "REMOVE", "DIED_MEANWHILE", "REPLACE", "TOGETHER")
        .containsKeys("SNAPSHOT_TAKEN", "SNAPSHOT_INSTALLED");
    assertThat(writes).isGreaterThan(SEEDS * 200L);
    assertThat(metadataOperations).isGreaterThan(SEEDS * 40L);
  }

  @Test
  void oneSeedTwiceTakesTheSameSteps() {
    for (long seed = 1; seed <= 2; seed++) {
      assertThat(ShapeSimulation.run(seed)).isEqualTo(ShapeSimulation.run(seed));
    }
  }

  @Test
  void aNewOwnerThatFetchesNothingIsCaught() {
    assertThat(firstCaught(Control.FETCHES_NOTHING, 1, 30, "stale read")).isPositive();
  }

  @Test
  void aWriteThatCountsTheOwnersBeforeOnlyIsCaught() {
    assertThat(firstCaught(Control.COUNTS_OWNERS_BEFORE, 1, 60, "stale read")).isPositive();
  }

  @Test
  void metadataReadWithoutAskingTheRingAreCaught() {
    assertThat(firstCaught(Control.READS_OLD_METADATA, 1, 10, "not linearisable")).isPositive();
  }

  /** The first of some seeds in which what is wrong is noticed; 0 when none is. */
  private static long firstCaught(Control control, long from, int seeds, String how) {
    for (long seed = from; seed < from + seeds; seed++) {
      boolean caught =
          ShapeSimulation.run(seed, control).violations().stream()
              .anyMatch(violation -> violation.contains(how));
      if (caught) {
        return seed;
      }
    }
    return 0;
  }
}
