package io.quorate.gossip;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Messages as bytes. Numbers are big-endian.
 *
 * <pre>
 * message   u8 version = 1 | u8 kind | sender | fields in the record's order | u32 crc32c of all that
 * sender    uuid | u64 generation | u64 heartbeat
 * digest    uuid | u64 generation | u64 heartbeat | u64 attribute version
 * delta     uuid | u64 generation | u64 heartbeat | u64 after version
 *           | u16 count | each: text name | text value | u64 version
 * list      u32 count | elements
 * text      u16 length | UTF-8
 * uuid      u64 most | u64 least
 * </pre>
 */
final class GossipCodec {
  private static final int VERSION = 1;
  private static final int SENDER_BYTES = 32;
  private static final int DIGEST_BYTES = 40;
  private static final int MIN_DELTA_BYTES = 42;

  private GossipCodec() {}

  /** Bytes that are no gossip message: cut short, altered, or of an unknown version. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1;

    Malformed(String message) {
      super(message);
    }
  }

  static byte[] encode(GossipMessage message) {
    ByteBuf out = Unpooled.buffer(256);
    out.writeByte(VERSION);
    switch (message) {
      case Syn m -> {
        head(out, 1, m);
        writeDigests(out, m.digests());
      }
      case Ack m -> {
        head(out, 2, m);
        writeDeltas(out, m.deltas());
        writeDigests(out, m.wanted());
      }
      case Ack2 m -> {
        head(out, 3, m);
        writeDeltas(out, m.deltas());
      }
      case Ping m -> head(out, 4, m).writeLong(m.nonce());
      case PingAck m -> head(out, 5, m).writeLong(m.nonce());
      case PingRequest m -> writeUuid(head(out, 6, m).writeLong(m.nonce()), m.target());
      case PingResult m -> writeUuid(head(out, 7, m).writeLong(m.nonce()), m.target());
    }
    CRC32C crc = new CRC32C();
    crc.update(out.array(), out.arrayOffset(), out.writerIndex());
    out.writeInt((int) crc.getValue());
    return ByteBufUtil.getBytes(out);
  }

  static GossipMessage decode(byte[] bytes) throws Malformed {
    int bodyBytes = bytes.length - 4;
    if (bodyBytes < 2 + SENDER_BYTES) {
      throw new Malformed("a gossip message of " + bytes.length + " bytes");
    }
    ByteBuf in = Unpooled.wrappedBuffer(bytes);
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bodyBytes);
    if (in.getInt(bodyBytes) != (int) crc.getValue()) {
      throw new Malformed("a gossip message fails its checksum");
    }
    in.writerIndex(bodyBytes);
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new Malformed("gossip message version " + version + " is unknown");
    }
    int kind = in.readUnsignedByte();
    try {
      GossipMessage message = read(kind, in);
      if (in.isReadable()) {
        throw new Malformed("gossip message kind " + kind + " is too long");
      }
      return message;
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new Malformed("gossip message kind " + kind + ": " + e.getMessage());
    }
  }

  private static GossipMessage read(int kind, ByteBuf in) throws Malformed {
    Sender sender = new Sender(readUuid(in), in.readLong(), in.readLong());
    return switch (kind) {
      case 1 -> new Syn(sender, readDigests(in));
      case 2 -> new Ack(sender, readDeltas(in), readDigests(in));
      case 3 -> new Ack2(sender, readDeltas(in));
      case 4 -> new Ping(sender, in.readLong());
      case 5 -> new PingAck(sender, in.readLong());
      case 6 -> new PingRequest(sender, in.readLong(), readUuid(in));
      case 7 -> new PingResult(sender, in.readLong(), readUuid(in));
      default -> throw new Malformed("gossip message kind " + kind + " is unknown");
    };
  }

  private static ByteBuf head(ByteBuf out, int kind, GossipMessage message) {
    Sender sender = message.sender();
    writeUuid(out.writeByte(kind), sender.hostId());
    return out.writeLong(sender.generation()).writeLong(sender.heartbeat());
  }

  private static void writeDigests(ByteBuf out, List<Digest> digests) {
    out.writeInt(digests.size());
    for (Digest digest : digests) {
      writeUuid(out, digest.hostId());
      out.writeLong(digest.generation())
          .writeLong(digest.heartbeat())
          .writeLong(digest.attributeVersion());
    }
  }

  private static List<Digest> readDigests(ByteBuf in) throws Malformed {
    int count = readCount(in, DIGEST_BYTES);
    List<Digest> digests = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      digests.add(new Digest(readUuid(in), in.readLong(), in.readLong(), in.readLong()));
    }
    return digests;
  }

  private static void writeDeltas(ByteBuf out, List<Delta> deltas) {
    out.writeInt(deltas.size());
    for (Delta delta : deltas) {
      writeUuid(out, delta.hostId());
      out.writeLong(delta.generation())
          .writeLong(delta.heartbeat())
          .writeLong(delta.afterVersion())
          .writeShort(delta.attributes().size());
      delta
          .attributes()
          .forEach((name, versioned) -> {
            writeText(out, name);
            writeText(out, versioned.value());
            out.writeLong(versioned.version());
          });
    }
  }

  private static List<Delta> readDeltas(ByteBuf in) throws Malformed {
    int count = readCount(in, MIN_DELTA_BYTES);
    List<Delta> deltas = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      UUID hostId = readUuid(in);
      long generation = in.readLong();
      long heartbeat = in.readLong();
      long afterVersion = in.readLong();
      int attributeCount = in.readUnsignedShort();
      SortedMap<String, Versioned> attributes = new TreeMap<>();
      for (int j = 0; j < attributeCount; j++) {
        String name = readText(in);
        attributes.put(name, new Versioned(readText(in), in.readLong()));
      }
      deltas.add(new Delta(hostId, generation, heartbeat, afterVersion, attributes));
    }
    return deltas;
  }

  private static int readCount(ByteBuf in, int minElementBytes) throws Malformed {
    int count = in.readInt();
    if (count < 0 || count > in.readableBytes() / minElementBytes) {
      throw new Malformed(count + " elements cannot be in " + in.readableBytes() + " bytes");
    }
    return count;
  }

  private static ByteBuf writeUuid(ByteBuf out, UUID uuid) {
    return out.writeLong(uuid.getMostSignificantBits()).writeLong(uuid.getLeastSignificantBits());
  }

  private static UUID readUuid(ByteBuf in) {
    return new UUID(in.readLong(), in.readLong());
  }

  private static void writeText(ByteBuf out, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    if (utf8.length > 0xFFFF) {
      throw new IllegalArgumentException("an attribute of " + utf8.length + " bytes");
    }
    out.writeShort(utf8.length).writeBytes(utf8);
  }

  private static String readText(ByteBuf in) {
    return in.readCharSequence(in.readUnsignedShort(), StandardCharsets.UTF_8).toString();
  }
}
