package io.quorate.raft;

import io.netty.buffer.ByteBuf;
import io.quorate.environment.Invariant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The proposals that were applied of late, so that a retry is recognised (section 6.3). Part of the
 * replicated state: the same at every member that has applied as much.
 *
 * <p>Its size is bounded, so the oldest are forgotten. A proposal that might be among those is
 * refused: each carries an index before which it was not applied ({@link ProposalId#sinceIndex}).
 *
 * <p>Owned by its driver's shard.
 */
final class AppliedProposals {
  /** An application: where in the log, and what the machine returned. */
  record Applied(long index, byte[] result) {
    static final Applied NOTHING = new Applied(0, new byte[0]);
  }

  private record Key(long most, long least) {
    static Key of(ProposalId id) {
      return new Key(id.most(), id.least());
    }
  }

  private final int capacity;
  private final Map<Key, Applied> applied = new LinkedHashMap<>();
  private long forgottenUpTo;

  AppliedProposals(int capacity) {
    this.capacity = capacity;
  }

  @Nullable Applied find(ProposalId id) {
    return applied.get(Key.of(id));
  }

  /** Whether the proposal may have been applied and forgotten. */
  boolean mayBeForgotten(ProposalId id) {
    return id.sinceIndex() < forgottenUpTo;
  }

  void add(ProposalId id, Applied application) {
    Applied earlier = applied.put(Key.of(id), application);
    Invariant.check(earlier == null, "a proposal applies once");
    if (applied.size() > capacity) {
      Iterator<Applied> oldest = applied.values().iterator();
      forgottenUpTo = oldest.next().index();
      oldest.remove();
    }
  }

  /**
   * <pre>
   * u64 forgotten up to | u32 count | each: u64 most | u64 least | u64 index | u32 length | result
   * </pre>
   */
  void write(ByteBuf out) {
    out.writeLong(forgottenUpTo).writeInt(applied.size());
    applied.forEach((key, value) -> {
      out.writeLong(key.most()).writeLong(key.least()).writeLong(value.index());
      out.writeInt(value.result().length).writeBytes(value.result());
    });
  }

  void read(ByteBuf in) {
    applied.clear();
    forgottenUpTo = in.readLong();
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      Key key = new Key(in.readLong(), in.readLong());
      long index = in.readLong();
      byte[] result = new byte[in.readInt()];
      in.readBytes(result);
      applied.put(key, new Applied(index, result));
    }
  }
}
