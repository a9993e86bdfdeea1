package io.quorate.gossip;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** If this fails, a slow link is taken for a dead node, or a dead node for a slow link. */
class PhiAccrualTest {
  private static final long MILLI = 1_000_000L;
  private static final long INTERVAL = 500 * MILLI;
  private static final long MIN_DEVIATION = 50 * MILLI;

  private static double phiAfter(long jitterNanos, long silenceNanos) {
    SplittableRandom random = new SplittableRandom(3);
    PhiAccrual detector = new PhiAccrual(0, INTERVAL, MIN_DEVIATION);
    long now = 0;
    for (int i = 0; i < 500; i++) {
      now += INTERVAL - jitterNanos / 2 + random.nextLong(jitterNanos + 1);
      detector.arrived(now);
    }
    return detector.phi(now + silenceNanos);
  }

  @Test
  void suspicionGrowsWithSilence() {
    double before = 0;
    for (long silence = 0; silence < 1_500 * MILLI; silence += 50 * MILLI) {
      double phi = phiAfter(0, silence);
      assertThat(phi).isGreaterThanOrEqualTo(before);
      before = phi;
    }
    assertThat(before).isGreaterThan(20);
  }

  @Test
  void aNodeOfUnsteadyRhythmGetsMoreTime() {
    long silence = 1_000 * MILLI;

    assertThat(phiAfter(20 * MILLI, silence)).isGreaterThan(8);
    assertThat(phiAfter(900 * MILLI, silence)).isLessThan(8);
  }

  @Test
  void theOwnPauseIsNotHeldAgainstTheOther() {
    PhiAccrual detector = new PhiAccrual(0, INTERVAL, MIN_DEVIATION);
    detector.skip(10_000 * MILLI);

    assertThat(detector.phi(10_000 * MILLI)).isLessThan(1);
  }
}
