package io.quorate.node;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.quorate.raft.PeerId;
import io.quorate.raft.Ring;
import io.quorate.raft.RingEvidence;
import io.quorate.raft.RingEvidence.TermRun;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What nodes say to each other when an operator asks whether the metadata ring's majority is lost
 * ({@link MetadataRecovery}).
 *
 * <pre>
 * message   u8 version = 2 | u8 kind | u64 question | body
 * ask       kind 1: nothing
 * evidence  kind 2: name self | ring | u64 term | name leader | u64 leaderless ms | u64 commit
 *           | u32 runs, each u64 from u64 term | u64 last | names voters | names outgoing
 *           | text failure | u8 1: without a vote, 0 | names alive
 * begin     kind 3: ring
 * begun     kind 4: text refusal
 * names     u32 count | each a text;   text, name: u16 length | UTF-8, empty: none
 * ring      drawn at Ring
 * </pre>
 *
 * @param question to which message an answer belongs
 */
record RecoveryMessage(long question, Body body) {
  private static final int VERSION = 2;

  /** What it is about. */
  sealed interface Body {}

  /** "What do you know of the ring?" */
  record Ask() implements Body {}

  /**
   * @param alive whom the sender takes for alive
   */
  record Answer(RingEvidence evidence, List<PeerId> alive) implements Body {}

  /** "Leave your ring for this one." */
  record Begin(Ring ring) implements Body {}

  /**
   * @param refusal why not; null when it is done
   */
  record Begun(@Nullable String refusal) implements Body {}

  byte[] encode() {
    ByteBuf out = Unpooled.buffer(256);
    out.writeByte(VERSION);
    switch (body) {
      case Ask ask -> out.writeByte(1).writeLong(question);
      case Answer answer -> {
        out.writeByte(2).writeLong(question);
        write(out, answer.evidence());
        writePeers(out, answer.alive());
      }
      case Begin begin -> begin.ring().write(out.writeByte(3).writeLong(question));
      case Begun begun -> writeText(out.writeByte(4).writeLong(question), begun.refusal());
    }
    return ByteBufUtil.getBytes(out);
  }

  /**
   * @throws IllegalArgumentException when the bytes are no such message
   */
  static RecoveryMessage decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      int version = in.get();
      if (version != VERSION) {
        throw new IllegalArgumentException("version " + version + " is unknown");
      }
      int kind = in.get();
      long question = in.getLong();
      return new RecoveryMessage(
          question,
          switch (kind) {
            case 1 -> new Ask();
            case 2 -> new Answer(readEvidence(in), readPeers(in));
            case 3 -> new Begin(Ring.read(in));
            case 4 -> new Begun(readText(in));
            default -> throw new IllegalArgumentException("kind " + kind + " is unknown");
          });
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("it ends too early", e);
    }
  }

  private static void write(ByteBuf out, RingEvidence evidence) {
    writeText(out, evidence.self().name());
    evidence.ring().write(out);
    out.writeLong(evidence.term());
    writeText(out, evidence.leader() == null ? null : evidence.leader().name());
    out.writeLong(evidence.leaderlessMillis()).writeLong(evidence.commitIndex());
    out.writeInt(evidence.terms().size());
    evidence.terms().forEach(run -> out.writeLong(run.fromIndex()).writeLong(run.term()));
    out.writeLong(evidence.lastIndex());
    writePeers(out, evidence.voters());
    writePeers(out, evidence.outgoing());
    writeText(out, evidence.failure());
    out.writeBoolean(evidence.withholdsVote());
  }

  private static RingEvidence readEvidence(ByteBuffer in) {
    PeerId self = readPeer(in);
    Ring ring = Ring.read(in);
    long term = in.getLong();
    String leader = readText(in);
    long leaderlessMillis = in.getLong();
    long commitIndex = in.getLong();
    List<TermRun> terms = new ArrayList<>();
    for (int left = in.getInt(); left > 0; left--) {
      terms.add(new TermRun(in.getLong(), in.getLong()));
    }
    return new RingEvidence(
        self,
        ring,
        term,
        leader == null ? null : new PeerId(leader),
        leaderlessMillis,
        commitIndex,
        terms,
        in.getLong(),
        readPeers(in),
        readPeers(in),
        readText(in),
        in.get() != 0);
  }

  private static void writePeers(ByteBuf out, List<PeerId> peers) {
    out.writeInt(peers.size());
    peers.forEach(peer -> writeText(out, peer.name()));
  }

  private static List<PeerId> readPeers(ByteBuffer in) {
    List<PeerId> peers = new ArrayList<>();
    for (int left = in.getInt(); left > 0; left--) {
      peers.add(readPeer(in));
    }
    return peers;
  }

  private static PeerId readPeer(ByteBuffer in) {
    String name = readText(in);
    if (name == null) {
      throw new IllegalArgumentException("a name is missing");
    }
    return new PeerId(name);
  }

  private static void writeText(ByteBuf out, @Nullable String text) {
    byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
    out.writeShort(bytes.length).writeBytes(bytes);
  }

  private static @Nullable String readText(ByteBuffer in) {
    byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
    in.get(bytes);
    return bytes.length == 0 ? null : new String(bytes, StandardCharsets.UTF_8);
  }
}
