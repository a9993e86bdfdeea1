package io.quorate.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.quorate.protocol.types.CqlType.Scalar;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** If this breaks, a connection hangs, mixes up answers, or takes damaged bytes for a message. */
class FrameTest {
  private static final long SEED = 20_261_120L;

  @ParameterizedTest
  @CsvSource({"V4, false, false", "V4, false, true", "V5, true, false", "V5, true, true"})
  void envelopesSurviveAnySplitOfTheBytes(
      ProtocolVersion version, boolean segments, boolean compressed) {
    Random random = new Random(SEED);
    for (int round = 0; round < 200; round++) {
      FrameEncoder encoder = new FrameEncoder();
      FrameDecoder decoder = new FrameDecoder(FrameDecoder.Receives.REQUESTS);
      if (segments) {
        encoder.useSegments();
        decoder.expectSegments();
      }
      if (compressed) {
        encoder.useCompression(Compression.lz4());
        decoder.expectCompression(Compression.lz4());
      }
      List<String> sent = new ArrayList<>();
      ByteBuf wire = Unpooled.buffer();
      for (int i = 0; i < 5; i++) {
        String query = text(random, random.nextInt(8) == 0 ? 300_000 : 900);
        sent.add(query);
        encoder.add(
            version,
            i,
            new Request.Query(query, QueryParameters.of(ConsistencyLevel.QUORUM)),
            false);
        if (random.nextBoolean()) {
          encoder.flush(wire);
        }
      }
      encoder.flush(wire);
      assertThat(encoder.isEmpty()).isTrue();
      List<String> received = new ArrayList<>();
      List<Integer> streams = new ArrayList<>();
      while (wire.isReadable()) {
        int most = random.nextInt(4) == 0 ? 3 : 70_000;
        ByteBuf piece = wire.readSlice(Math.min(wire.readableBytes(), 1 + random.nextInt(most)));
        decoder.decode(
            piece,
            envelope -> {
              received.add(((Request.Query) RequestCodec.decode(envelope)).query());
              streams.add(envelope.stream());
            });
      }
      assertThat(received).as("round %d of seed %d", round, SEED).isEqualTo(sent);
      assertThat(streams).containsExactly(0, 1, 2, 3, 4);
    }
  }

  private static String text(Random random, int most) {
    int length = random.nextInt(most);
    StringBuilder text = new StringBuilder(length);
    boolean compressible = random.nextBoolean();
    for (int i = 0; i < length; i++) {
      text.append((char) ('a' + (compressible ? i % 7 : random.nextInt(26))));
    }
    return text.toString();
  }

  @ParameterizedTest
  @CsvSource({"66", "65", "3", "6", "1"})
  void anotherVersionIsAnsweredWithTheListThatDriversParse(int version) {
    FrameDecoder decoder = new FrameDecoder(FrameDecoder.Receives.REQUESTS);
    ByteBuf in = Unpooled.wrappedBuffer(new byte[] {(byte) version, 0, 0, 7, 5, 0, 0, 0, 0});
    assertThatThrownBy(() -> decoder.decode(in, envelope -> {}))
        .isInstanceOfSatisfying(
            FrameException.class,
            e -> {
              assertThat(e.stream()).isEqualTo(7);
              assertThat(e.answerVersion()).isEqualTo(ProtocolVersion.V5);
            })
        .hasMessage(
            "Invalid or unsupported protocol version (%d); supported versions are (4/v4, 5/v5)",
            version);
  }

  @Test
  void anAnnouncedGiantIsRefusedBeforeItIsRead() {
    FrameDecoder decoder = new FrameDecoder(FrameDecoder.Receives.REQUESTS);
    ByteBuf in = Unpooled.wrappedBuffer(new byte[] {4, 0, 0, 7, 7, 0x10, 0, 0, 1});
    assertThatThrownBy(() -> decoder.decode(in, envelope -> {}))
        .hasMessage(
            "Request is too big: length 268435457 exceeds maximum allowed length 268435456.");
  }

  @Test
  void anUnknownOpcodeIsRefusedOnItsStream() {
    FrameDecoder decoder = new FrameDecoder(FrameDecoder.Receives.REQUESTS);
    ByteBuf in = Unpooled.wrappedBuffer(new byte[] {4, 0, 0, 9, 0x44, 0, 0, 0, 0});
    assertThatThrownBy(() -> decoder.decode(in, envelope -> {}))
        .isInstanceOfSatisfying(FrameException.class, e -> assertThat(e.stream()).isEqualTo(9))
        .hasMessage("Unknown opcode 68");
  }

