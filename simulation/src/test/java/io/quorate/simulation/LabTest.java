package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A lab that shows what is hoped for, and not what is, misleads whoever chooses a level by it. */
class LabTest {
  @Test
  void itShowsTheContrastOfLevelsAndRings() {
    for (long seed = 1; seed <= 3; seed++) {
      LabReport report = Lab.run(seed, false);
      System.out.println(report.text());
      assertThat(report.broken()).as("seed " + seed).isEmpty();
      assertThat(report.levels().getFirst().staleReads()).as("ONE is stale").isPositive();
      assertThat(report.metadata().minority().ok()).isZero();
    }
  }

  @Test
  void aQuorumThatIsNoneTurnsItRed() {
    assertThat(Lab.run(1, true).broken()).anyMatch(promise -> promise.startsWith("QUORUM"));
  }

  @Test
  void itFitsAnEightyColumnTerminal() {
    assertThat(Lab.run(1, false).text().lines()).allMatch(line -> line.length() <= 80);
  }
}
