package io.quorate.raft;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.quorate.raft.Message.AppendAccepted;
import io.quorate.raft.Message.AppendRejected;
import io.quorate.raft.Message.AppendRequest;
import io.quorate.raft.Message.Forward;
import io.quorate.raft.Message.GivenUp;
import io.quorate.raft.Message.Heartbeat;
import io.quorate.raft.Message.HeartbeatReply;
import io.quorate.raft.Message.PreVoteReply;
import io.quorate.raft.Message.PreVoteRequest;
import io.quorate.raft.Message.ReadIndexReply;
import io.quorate.raft.Message.ReadIndexRequest;
import io.quorate.raft.Message.SnapshotChunk;
import io.quorate.raft.Message.SnapshotChunkReply;
import io.quorate.raft.Message.StateReport;
import io.quorate.raft.Message.Subscribe;
import io.quorate.raft.Message.TimeoutNow;
import io.quorate.raft.Message.VoteReply;
import io.quorate.raft.Message.VoteRequest;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Messages as bytes. Numbers are big-endian.
 *
 * <pre>
 * message   u8 version | ring | u8 kind | fields in the record's order | u32 crc32c of all before it
 * version   2: of ring 0; 3: of a ring that was begun anew
 * ring      nothing in version 2; in version 3 its number and nonce: u64 | u64
 * field     long and index: u64 | int: u32 | boolean: u8, 0 or 1
 *           bytes: u32 length | bytes
 *           peer: its name as bytes, in UTF-8
 *           state hash: u32 format | u64 value
 *           entries: u32 count | each: u8 kind | u64 term | u64 index | u32 length | command
 *           configuration: as bytes, drawn at Configuration
 * </pre>
 */
final class MessageCodec {
  private static final int VERSION = 2;
  private static final int VERSION_WITH_RING = 3;
  private static final int MIN_MESSAGE_BYTES = 6;
  private static final int MIN_ENTRY_BYTES = 21;

  private MessageCodec() {}

  /** A message, and the ring of its sender. */
  record Received(long ringNumber, long ringNonce, Message message) {
    boolean isOf(Ring ring) {
      return ring.isSame(ringNumber, ringNonce);
    }
  }

  static byte[] encode(Ring ring, Message message) {
    ByteBuf out = Unpooled.buffer(64);
    if (ring.number() == 0) {
      out.writeByte(VERSION);
    } else {
      out.writeByte(VERSION_WITH_RING).writeLong(ring.number()).writeLong(ring.nonce());
    }
    switch (message) {
      case PreVoteRequest m -> kind(out, 1, m.term(), m.lastIndex(), m.lastTerm());
      case PreVoteReply m -> kind(out, 2, m.term()).writeBoolean(m.granted());
      case VoteRequest m ->
          kind(out, 3, m.term(), m.lastIndex(), m.lastTerm()).writeBoolean(m.transfer());
      case VoteReply m -> kind(out, 4, m.term()).writeBoolean(m.granted());
      case AppendRequest m -> {
        kind(out, 5, m.term(), m.prevIndex(), m.prevTerm(), m.commit());
        out.writeInt(m.entries().size());
        for (Entry entry : m.entries()) {
          out.writeByte(entry.kind().code()).writeLong(entry.term()).writeLong(entry.index());
          writeBytes(out, entry.command());
        }
      }
      case AppendAccepted m -> kind(out, 6, m.term(), m.matchIndex());
      case AppendRejected m -> kind(out, 7, m.term(), m.prevIndex(), m.hintIndex(), m.hintTerm());
      case Heartbeat m -> kind(out, 8, m.term(), m.commit(), m.readSequence());
      case HeartbeatReply m -> kind(out, 9, m.term(), m.readSequence());
      case SnapshotChunk m -> {
        kind(out, 10, m.term(), m.snapshotIndex(), m.snapshotTerm());
        writeBytes(out, m.configuration().encode());
        out.writeInt(m.offset()).writeInt(m.totalBytes());
        writeBytes(out, m.bytes());
      }
      case SnapshotChunkReply m ->
          kind(out, 11, m.term(), m.snapshotIndex()).writeInt(m.nextOffset());
      case TimeoutNow m -> kind(out, 12, m.term());
      case ReadIndexRequest m -> kind(out, 13, m.term(), m.context());
      case ReadIndexReply m -> kind(out, 14, m.term(), m.context(), m.index());
      case Subscribe m -> {
        kind(out, 15, m.term());
        writeBytes(out, m.subscriber().name().getBytes(StandardCharsets.UTF_8));
        out.writeLong(m.lastIndex());
      }
      case Forward m -> writeBytes(kind(out, 16), m.proposal());
      case StateReport m ->
          kind(out, 17, m.index())
              .writeInt(m.hash().format())
              .writeLong(m.hash().value())
              .writeBoolean(m.isVerdict());
      case GivenUp m -> m.next().write(kind(out, 18));
    }
    CRC32C crc = new CRC32C();
    crc.update(out.array(), out.arrayOffset(), out.writerIndex());
    out.writeInt((int) crc.getValue());
    return ByteBufUtil.getBytes(out);
  }

