package io.quorate.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.gossip.GossipMessage.Ack;
import io.quorate.gossip.GossipMessage.Ack2;
import io.quorate.gossip.GossipMessage.Delta;
import io.quorate.gossip.GossipMessage.Digest;
import io.quorate.gossip.GossipMessage.Ping;
import io.quorate.gossip.GossipMessage.PingAck;
import io.quorate.gossip.GossipMessage.PingRequest;
import io.quorate.gossip.GossipMessage.PingResult;
import io.quorate.gossip.GossipMessage.Sender;
import io.quorate.gossip.GossipMessage.Syn;
import io.quorate.gossip.GossipMessage.Versioned;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** If this fails, a damaged packet marks a node down or gives it another node's address. */
class GossipCodecTest {
  private static final UUID HOST = new UUID(1, 2);
  private static final Sender SENDER = new Sender(HOST, 1_790_000_000L, 77);
  private static final Digest DIGEST = new Digest(new UUID(3, 4), 5, 6, 7);

  private static List<GossipMessage> oneOfEach() {
    TreeMap<String, Versioned> attributes = new TreeMap<>();
    attributes.put("DC", new Versioned("münchen", 3));
    attributes.put("RACK", new Versioned("", 4));
    Delta delta = new Delta(HOST, 5, 6, 2, attributes);
    Delta heartbeatOnly = new Delta(HOST, 5, 9, 7, new TreeMap<>());
    return List.of(
        new Syn(SENDER, List.of(DIGEST, DIGEST)),
        new Syn(SENDER, List.of()),
        new Ack(SENDER, List.of(delta, heartbeatOnly), List.of(DIGEST)),
        new Ack2(SENDER, List.of(delta)),
        new Ping(SENDER, -5),
        new PingAck(SENDER, -5),
        new PingRequest(SENDER, 8, HOST),
        new PingResult(SENDER, 8, HOST));
  }

  @Test
  void everyMessageComesBackAsItWas() throws GossipCodec.Malformed {
    for (GossipMessage message : oneOfEach()) {
      assertThat(GossipCodec.decode(GossipCodec.encode(message))).isEqualTo(message);
    }
    assertThat(oneOfEach().stream().map(GossipMessage::getClass).distinct())
        .as("a kind is missing here")
        .hasSize(GossipMessage.class.getPermittedSubclasses().length);
  }

  @Test
  void aMessageCutShortOrWithAFlippedBitIsRefused() {
    for (GossipMessage message : oneOfEach()) {
      byte[] bytes = GossipCodec.encode(message);
      for (int length = 0; length < bytes.length; length++) {
        assertRefused(Arrays.copyOf(bytes, length));
      }
      for (int bit = 0; bit < bytes.length * 8; bit++) {
        byte[] flipped = bytes.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        assertRefused(flipped);
      }
    }
  }

  @Test
  void garbageIsRefused() {
    SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < 2_000; i++) {
      byte[] garbage = new byte[random.nextInt(120)];
      random.nextBytes(garbage);
      assertRefused(garbage);
    }
  }

  private static void assertRefused(byte[] bytes) {
    assertThatThrownBy(() -> GossipCodec.decode(bytes)).isInstanceOf(GossipCodec.Malformed.class);
  }
}
