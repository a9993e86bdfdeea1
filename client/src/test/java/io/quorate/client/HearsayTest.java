package io.quorate.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A driver that believes one node alone follows the one that is cut off, away from the others. */
class HearsayTest {
  private static final InetSocketAddress A = new InetSocketAddress("127.0.9.1", 9042);
  private static final InetSocketAddress B = new InetSocketAddress("127.0.9.2", 9042);
  private static final InetSocketAddress C = new InetSocketAddress("127.0.9.3", 9042);
  private static final Set<InetSocketAddress> ALL = Set.of(A, B, C);

  private final Hearsay hearsay = new Hearsay();

  /** If this breaks, requests go to the minority side of a cut. */
  @Test
  void theNodeThatIsCutOffIsOutvoted() {
    hearsay.said(A, B, false);
    hearsay.said(A, C, false);
    assertThat(hearsay.isDown(B, ALL)).isFalse();
    assertThat(hearsay.isDown(C, ALL)).isFalse();
    hearsay.said(B, A, false);
    assertThat(hearsay.isDown(A, ALL)).isFalse();
    hearsay.said(C, A, false);
    assertThat(hearsay.isDown(A, ALL)).isTrue();
    hearsay.said(B, A, true);
    assertThat(hearsay.isDown(A, ALL)).isFalse();
  }

  /** If this breaks, a node that is killed is asked on while those that saw it die say so. */
  @Test
  void onlyThoseThatCanBeHeardCount() {
    hearsay.said(B, A, false);
    assertThat(hearsay.isDown(A, Set.of(A, B))).isTrue();
    assertThat(hearsay.isDown(A, Set.of())).isTrue();
    hearsay.forgetSayer(B);
    assertThat(hearsay.isDown(A, Set.of(A, C))).isFalse();
  }

  /** If this breaks, a node that is drained gets requests until its connections are cut. */
  @Test
  void whatANodeSaysOfItselfIsBelieved() {
    hearsay.said(A, A, false);
    assertThat(hearsay.isDown(A, ALL)).isTrue();
    hearsay.forget(A);
    assertThat(hearsay.isDown(A, ALL)).isFalse();
  }
}