  static Received decode(byte[] bytes) throws MalformedRaftMessage {
    if (bytes.length < MIN_MESSAGE_BYTES) {
      throw new MalformedRaftMessage("a raft message of " + bytes.length + " bytes");
    }
    ByteBuf in = Unpooled.wrappedBuffer(bytes);
    int bodyBytes = bytes.length - 4;
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bodyBytes);
    if (in.getInt(bodyBytes) != (int) crc.getValue()) {
      throw new MalformedRaftMessage("a raft message fails its checksum");
    }
    in.writerIndex(bodyBytes);
    int version = in.readUnsignedByte();
    if (version != VERSION && version != VERSION_WITH_RING) {
      throw new MalformedRaftMessage("raft message version " + version + " is unknown");
    }
    if (version == VERSION_WITH_RING && in.readableBytes() <= 2 * Long.BYTES) {
      throw new MalformedRaftMessage("a raft message ends within its ring");
    }
    long ringNumber = version == VERSION ? 0 : in.readLong();
    long ringNonce = version == VERSION ? 0 : in.readLong();
    int kind = in.readUnsignedByte();
    try {
      Message message = read(kind, in);
      if (in.isReadable()) {
        throw new MalformedRaftMessage(
            "raft message kind " + kind + " has " + in.readableBytes() + " bytes too many");
      }
      return new Received(ringNumber, ringNonce, message);
    } catch (IndexOutOfBoundsException | BufferUnderflowException | IllegalArgumentException e) {
      throw new MalformedRaftMessage("raft message kind " + kind + ": " + e.getMessage());
    }
  }

  private static Message read(int kind, ByteBuf in) throws MalformedRaftMessage {
    return switch (kind) {
      case 1 -> new PreVoteRequest(in.readLong(), in.readLong(), in.readLong());
      case 2 -> new PreVoteReply(in.readLong(), in.readBoolean());
      case 3 -> new VoteRequest(in.readLong(), in.readLong(), in.readLong(), in.readBoolean());
      case 4 -> new VoteReply(in.readLong(), in.readBoolean());
      case 5 ->
          new AppendRequest(
              in.readLong(), in.readLong(), in.readLong(), in.readLong(), readEntries(in));
      case 6 -> new AppendAccepted(in.readLong(), in.readLong());
      case 7 -> new AppendRejected(in.readLong(), in.readLong(), in.readLong(), in.readLong());
      case 8 -> new Heartbeat(in.readLong(), in.readLong(), in.readLong());
      case 9 -> new HeartbeatReply(in.readLong(), in.readLong());
      case 10 ->
          new SnapshotChunk(
              in.readLong(),
              in.readLong(),
              in.readLong(),
              Configuration.decode(readBytes(in)),
              in.readInt(),
              in.readInt(),
              readBytes(in));
      case 11 -> new SnapshotChunkReply(in.readLong(), in.readLong(), in.readInt());
      case 12 -> new TimeoutNow(in.readLong());
      case 13 -> new ReadIndexRequest(in.readLong(), in.readLong());
      case 14 -> new ReadIndexReply(in.readLong(), in.readLong(), in.readLong());
      case 15 ->
          new Subscribe(
              in.readLong(),
              new PeerId(new String(readBytes(in), StandardCharsets.UTF_8)),
              in.readLong());
      case 16 -> new Forward(readBytes(in));
      case 17 ->
          new StateReport(
              in.readLong(), new StateHash(in.readInt(), in.readLong()), in.readBoolean());
      case 18 -> {
        ByteBuffer rest = in.nioBuffer();
        Ring next = Ring.read(rest);
        in.skipBytes(rest.position());
        yield new GivenUp(next);
      }
      default -> throw new MalformedRaftMessage("raft message kind " + kind + " is unknown");
    };
  }

  private static ByteBuf kind(ByteBuf out, int kind, long... fields) {
    out.writeByte(kind);
    for (long field : fields) {
      out.writeLong(field);
    }
    return out;
  }

  private static void writeBytes(ByteBuf out, byte[] bytes) {
    out.writeInt(bytes.length).writeBytes(bytes);
  }

  private static byte[] readBytes(ByteBuf in) throws MalformedRaftMessage {
    int length = in.readInt();
    if (length < 0 || length > in.readableBytes()) {
      throw new MalformedRaftMessage(
          length + " bytes are announced and " + in.readableBytes() + " are there");
    }
    byte[] bytes = new byte[length];
    in.readBytes(bytes);
    return bytes;
  }

  private static List<Entry> readEntries(ByteBuf in) throws MalformedRaftMessage {
    int count = in.readInt();
    if (count < 0 || count > in.readableBytes() / MIN_ENTRY_BYTES) {
      throw new MalformedRaftMessage(count + " entries cannot be in " + in.readableBytes() + "B");
    }
    List<Entry> entries = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Entry.Kind kind = Entry.Kind.of(in.readUnsignedByte());
      entries.add(new Entry(in.readLong(), in.readLong(), kind, readBytes(in)));
    }
    return entries;
  }
}