  @Test
  void everyFlippedBitOfASegmentIsNoticed() {
    for (boolean compressed : new boolean[] {false, true}) {
      ByteBuf wire = Unpooled.buffer();
      FrameEncoder encoder = new FrameEncoder();
      encoder.useSegments();
      if (compressed) {
        encoder.useCompression(Compression.lz4());
      }
      QueryParameters parameters = QueryParameters.of(ConsistencyLevel.ONE);
      encoder.add(ProtocolVersion.V5, 1, new Request.Query("a".repeat(600), parameters), false);
      encoder.flush(wire);
      for (int bit = 0; bit < wire.readableBytes() * 8; bit++) {
        ByteBuf damaged = wire.copy();
        damaged.setByte(bit / 8, damaged.getByte(bit / 8) ^ 1 << bit % 8);
        FrameDecoder decoder = new FrameDecoder(FrameDecoder.Receives.REQUESTS);
        decoder.expectSegments();
        if (compressed) {
          decoder.expectCompression(Compression.lz4());
        }
        assertThatThrownBy(() -> decoder.decode(damaged, envelope -> {}))
            .as("bit %d", bit)
            .isInstanceOf(FrameException.class);
      }
    }
  }

  @Test
  void garbageIsRefusedOrWaitedOnButNeverCrashesTheDecoder() {
    Random random = new Random(SEED);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = new byte[random.nextInt(80)];
      random.nextBytes(bytes);
      if (bytes.length > 9 && random.nextInt(4) > 0) {
        bytes[0] = (byte) (4 + random.nextInt(2));
        bytes[4] = (byte) random.nextInt(17);
        bytes[5] = 0;
        bytes[6] = 0;
        bytes[7] = 0;
        bytes[8] = (byte) random.nextInt(bytes.length);
      }
      FrameDecoder decoder = new FrameDecoder(FrameDecoder.Receives.REQUESTS);
      if (random.nextInt(8) == 0) {
        decoder.expectSegments();
      }
      try {
        decoder.decode(Unpooled.wrappedBuffer(bytes), RequestCodec::decode);
      } catch (FrameException | ProtocolException expected) {
        assertThat(expected.getMessage()).as("round %d of seed %d", round, SEED).isNotEmpty();
      }
    }
  }

  @Test
  void segmentsBeginAfterWhatWasAddedBefore() {
    FrameEncoder encoder = new FrameEncoder();
    encoder.add(ProtocolVersion.V5, 1, new Response.Ready());
    encoder.useSegments();
    encoder.add(ProtocolVersion.V5, 2, Response.VoidResult.INSTANCE);
    ByteBuf wire = Unpooled.buffer();
    encoder.flush(wire);
    encoder.add(ProtocolVersion.V5, 3, Response.VoidResult.INSTANCE);
    encoder.flush(wire);
    FrameDecoder decoder = new FrameDecoder(FrameDecoder.Receives.RESPONSES);
    List<Integer> streams = new ArrayList<>();
    decoder.decode(
        wire,
        envelope -> {
          streams.add(envelope.stream());
          if (envelope.opcode() == Opcode.READY) {
            decoder.expectSegments();
          }
        });
    assertThat(streams).containsExactly(1, 2, 3);
  }

  @Test
  void warningsAndTraceComeBeforeTheMessage() {
    FrameEncoder encoder = new FrameEncoder();
    ResultMetadata metadata =
        new ResultMetadata(List.of(new ColumnSpec("ks", "t", "c", Scalar.INT)));
    Response rows = new Response.Rows(metadata, true, false, null, 0, new byte[0], 0);
    encoder.add(ProtocolVersion.V4, 1, rows, new UUID(1, 2), List.of("careful"));
    ByteBuf wire = Unpooled.buffer();
    encoder.flush(wire);
    List<Envelope> envelopes = new ArrayList<>();
    new FrameDecoder(FrameDecoder.Receives.RESPONSES).decode(wire, envelopes::add);
    assertThat(ResponseCodec.warnings(envelopes.get(0))).containsExactly("careful");
    assertThat(((Response.Rows) ResponseCodec.decode(envelopes.get(0), null)).metadata())
        .isEqualTo(metadata);
  }
}
