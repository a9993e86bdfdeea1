package io.quorate.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.quorate.protocol.types.BigEndian;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Envelopes out of the bytes of a connection, however they arrive. Starts with bare envelopes; once
 * a connection has agreed on version 5, {@link #expectSegments} makes it expect them in segments.
 *
 * <p>Owned by its connection; not thread-safe. After a {@link FrameException} it takes nothing
 * more: the stream of bytes has lost its structure, so the connection must be closed.
 */
public final class FrameDecoder {

  /** The greatest body that is taken, as in Cassandra's default. */
  public static final int DEFAULT_MAX_BODY_BYTES = 256 << 20;

  /** What the peer sends. */
  public enum Receives {
    REQUESTS,
    RESPONSES
  }

  /** Takes what was decoded. May call back into the decoder's setters. */
  @FunctionalInterface
  public interface Handler {
    void envelope(Envelope envelope);
  }

  private static final int FIRST_BODY_CHUNK_BYTES = 64 << 10;
  private static final byte[] NO_BODY = {};

  private final Receives receives;
  private final int maxBodyBytes;
  private boolean failed;

  private boolean segmented;
  private @Nullable Compression compression;

  // The envelope under way.
  private final byte[] header = new byte[Envelope.HEADER_BYTES];
  private int headerFill;
  private @Nullable Opcode opcode;
  private ProtocolVersion version = ProtocolVersion.V4;
  private byte[] body = NO_BODY;
  private int bodyLength;
  private int bodyFill;

  // The segment under way.
  private final byte[] segmentHeader =
      new byte[Segment.COMPRESSED_HEADER_BYTES + Segment.HEADER_CRC_BYTES];
  private int segmentHeaderFill;
  private byte[] payload = NO_BODY;
  private int payloadFill;
  private boolean selfContained;
  private int uncompressedLength;

  public FrameDecoder(Receives receives) {
    this(receives, DEFAULT_MAX_BODY_BYTES);
  }

  public FrameDecoder(Receives receives, int maxBodyBytes) {
    this.receives = receives;
    this.maxBodyBytes = maxBodyBytes;
  }

  /** From the next byte on, everything comes in segments. For version 5, after STARTUP. */
  public void expectSegments() {
    segmented = true;
  }

  /** From the next envelope or segment on, what says that it is compressed is decompressed. */
  public void expectCompression(Compression agreed) {
    compression = agreed;
  }

  /**
   * Takes all readable bytes and hands on every envelope that they complete.
   *
   * @throws FrameException if they follow no protocol spoken here
   */
  public void decode(ByteBuf in, Handler handler) {
    if (failed) {
      in.skipBytes(in.readableBytes());
      return;
    }
    while (in.isReadable() && !failed) {
      if (segmented) {
        takeSegment(in, handler);
      } else {
        takeEnvelope(in, handler);
      }
    }
  }

  private FrameException fail(String message) {
    return fail(version, stream(), message);
  }

  private FrameException fail(ProtocolVersion answerVersion, int stream, String message) {
    failed = true;
    return new FrameException(answerVersion, stream, message);
  }

  private int stream() {
    return headerFill == Envelope.HEADER_BYTES ? BigEndian.readShort(header, 2) : 0;
  }

  private void takeEnvelope(ByteBuf in, Handler handler) {
    if (headerFill < Envelope.HEADER_BYTES) {
      int count = Math.min(Envelope.HEADER_BYTES - headerFill, in.readableBytes());
      in.readBytes(header, headerFill, count);
      headerFill += count;
      if (headerFill < Envelope.HEADER_BYTES) {
        return;
      }
      checkHeader();
    }
    int count = Math.min(bodyLength - bodyFill, in.readableBytes());
    if (body.length < bodyFill + count) {
      // Grown as bytes come: a header alone must not make us set aside 256 MiB.
      int doubled = (int) Math.min(bodyLength, Math.max(2L * body.length, bodyFill + count));
      body = Arrays.copyOf(body, doubled);
    }
    in.readBytes(body, bodyFill, count);
    bodyFill += count;
    if (bodyFill == bodyLength) {
      handler.envelope(completeEnvelope());
    }
  }

  private void checkHeader() {
    int versionByte = header[0] & 0xFF;
    int number = versionByte & ~Envelope.RESPONSE_BIT;
    ProtocolVersion found = ProtocolVersion.ofNumber(number);
    if (found == null) {
      throw fail(ProtocolVersion.NEWEST, stream(), ProtocolVersion.unsupported(number));
    }
    version = found;
    boolean isResponse = (versionByte & Envelope.RESPONSE_BIT) != 0;
    if (isResponse != (receives == Receives.RESPONSES)) {
      throw fail("Wrong protocol direction: expected " + receives);
    }
    int code = header[4] & 0xFF;
    opcode = Opcode.ofCode(code);
    if (opcode == null) {
      throw fail("Unknown opcode " + code);
    }
    if (opcode.isResponse() != isResponse) {
      throw fail("Wrong protocol direction for opcode " + opcode);
    }
    bodyLength = BigEndian.readInt(header, 5);
    if (bodyLength < 0) {
      throw fail("Invalid frame body length: " + bodyLength);
    }
    if (bodyLength > maxBodyBytes) {
      throw fail(
          "Request is too big: length "
              + bodyLength
              + " exceeds maximum allowed length "
              + maxBodyBytes
              + ".");
    }
    body = bodyLength == 0 ? NO_BODY : new byte[Math.min(bodyLength, FIRST_BODY_CHUNK_BYTES)];
    bodyFill = 0;
  }

  private Envelope completeEnvelope() {
    Opcode complete = opcode;
    if (complete == null) {
      throw fail("A body without a header");
    }
    byte[] bytes = body;
    int flags = header[1] & 0xFF;
    // In version 5 segments are compressed, never envelopes.
    if ((flags & Envelope.FLAG_COMPRESSED) != 0 && version == ProtocolVersion.V4) {
      if (compression == null) {
        throw fail("A compressed frame on a connection without compression");
      }
      try {
        bytes = compression.decompressBody(bytes, maxBodyBytes);
      } catch (ProtocolException e) {
        throw fail(String.valueOf(e.getMessage()));
      }
    }
    Envelope envelope = new Envelope(version, flags, stream(), complete, bytes);
    headerFill = 0;
    body = NO_BODY;
    bodyFill = 0;
    bodyLength = 0;
    return envelope;
  }

  private void takeSegment(ByteBuf in, Handler handler) {
    int headerBytes = Segment.headerBytes(compression != null);
    int wholeHeader = headerBytes + Segment.HEADER_CRC_BYTES;
    if (segmentHeaderFill < wholeHeader) {
      int count = Math.min(wholeHeader - segmentHeaderFill, in.readableBytes());
      in.readBytes(segmentHeader, segmentHeaderFill, count);
      segmentHeaderFill += count;
      if (segmentHeaderFill < wholeHeader) {
        return;
      }
      checkSegmentHeader(headerBytes);
    }
    int count = Math.min(payload.length - payloadFill, in.readableBytes());
    in.readBytes(payload, payloadFill, count);
    payloadFill += count;
    if (payloadFill == payload.length) {
      completeSegment(handler);
    }
  }

  private void checkSegmentHeader(int headerBytes) {
    long bits = littleEndian(segmentHeader, 0, headerBytes);
    int expected = (int) littleEndian(segmentHeader, headerBytes, Segment.HEADER_CRC_BYTES);
    int actual = Segment.crc24(bits, headerBytes);
    if (actual != expected) {
      throw fail(
          ProtocolVersion.V5,
          0,
          String.format("Checksum of a segment's header is %06x, not %06x", actual, expected));
    }
    selfContained = Segment.isSelfContained(bits, compression != null);
    uncompressedLength = compression == null ? 0 : Segment.uncompressedLength(bits);
    payload = new byte[Segment.length(bits) + Segment.TRAILER_BYTES];
    payloadFill = 0;
  }

  private void completeSegment(Handler handler) {
    int length = payload.length - Segment.TRAILER_BYTES;
    int expected = (int) littleEndian(payload, length, Segment.TRAILER_BYTES);
    int actual = Segment.crc32(payload, 0, length);
    if (actual != expected) {
      throw fail(
          ProtocolVersion.V5,
          0,
          String.format("Checksum of a segment's payload is %08x, not %08x", actual, expected));
    }
    if (selfContained && headerFill != 0) {
      throw fail("A self-contained segment in the middle of a large message");
    }
    ByteBuf content = Unpooled.wrappedBuffer(payload, 0, length);
    if (uncompressedLength > 0 && compression != null) {
      try {
        content =
            Unpooled.wrappedBuffer(compression.decompress(payload, 0, length, uncompressedLength));
      } catch (ProtocolException e) {
        throw fail(ProtocolVersion.V5, 0, String.valueOf(e.getMessage()));
      }
    }
    segmentHeaderFill = 0;
    payload = NO_BODY;
    boolean mustBeWhole = selfContained;
    while (content.isReadable()) {
      takeEnvelope(content, handler);
    }
    if (mustBeWhole && headerFill != 0) {
      throw fail("A self-contained segment that ends in the middle of a message");
    }
  }

  private static long littleEndian(byte[] bytes, int offset, int count) {
    long value = 0;
    for (int i = count - 1; i >= 0; i--) {
      value = value << 8 | (bytes[offset + i] & 0xFF);
    }
    return value;
  }
}
