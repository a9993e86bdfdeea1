package io.quorate.sstable;

import io.quorate.environment.Shard;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One read of one partition. It begins on the shard. When all that it needs is in memtables and in
 * the block cache, it ends there, without a hop. Otherwise the memtables' part is collected, which
 * only the shard may do, a pool thread merges the SSTables into it, and the answer comes back to
 * the shard.
 *
 * <p>With a limit only so much of the memtables is collected as will likely do. When that was too
 * little, because SSTables delete some of it, the read goes on behind what was collected, in
 * another round. When an answer has taken the {@link ReadEffort} that one may take, it ends where
 * it is.
 */
final class PartitionRead {
  private static final int LEAST_COLLECTED_ROWS = 128;
  private static final int MOST_ROUNDS = 16;

  private final EngineShard owner;
  private final TableShard memtables;
  private final ReadCommand command;
  private final ReadCallback callback;
  private final byte[] partition;
  private ReadLimits limits;

  /** What earlier rounds have found. */
  private List<byte[]> parts = List.of();

  private int earlierLiveRows;
  private int partBytes;

  PartitionRead(
      EngineShard owner, TableShard memtables, ReadCommand command, ReadCallback callback) {
    this.owner = owner;
    this.memtables = memtables;
    this.command = command;
    this.callback = callback;
    this.partition = StoreKey.partition(command.token(), command.key());
    this.limits = command.limits();
  }

  void start() {
    Version version = memtables.table.version();
    long token = command.token();
    TableManifest.Listed damaged = version.damagedBetween(token, token);
    if (damaged != null) {
      callback.completed(memtables.table.refusal(damaged));
      return;
    }
    List<SSTable> candidates = PartitionSources.candidates(version.tables(), token, limits);
    try {
      PartitionMerger merger = owner.merger();
      merger.begin(limits.nowSeconds(), Purge.NONE);
      PartitionSources sources = new PartitionSources(merger, partition, limits);
      addMemtables(sources);
      for (int i = 0; i < candidates.size(); i++) {
        sources.add(candidates.get(i), candidates.get(i).residentCursor());
      }
      merger.mergeDeletions();
      ReadResult result = assemble(owner.assembler(), merger, limits);
      complete(result, result.reached());
    } catch (BlockNotResident e) {
      continueOnPool(candidates);
    } catch (IOException e) {
      owner.readFailed(memtables.table, e, callback::completed);
    }
  }

  private ReadResult assemble(
      FragmentAssembler assembler, PartitionMerger merger, ReadLimits wanted) throws IOException {
    ReadEffort effort = owner.readEffort();
    return assembler.assemble(merger, wanted, effort.bytes(), effort.rows());
  }

  private void addMemtables(PartitionSources sources) throws IOException {
    if (!memtables.active.isEmpty()) {
      sources.add(memtables.active);
    }
    for (int i = 0; i < memtables.frozen.size(); i++) {
      sources.add(memtables.frozen.get(i));
    }
  }

  private void continueOnPool(List<SSTable> candidates) {
    ReadResult collected;
    try {
      collected = collect();
    } catch (IOException e) {
      owner.readFailed(memtables.table, e, callback::completed);
      return;
    }
    candidates.forEach(SSTable::retain);
    ReadLimits wanted = limits;
    Shard shard = owner.shard();
    Executor pool = owner.pool();
    pool.execute(() -> {
      try {
        byte[] reached = collected.reached();
        ReadLimits covered = reached == null ? wanted : within(wanted, reached, true);
        ReadResult result = merge(candidates, collected, covered);
        shard.execute(() -> continueOnShard(collected, result));
      } catch (IOException e) {
        shard.execute(() -> owner.readFailed(memtables.table, e, callback::completed));
      } finally {
        owner.release(candidates);
      }
    });
  }

  /** The memtables' part. Nothing counts as expired yet: an SSTable may hold what wins. */
  private ReadResult collect() throws IOException {
    PartitionMerger merger = owner.merger();
    merger.begin(RowMerger.NEVER_SECONDS, Purge.NONE);
    addMemtables(new PartitionSources(merger, partition, limits));
    merger.mergeDeletions();
    int wanted = limits.liveRows();
    int rows = wanted > Integer.MAX_VALUE / 2 ? wanted : Math.max(LEAST_COLLECTED_ROWS, 2 * wanted);
    return assemble(owner.assembler(), merger, limits.withLiveRows(rows));
  }

  /** On a pool thread. */
  private ReadResult merge(List<SSTable> candidates, ReadResult collected, ReadLimits covered)
      throws IOException {
    PartitionMerger merger = new PartitionMerger();
    merger.begin(covered.nowSeconds(), Purge.NONE);
    FragmentRows memory =
        new FragmentRows().reset(collected.fragment(), 0, collected.fragment().length);
    PartitionSources sources = new PartitionSources(merger, partition, covered);
    sources.add(memory);
    List<@Nullable PartitionRows> found = new ArrayList<>();
    for (SSTable table : candidates) {
      found.add(sources.add(table, table.cursor()));
    }
    merger.mergeDeletions();
    ReadResult result = assemble(new FragmentAssembler(), merger, covered);
    boolean whole = covered.slices().equals(List.of(Slice.ALL));
    for (int i = 0; whole && i < found.size(); i++) {
      PartitionRows rows = found.get(i);
      if (rows != null && !rows.everFound()) {
        candidates.get(i).countFalsePositive();
      }
    }
    return result;
  }

  private void continueOnShard(ReadResult collected, ReadResult result) {
    byte[] reached = collected.reached();
    if (result.cut() || reached == null) {
      complete(result, result.reached());
      return;
    }
    partBytes += result.fragment().length;
    if (parts.size() == MOST_ROUNDS || partBytes >= owner.readEffort().bytes()) {
      complete(result, reached);
      return;
    }
    if (parts.isEmpty()) {
      parts = new ArrayList<>();
    }
    parts.add(result.fragment());
    earlierLiveRows += result.liveRows();
    ReadLimits rest = within(limits, reached, false);
    int wanted = limits.liveRows();
    limits =
        new ReadLimits(
            rest.slices(),
            false,
            rest.reversed(),
            wanted == Integer.MAX_VALUE ? wanted : wanted - result.liveRows(),
            rest.nowSeconds());
    start();
  }

  private void complete(ReadResult last, byte @Nullable [] reached) {
    byte[] fragment = last.fragment();
    if (!parts.isEmpty()) {
      FragmentMerger whole = new FragmentMerger().begin();
      parts.forEach(whole::add);
      fragment = whole.add(fragment).merge();
    }
    callback.completed(new ReadResult(fragment, earlierLiveRows + last.liveRows(), reached));
  }

  /** The part of the slices that was collected up to a row, or the part behind it. */
  private static ReadLimits within(ReadLimits limits, byte[] row, boolean collected) {
    boolean below = collected != limits.reversed();
    byte[] bound = limits.reversed() ? row : RowKeys.after(row, 0, row.length);
    List<Slice> kept = new ArrayList<>();
    for (Slice slice : limits.slices()) {
      byte[] start =
          !below && Arrays.compareUnsigned(slice.start(), bound) < 0 ? bound : slice.start();
      byte[] end = below && Arrays.compareUnsigned(slice.end(), bound) > 0 ? bound : slice.end();
      if (Arrays.compareUnsigned(start, end) < 0) {
        kept.add(new Slice(start, end));
      }
    }
    return new ReadLimits(
        kept, limits.includeStatic(), limits.reversed(), limits.liveRows(), limits.nowSeconds());
  }
}
