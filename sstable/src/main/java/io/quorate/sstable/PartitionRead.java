package io.quorate.sstable;

import io.quorate.environment.Invariant;
import io.quorate.environment.Shard;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * One read of one partition. It begins on the shard. When all that it needs is in memtables and in
 * the block cache, it ends there, without a hop. Otherwise the memtables' part is collected, which
 * only the shard may do, a pool thread merges the SSTables into it, and the answer comes back to
 * the shard.
 *
 * <p>With a limit only so much of the memtables is collected as will likely do. When that was too
 * little, because SSTables delete some of it, the read goes on behind what was collected, in
 * another round.
 */
final class PartitionRead {
  private static final int LEAST_COLLECTED_ROWS = 128;

  private final EngineShard owner;
  private final TableShard memtables;
  private final ReadCommand command;
  private final ReadCallback callback;
  private final byte[] partition;
  private ReadLimits limits;
  private final List<byte[]> parts = new ArrayList<>();
  private int earlierLiveRows;

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
    if (version.isDamagedAt(token)) {
      callback.completed(
          new ReadFailure(ReadFailure.Reason.DAMAGED, "an SSTable with the token was put aside"));
      return;
    }
    List<SSTable> candidates = candidates(version, token);
    try {
      PartitionMerger merger = owner.merger();
      merger.begin(limits.nowSeconds(), Purge.NONE);
      addMemtables(merger);
      for (int i = 0; i < candidates.size(); i++) {
        SSTable table = candidates.get(i);
        add(merger, table.residentCursor(), table.mayHaveHead(token));
      }
      merger.mergeDeletions();
      complete(owner.assembler().assemble(merger, limits));
    } catch (BlockNotResident e) {
      continueOnPool(candidates);
    } catch (IOException e) {
      owner.readFailed(memtables.table, e, callback::completed);
    }
  }

  private static List<SSTable> candidates(Version version, long token) {
    List<SSTable> candidates = List.of();
    List<SSTable> tables = version.tables();
    for (int i = 0; i < tables.size(); i++) {
      if (tables.get(i).mayContain(token)) {
        if (candidates.isEmpty()) {
          candidates = new ArrayList<>(4);
        }
        candidates.add(tables.get(i));
      }
    }
    return candidates;
  }

  private void addMemtables(PartitionMerger merger) throws IOException {
    if (!memtables.active.isEmpty()) {
      add(merger, memtables.active.cursor(), memtables.active.hasHeads());
    }
    for (int i = 0; i < memtables.frozen.size(); i++) {
      Memtable memtable = memtables.frozen.get(i);
      add(merger, memtable.cursor(), memtable.hasHeads());
    }
  }

  private PartitionRows add(PartitionMerger merger, EntryCursor source, boolean mayHaveHead)
      throws IOException {
    PartitionRows rows = new PartitionRows(source).reset(partition, 0, partition.length);
    if (mayHaveHead) {
      PartitionHead head = rows.head();
      merger.addDeletion(head.deletion());
      merger.addRanges(head.ranges());
    }
    merger.addRows(rows);
    return rows;
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
        ReadLimits covered =
            collected.cut() ? within(wanted, lastCollected(collected), true) : wanted;
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
    addMemtables(merger);
    merger.mergeDeletions();
    int wanted = limits.liveRows();
    int rows = wanted > Integer.MAX_VALUE / 2 ? wanted : Math.max(LEAST_COLLECTED_ROWS, 2 * wanted);
    return owner.assembler().assemble(merger, limits.withLiveRows(rows));
  }

  /** On a pool thread. */
  private ReadResult merge(List<SSTable> candidates, ReadResult collected, ReadLimits covered)
      throws IOException {
    PartitionMerger merger = new PartitionMerger();
    merger.begin(covered.nowSeconds(), Purge.NONE);
    FragmentRows memory =
        new FragmentRows().reset(collected.fragment(), 0, collected.fragment().length);
    merger.addDeletion(memory.partitionDeletion());
    merger.addRanges(memory.ranges());
    merger.addRows(memory);
    List<PartitionRows> found = new ArrayList<>();
    for (SSTable table : candidates) {
      found.add(add(merger, table.cursor(), table.mayHaveHead(command.token())));
    }
    merger.mergeDeletions();
    ReadResult result = new FragmentAssembler().assemble(merger, covered);
    boolean whole = covered.slices().equals(List.of(Slice.ALL));
    for (int i = 0; whole && i < found.size(); i++) {
      if (!found.get(i).everFound()) {
        candidates.get(i).countFalsePositive();
      }
    }
    return result;
  }

  private void continueOnShard(ReadResult collected, ReadResult result) {
    if (result.cut() || !collected.cut()) {
      complete(result);
      return;
    }
    parts.add(result.fragment());
    earlierLiveRows += result.liveRows();
    ReadLimits rest = within(limits, lastCollected(collected), false);
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

  private void complete(ReadResult last) {
    if (parts.isEmpty()) {
      callback.completed(last);
      return;
    }
    FragmentMerger whole = new FragmentMerger().begin();
    parts.forEach(whole::add);
    byte[] merged = whole.add(last.fragment()).merge();
    callback.completed(new ReadResult(merged, earlierLiveRows + last.liveRows(), last.cut()));
  }

  /** Key of the regular row at which collecting stopped: the last one, or the first backwards. */
  private byte[] lastCollected(ReadResult collected) {
    FragmentRows rows =
        new FragmentRows().reset(collected.fragment(), 0, collected.fragment().length);
    boolean found =
        command.limits().reversed()
            ? rows.seekAtOrAfter(RowKeys.REGULAR)
            : rows.seekBefore(RowKeys.HIGHEST);
    Invariant.check(found, "what was cut has rows");
    return Arrays.copyOfRange(rows.keyBytes, rows.keyOffset, rows.keyOffset + rows.keyLength);
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
