package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.raft.PeerId;
import io.quorate.raft.Ring;
import io.quorate.raft.RingEvidence;
import io.quorate.raft.RingEvidence.TermRun;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** If this breaks, a ring is judged by something else than what its members know. */
class RecoveryMessageTest {
  private static final List<PeerId> PEERS = List.of(new PeerId("a:1"), new PeerId("b:1"));
  private static final Ring RING = new Ring(2, -7, 40, PEERS.subList(0, 1), PEERS.subList(1, 2));

  private static final List<RecoveryMessage> ONE_OF_EACH =
      List.of(
          new RecoveryMessage(1, new RecoveryMessage.Ask()),
          new RecoveryMessage(
              -2,
              new RecoveryMessage.Answer(
                  new RingEvidence(
                      PEERS.getFirst(),
                      RING,
                      7,
                      null,
                      31_000,
                      40,
                      List.of(new TermRun(0, 0), new TermRun(30, 6)),
                      42,
                      PEERS,
                      List.of(),
                      "disk full",
                      true),
                  PEERS)),
          new RecoveryMessage(3, new RecoveryMessage.Begin(RING)),
          new RecoveryMessage(4, new RecoveryMessage.Begun(null)),
          new RecoveryMessage(5, new RecoveryMessage.Begun("no")));

  @Test
  void everyMessageComesBackAsItWasAndNoneIsReadThatIsCutShort() {
    for (RecoveryMessage message : ONE_OF_EACH) {
      byte[] bytes = message.encode();
      assertThat(RecoveryMessage.decode(bytes)).isEqualTo(message);
      for (int length = 0; length < bytes.length; length++) {
        byte[] cut = Arrays.copyOf(bytes, length);
        assertThatThrownBy(() -> RecoveryMessage.decode(cut))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }
}
