package io.quorate.protocol;

import io.netty.buffer.ByteBuf;
import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteSink;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Messages to the bytes of a connection. Messages are gathered by {@code add} and leave together on
 * {@link #flush}, in version 5 packed into as few segments as hold them.
 *
 * <p>Owned by its connection; not thread-safe.
 */
public final class FrameEncoder {
  /** Below this, compression costs more than it saves. */
  private static final int MIN_COMPRESSED_BYTES = 512;

  /** A buffer that once held a large result is not kept. */
  private static final int MAX_KEPT_BYTES = 1 << 20;

  private ByteSink pending = new ByteSink(1 << 10);
  private ByteSink block = new ByteSink();

  /** Where the pending messages begin that go out in segments; those before go out bare. */
  private int segmentsFrom = -1;

  private @Nullable Compression compression;

  /** Messages added from now on go out in segments. */
  public void useSegments() {
    if (segmentsFrom < 0) {
      segmentsFrom = pending.length();
    }
  }

  /** From now on, what is worth it is compressed. */
  public void useCompression(Compression agreed) {
    compression = agreed;
  }

  public boolean isEmpty() {
    return pending.length() == 0;
  }

  public int pendingBytes() {
    return pending.length();
  }

  /** Adds a response without trace and warnings. */
  public void add(ProtocolVersion version, int stream, Response response) {
    add(version, stream, response, null, List.of());
  }

  /**
   * Adds a response.
   *
   * @param traceId of the session that traced it, if any
   */
  public void add(
      ProtocolVersion version,
      int stream,
      Response response,
      @Nullable UUID traceId,
      List<String> warnings) {
    int start = pending.length();
    int flags =
        (traceId != null ? Envelope.FLAG_TRACING : 0)
            | (warnings.isEmpty() ? 0 : Envelope.FLAG_WARNING);
    header(version.number() | Envelope.RESPONSE_BIT, flags, stream, response.opcode());
    try {
      if (traceId != null) {
        pending.writeUuid(traceId);
      }
      if (!warnings.isEmpty()) {
        MessageWriter.stringList(warnings, pending);
      }
      ResponseCodec.encode(response, version, pending);
    } catch (ProtocolException e) {
      pending.truncate(start);
      throw e;
    }
    complete(version, start);
  }

  /**
   * Adds a request.
   *
   * @param traced whether the server shall trace it
   */
  public void add(ProtocolVersion version, int stream, Request request, boolean traced) {
    int start = pending.length();
    header(version.number(), traced ? Envelope.FLAG_TRACING : 0, stream, request.opcode());
    try {
      RequestCodec.encode(request, version, pending);
    } catch (ProtocolException e) {
      pending.truncate(start);
      throw e;
    }
    complete(version, start);
  }

  private void header(int version, int flags, int stream, Opcode opcode) {
    pending.writeByte(version);
    pending.writeByte(flags);
    pending.writeShort(stream);
    pending.writeByte(opcode.code());
    pending.writeInt(0);
  }

  private void complete(ProtocolVersion version, int start) {
    int bodyStart = start + Envelope.HEADER_BYTES;
    int bodyLength = pending.length() - bodyStart;
    if (version == ProtocolVersion.V4
        && compression != null
        && bodyLength >= MIN_COMPRESSED_BYTES) {
      block.clear();
      int blockLength = compression.compress(pending.array(), bodyStart, bodyLength, block);
      if (blockLength < bodyLength) {
        pending.truncate(bodyStart);
        pending.writeInt(bodyLength);
        pending.write(block.array(), 0, blockLength);
        pending.array()[start + 1] |= Envelope.FLAG_COMPRESSED;
      }
    }
    pending.overwriteInt(start + 5, pending.length() - bodyStart);
  }

  /** Writes out everything added. */
  public void flush(ByteBuf out) {
    byte[] bytes = pending.array();
    int end = pending.length();
    int at = segmentsFrom < 0 ? end : segmentsFrom;
    out.writeBytes(bytes, 0, at);
    while (at < end) {
      at = nextSegments(bytes, at, end, out);
    }
    if (segmentsFrom > 0) {
      segmentsFrom = 0;
    }
    if (bytes.length > MAX_KEPT_BYTES) {
      pending = new ByteSink(1 << 10);
      block = new ByteSink();
    } else {
      pending.clear();
    }
  }

  /** Writes as many whole envelopes as fit a segment, or the several segments of a large one. */
  private int nextSegments(byte[] bytes, int start, int end, ByteBuf out) {
    int stop = start;
    while (stop < end) {
      int next = stop + Envelope.HEADER_BYTES + BigEndian.readInt(bytes, stop + 5);
      if (next - start > Segment.MAX_PAYLOAD_BYTES) {
        if (stop == start) {
          for (int at = start; at < next; at += Segment.MAX_PAYLOAD_BYTES) {
            segment(bytes, at, Math.min(Segment.MAX_PAYLOAD_BYTES, next - at), false, out);
          }
          return next;
        }
        break;
      }
      stop = next;
    }
    segment(bytes, start, stop - start, true, out);
    return stop;
  }

  private void segment(byte[] bytes, int offset, int length, boolean selfContained, ByteBuf out) {
    if (compression == null) {
      segmentHeader(Segment.plainHeader(length, selfContained), Segment.PLAIN_HEADER_BYTES, out);
      payload(bytes, offset, length, out);
      return;
    }
    block.clear();
    int blockLength =
        length < MIN_COMPRESSED_BYTES
            ? Integer.MAX_VALUE
            : compression.compress(bytes, offset, length, block);
    boolean worthIt = blockLength < length;
    segmentHeader(
        Segment.compressedHeader(
            worthIt ? blockLength : length, worthIt ? length : 0, selfContained),
        Segment.COMPRESSED_HEADER_BYTES,
        out);
    if (worthIt) {
      payload(block.array(), 0, blockLength, out);
    } else {
      payload(bytes, offset, length, out);
    }
  }

  private static void segmentHeader(long bits, int headerBytes, ByteBuf out) {
    for (int i = 0; i < headerBytes; i++) {
      out.writeByte((int) (bits >>> (8 * i)));
    }
    out.writeMediumLE(Segment.crc24(bits, headerBytes));
  }

  private static void payload(byte[] bytes, int offset, int length, ByteBuf out) {
    out.writeBytes(bytes, offset, length);
    out.writeIntLE(Segment.crc32(bytes, offset, length));
  }
}
