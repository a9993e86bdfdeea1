package io.quorate.raft;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.quorate.raft.AppliedProposals.Applied;
import org.jspecify.annotations.Nullable;

/**
 * What every member has alike: the state machine, with the proposals that it has seen, so that each
 * applies once. A snapshot holds both:
 *
 * <pre>
 * snapshot data   applied proposals, drawn at AppliedProposals | the state machine's own
 * </pre>
 *
 * <p>Owned by its driver's shard; only {@link #index} may be asked anywhere.
 */
final class ReplicatedState {
  private final StateMachine machine;
  private final AppliedProposals applied;
  private volatile long index;
  private long lastCommandIndex;

  ReplicatedState(StateMachine machine, int maxAppliedProposals) {
    this.machine = machine;
    this.applied = new AppliedProposals(maxAppliedProposals);
  }

  /** The last entry applied. */
  long index() {
    return index;
  }

  /** The last entry applied whose effects are there. */
  long settledIndex() {
    long settled = machine.settledIndex();
    return settled >= lastCommandIndex ? index : Math.min(settled, index);
  }

  /** What a proposal led to, when it has been applied and that is remembered. */
  @Nullable Applied find(ProposalId id) {
    return applied.find(id);
  }

  /** Applies the next command, unless that has been done; null when nobody remembers whether. */
  @Nullable Applied apply(long at, Proposal proposal) {
    Applied application = applied.find(proposal.id());
    if (application == null && !applied.mayBeForgotten(proposal.id())) {
      application = new Applied(at, machine.apply(at, proposal.command()));
      lastCommandIndex = at;
      applied.add(proposal.id(), application);
    }
    return application;
  }

  /** Everything up to here is applied. */
  void reached(long at) {
    index = at;
  }

  StateHash hash() {
    return machine.stateHash();
  }

  byte[] snapshot() {
    ByteBuf out = Unpooled.buffer(1 << 10);
    applied.write(out);
    out.writeBytes(machine.snapshot());
    return ByteBufUtil.getBytes(out);
  }

  void restore(Snapshot snapshot) {
    ByteBuf in = Unpooled.wrappedBuffer(snapshot.data());
    applied.read(in);
    machine.restore(snapshot.index(), ByteBufUtil.getBytes(in));
    index = snapshot.index();
    lastCommandIndex = snapshot.index();
  }
}
