package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** If this fails, a member with a wrong state goes on serving it, or a right one is stopped. */
class StateAgreementTest {
  private static final PeerId A = new PeerId("a");
  private static final PeerId B = new PeerId("b");
  private static final PeerId C = new PeerId("c");
  private static final PeerId LEARNER = new PeerId("l");
  private static final Configuration THREE = Configuration.of(List.of(A, B, C));
  private static final StateHash RIGHT = new StateHash(1, 7);
  private static final StateHash WRONG = new StateHash(1, 8);

  private final StateAgreement agreement = new StateAgreement(A);

  @Test
  void theMajorityIsRightWhoeverIsHeardFirst() {
    assertThat(agreement.report(B, 10, WRONG, THREE)).isEmpty();
    assertThat(agreement.report(LEARNER, 10, WRONG, THREE)).isEmpty();
    assertThat(agreement.report(A, 10, RIGHT, THREE)).isEmpty();
    assertThat(agreement.report(C, 10, RIGHT, THREE)).containsExactly(B, LEARNER);
    assertThat(agreement.verdict(10)).isEqualTo(new StateAgreement.Verdict(RIGHT, true));
    assertThat(agreement.report(new PeerId("late"), 10, WRONG, THREE)).hasSize(1);
    assertThat(agreement.report(new PeerId("late too"), 10, RIGHT, THREE)).isEmpty();
  }

  @Test
  void theLeaderItselfMayBeTheOddOne() {
    agreement.report(B, 10, RIGHT, THREE);
    agreement.report(C, 10, RIGHT, THREE);
    assertThat(agreement.report(A, 10, WRONG, THREE)).containsExactly(A);
    agreement.computed(10, WRONG);
    assertThat(agreement.isAgainstSelf(10, RIGHT)).isTrue();
    assertThat(agreement.isAgainstSelf(20, RIGHT)).as("not computed").isFalse();
  }

  @Test
  void withoutAMajorityTheLeaderCountsOnceNobodyIsMissing() {
    Configuration two = Configuration.of(List.of(A, B));
    assertThat(agreement.report(A, 10, RIGHT, two)).isEmpty();
    assertThat(agreement.report(B, 10, WRONG, two)).containsExactly(B);
    assertThat(agreement.verdict(10)).isEqualTo(new StateAgreement.Verdict(RIGHT, false));

    assertThat(agreement.report(A, 20, RIGHT, THREE)).isEmpty();
    assertThat(agreement.report(B, 20, WRONG, THREE)).as("c decides").isEmpty();
    assertThat(agreement.report(C, 20, WRONG, THREE)).containsExactly(A);
  }

  @Test
  void hashesOfOtherFormatsAreNotCompared() {
    StateHash older = new StateHash(0, 99);
    agreement.report(A, 10, RIGHT, THREE);
    agreement.report(B, 10, RIGHT, THREE);
    assertThat(agreement.report(C, 10, older, THREE)).isEmpty();
    agreement.computed(10, older);
    assertThat(agreement.isAgainstSelf(10, RIGHT)).isFalse();
  }

  @Test
  void theHashIsTheSameInEveryReleaseAndOfEveryByte() {
    // FNV-1a's published value of "foobar".
    assertThat(StateHash.of(1, new byte[] {'f', 'o', 'o', 'b', 'a', 'r'}).value())
        .isEqualTo(0x85944171f73967e8L);
    assertThat(StateHash.of(1, new byte[] {1, 0}))
        .isNotEqualTo(StateHash.of(1, new byte[] {1}))
        .isNotEqualTo(StateHash.of(1, new byte[] {0, 1}));
  }

  @Test
  void workThatKeepsMovingIsNoStall() {
    StallWatch watch = new StallWatch();
    assertThat(watch.stalledTicks(0, 0, 100)).isZero();
    for (int tick = 101; tick < 200; tick++) {
      assertThat(watch.stalledTicks(tick, tick - 3, tick)).isLessThanOrEqualTo(4);
    }
    assertThat(watch.stalledTicks(300, 250, 200)).isLessThanOrEqualTo(4);
    assertThat(watch.stalledTicks(300, 250, 230)).isEqualTo(30);
    assertThat(watch.stalledTicks(400, 300, 240)).isZero();
  }
}
