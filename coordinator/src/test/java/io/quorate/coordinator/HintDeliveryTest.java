package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.SimulatedReplicas.Peer;
import io.quorate.coordinator.metadata.MetadataChange;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A hint that goes to a node which has given the row away, or is about to, is a write that the
 * owners never get; one that can go nowhere keeps all those behind it waiting.
 */
class HintDeliveryTest {
  private static final int KEY = LeavingOwner.KEY;

  /** More than a delivery waits for an answer. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(6);

  private final LeavingOwner row = new LeavingOwner();
  private final SimulatedReplicas nodes = row.nodes;

  HintDeliveryTest() throws IOException {}

  private List<Boolean> deliver(Peer target) {
    List<Boolean> acknowledged = row.second.deliver(KEY, target);
    nodes.run(PATIENCE_NANOS);
    return acknowledged;
  }

  @Test
  void whoGetsARowThatTheTargetGivesUpGetsTheHintToo() {
    row.isAnnouncedToAll();
    assertThat(deliver(row.leaving)).containsExactly(true);
    assertThat(row.leaving.has(KEY)).as("is still read from").isTrue();
    assertThat(row.coming.has(KEY)).as("may have fetched before").isTrue();
    assertThat(row.third.has(KEY)).as("it is not its hint").isFalse();
  }

  @Test
  void theHintIsKeptUntilTheNewOwnerHasItToo() {
    row.isAnnouncedToAll();
    row.coming.host.pause(PATIENCE_NANOS);
    assertThat(deliver(row.leaving)).containsExactly(false);
    assertThat(deliver(row.leaving)).containsExactly(true);
    assertThat(row.coming.has(KEY)).isTrue();
  }

  @Test
  void aTargetThatStaysIsTheOnlyOneThatGetsIt() {
    row.isAnnouncedToAll();
    assertThat(deliver(row.third)).containsExactly(true);
    assertThat(row.third.has(KEY)).isTrue();
    assertThat(row.coming.has(KEY)).isFalse();
    assertThat(row.leaving.has(KEY)).isFalse();
  }

  @Test
  void whatTheTargetDoesNotOwnAnyMoreGoesToAllWhoDo() {
    row.isAnnouncedToAll();
    row.readsAskTheOwnersAfter();
    row.isOver();
    assertThat(deliver(row.leaving)).containsExactly(true);
    assertThat(row.second.has(KEY)).isTrue();
    assertThat(row.third.has(KEY)).isTrue();
    assertThat(row.coming.has(KEY)).isTrue();
    assertThat(row.leaving.has(KEY)).isFalse();
  }

  @Test
  void hintsOfATableThatIsGoneDoNotKeepOthersWaiting() {
    nodes.change(new MetadataChange.DropTable("ks", "t", false));
    row.adoptAll();
    row.second.ring.hasMajority = false;
    assertThat(deliver(row.third)).as("it may be that this node is behind").containsExactly(false);
    row.second.ring.hasMajority = true;
    assertThat(deliver(row.third)).containsExactly(true);
  }
}
