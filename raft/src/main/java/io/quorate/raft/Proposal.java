package io.quorate.raft;

import io.quorate.environment.Invariant;
import java.nio.ByteBuffer;

/**
 * A command under its id, as it stands in the log.
 *
 * <pre>
 * u64 most | u64 least | u64 since index | command
 * </pre>
 */
record Proposal(ProposalId id, byte[] command) {
  static final int HEADER_BYTES = 24;

  byte[] encode() {
    return ByteBuffer.allocate(HEADER_BYTES + command.length)
        .putLong(id.most())
        .putLong(id.least())
        .putLong(id.sinceIndex())
        .put(command)
        .array();
  }

  static Proposal decode(byte[] bytes) {
    Invariant.check(bytes.length >= HEADER_BYTES, "a command in the log has an id");
    ByteBuffer in = ByteBuffer.wrap(bytes);
    ProposalId id = new ProposalId(in.getLong(), in.getLong(), in.getLong());
    byte[] command = new byte[in.remaining()];
    in.get(command);
    return new Proposal(id, command);
  }
}
