package io.quorate.environment.real;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Messaging;
import io.quorate.environment.Messaging.Identity;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The format of the stream between two nodes. A connection carries messages one way, from the node
 * that opened it.
 *
 * <pre>
 *   hello   := 'Q' 'R' 'T' 'N' | version u8 = 1 | text cluster | text host | port u16 | crc32c u32
 *   text    := length u8 | UTF-8 bytes                   (crc32c over all that precedes it)
 *   frame   := length u32 | crc32c u32 | message         (length and checksum of the message)
 *   stream  := hello frame*
 * </pre>
 *
 * All integers are big-endian. A stream that breaks the format is closed at that point.
 */
final class MessageFrames {
  static final int HEADER_BYTES = 8;
  private static final int MAGIC = 0x5152544E;
  private static final int VERSION = 1;
  private static final int MAX_TEXT_BYTES = 255;

  private MessageFrames() {}

  static ByteBuf hello(Identity self) {
    ByteBuf out = Unpooled.buffer(64);
    out.writeInt(MAGIC).writeByte(VERSION);
    writeText(out, self.cluster());
    writeText(out, self.advertised().host());
    out.writeShort(self.advertised().port());
    return out.writeInt(checksum(out, 0, out.writerIndex()));
  }

  private static void writeText(ByteBuf out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_TEXT_BYTES) {
      throw new IllegalArgumentException("'" + text + "' is longer than 255 bytes");
    }
    out.writeByte(bytes.length).writeBytes(bytes);
  }

  /** The header that goes before {@code message}. */
  static ByteBuf header(ByteBufAllocator allocator, ByteBuf message) {
    int length = message.readableBytes();
    return allocator
        .ioBuffer(HEADER_BYTES)
        .writeInt(length)
        .writeInt(checksum(message, message.readerIndex(), length));
  }

  private static int checksum(ByteBuf bytes, int index, int length) {
    CRC32C crc = new CRC32C();
    if (bytes.hasArray()) {
      crc.update(bytes.array(), bytes.arrayOffset() + index, length);
    } else if (bytes.nioBufferCount() == 1) {
      crc.update(bytes.internalNioBuffer(index, length));
    } else {
      crc.update(ByteBufUtil.getBytes(bytes, index, length, false));
    }
    return (int) crc.getValue();
  }

  /** Cuts a received stream into messages. One for each connection. */
  static final class Decoder extends ByteToMessageDecoder {
    private static final int HELLO_FIXED_BYTES = 5;
    private final String cluster;
    private @Nullable Endpoint from;

    Decoder(String cluster) {
      this.cluster = cluster;
    }

    /** Who is at the other end; null until its hello has arrived. */
    @Nullable Endpoint from() {
      return from;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
      if (from == null && !readHello(in)) {
        return;
      }
      if (in.readableBytes() < HEADER_BYTES) {
        return;
      }
      int length = in.getInt(in.readerIndex());
      if (length < 0 || length > Messaging.MAX_MESSAGE_BYTES) {
        throw new CorruptedFrameException("a frame claims " + length + " bytes");
      }
      if (in.readableBytes() < HEADER_BYTES + length) {
        return;
      }
      int expected = in.getInt(in.readerIndex() + 4);
      in.skipBytes(HEADER_BYTES);
      if (checksum(in, in.readerIndex(), length) != expected) {
        throw new CorruptedFrameException("a message of " + length + " bytes fails its checksum");
      }
      out.add(in.readRetainedSlice(length));
    }

    private boolean readHello(ByteBuf in) {
      int start = in.readerIndex();
      int available = in.readableBytes();
      if (available >= 4 && in.getInt(start) != MAGIC) {
        throw new CorruptedFrameException("not a Quorate node: wrong magic");
      }
      if (available < HELLO_FIXED_BYTES + 1) {
        return false;
      }
      int version = in.getUnsignedByte(start + 4);
      if (version != VERSION) {
        throw new CorruptedFrameException(
            "internode version " + version + " is not supported; this node speaks " + VERSION);
      }
      int clusterLength = in.getUnsignedByte(start + HELLO_FIXED_BYTES);
      int hostAt = start + HELLO_FIXED_BYTES + 1 + clusterLength;
      if (available < hostAt - start + 1) {
        return false;
      }
      int hostLength = in.getUnsignedByte(hostAt);
      int portAt = hostAt + 1 + hostLength;
      if (available < portAt - start + 6) {
        return false;
      }
      if (checksum(in, start, portAt + 2 - start) != in.getInt(portAt + 2)) {
        throw new CorruptedFrameException("the hello fails its checksum");
      }
      String peerCluster =
          in.toString(start + HELLO_FIXED_BYTES + 1, clusterLength, StandardCharsets.UTF_8);
      String host = in.toString(hostAt + 1, hostLength, StandardCharsets.UTF_8);
      if (!peerCluster.equals(cluster)) {
        throw new CorruptedFrameException(
            "node " + host + " is of cluster '" + peerCluster + "', this is '" + cluster + "'");
      }
      from = new Endpoint(host, in.getUnsignedShort(portAt));
      in.readerIndex(portAt + 6);
      return true;
    }
  }
}
