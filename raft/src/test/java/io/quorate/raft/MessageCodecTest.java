package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * If this fails, a damaged packet changes what a member believes, or members misread each other.
 */
class MessageCodecTest {
  private static final Configuration JOINT =
      Configuration.of(List.of(new PeerId("n1"))).joint(List.of(new PeerId("n2")));

  private static final Ring ANEW =
      new Ring(1, -77, 41, List.of(new PeerId("n3")), List.of(new PeerId("n1"), new PeerId("n2")));

  private static final List<Message> ONE_OF_EACH =
      List.of(
          new Message.PreVoteRequest(7, 12, 6),
          new Message.PreVoteReply(7, true),
          new Message.VoteRequest(7, 12, 6, true),
          new Message.VoteReply(Long.MAX_VALUE, false),
          new Message.AppendRequest(3, 4, 2, 1, List.of()),
          new Message.AppendRequest(
              3,
              4,
              2,
              1,
              List.of(
                  new Entry(2, 5, new byte[0]),
                  new Entry(3, 6, new byte[] {1, 2, 3}),
                  Entry.of(3, 7, JOINT))),
          new Message.AppendAccepted(3, 6),
          new Message.AppendRejected(3, 6, 4, 2),
          new Message.Heartbeat(3, 6, 99),
          new Message.HeartbeatReply(3, 99),
          new Message.SnapshotChunk(3, 100, 2, JOINT, 4096, 5000, new byte[] {9, 8}),
          new Message.SnapshotChunkReply(3, 100, 4098),
          new Message.TimeoutNow(3),
          new Message.ReadIndexRequest(3, -1),
          new Message.ReadIndexReply(3, -1, 44),
          new Message.Subscribe(0, new PeerId("l1"), 0),
          new Message.Forward(new byte[] {5, 5, 5}),
          new Message.StateReport(300, new StateHash(2, -5), true),
          new Message.GivenUp(ANEW));

  @Test
  void everyMessageComesBackAsItWas() throws MalformedRaftMessage {
    for (Message message : ONE_OF_EACH) {
      for (Ring ring : List.of(Ring.FIRST, ANEW)) {
        MessageCodec.Received received = MessageCodec.decode(MessageCodec.encode(ring, message));
        assertThat(received.message()).isEqualTo(message);
        assertThat(received.isOf(ring)).isTrue();
      }
    }
    assertThat(ONE_OF_EACH.stream().map(Message::getClass).distinct())
        .as("a kind is missing here")
        .hasSize(
            Message.ToCore.class.getPermittedSubclasses().length
                + Message.class.getPermittedSubclasses().length
                - 1);
  }

  @Test
  void aMessageCutShortIsRefused() {
    for (Message message : ONE_OF_EACH) {
      byte[] bytes = MessageCodec.encode(ANEW, message);
      for (int length = 0; length < bytes.length; length++) {
        byte[] cut = Arrays.copyOf(bytes, length);
        assertThatThrownBy(() -> MessageCodec.decode(cut)).isInstanceOf(MalformedRaftMessage.class);
      }
    }
  }

  @Test
  void aFlippedBitIsRefused() {
    for (Message message : ONE_OF_EACH) {
      byte[] bytes = MessageCodec.encode(ANEW, message);
      for (int bit = 0; bit < bytes.length * 8; bit++) {
        byte[] flipped = bytes.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        assertThatThrownBy(() -> MessageCodec.decode(flipped))
            .isInstanceOf(MalformedRaftMessage.class);
      }
    }
  }

  @Test
  void garbageIsRefused() {
    SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < 2_000; i++) {
      byte[] garbage = new byte[random.nextInt(80)];
      random.nextBytes(garbage);
      assertThatThrownBy(() -> MessageCodec.decode(garbage))
          .isInstanceOf(MalformedRaftMessage.class);
    }
  }
}
