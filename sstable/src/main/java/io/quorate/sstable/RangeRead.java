package io.quorate.sstable;

import io.quorate.environment.Shard;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a range of tokens. With nothing on disk it is read on the shard. Otherwise a stretch
 * of the active memtable is copied on the shard and the page is read on a pool thread; it ends, at
 * the latest, where the copy ends.
 */
final class RangeRead {
  private final EngineShard owner;
  private final TableShard memtables;
  private final RangeCommand command;
  private final RangeCallback callback;

  /** Where the copy of the active memtable ends: inside a partition, or in front of one. */
  private record Bound(byte[] partition, byte[] lastRow) {}

  RangeRead(EngineShard owner, TableShard memtables, RangeCommand command, RangeCallback callback) {
    this.owner = owner;
    this.memtables = memtables;
    this.command = command;
    this.callback = callback;
  }

  void start() {
    Version version = memtables.table.version();
    long fromToken = command.from().token();
    TableManifest.Listed damaged = version.damagedBetween(fromToken, command.endToken());
    if (damaged != null) {
      callback.completed(memtables.table.refusal(damaged));
      return;
    }
    List<SSTable> tables = new ArrayList<>();
    for (SSTable table : version.tables()) {
      SSTableStatistics statistics = table.statistics();
      ReadLimits limits = command.limits();
      if (statistics.maxToken() >= fromToken
          && statistics.minToken() <= command.endToken()
          && (statistics.hasHeads()
              || statistics.mayHaveRows(limits.slices(), limits.includeStatic()))) {
        tables.add(table);
      }
    }
    List<EntryCursor> sources = new ArrayList<>();
    memtables.frozen.forEach(memtable -> sources.add(memtable.cursor()));
    try {
      if (tables.isEmpty()) {
        sources.add(memtables.active.cursor());
        callback.completed(read(sources, null));
      } else {
        readOnPool(tables, sources);
      }
    } catch (IOException e) {
      owner.readFailed(memtables.table, e, callback::completed);
    }
  }

  private void readOnPool(List<SSTable> tables, List<EntryCursor> sources) throws IOException {
    EntryTree copy = new EntryTree(new Entries());
    Bound bound = copyActive(copy);
    sources.add(copy.cursor());
    tables.forEach(SSTable::retain);
    Shard shard = owner.shard();
    owner
        .pool()
        .execute(() -> {
          try {
            tables.forEach(table -> sources.add(table.cursor()));
            RangePage page = read(sources, bound);
            shard.execute(() -> callback.completed(page));
          } catch (IOException e) {
            shard.execute(() -> owner.readFailed(memtables.table, e, callback::completed));
          } finally {
            owner.release(tables);
          }
        });
  }

  private byte[] startKey() {
    RangePosition from = command.from();
    return from.key().length == 0
        ? StoreKey.firstOf(from.token())
        : StoreKey.partition(from.token(), from.key());
  }

  /** Copies from the start of the page on; null when the copy holds all that is wanted. */
  private @Nullable Bound copyActive(EntryTree copy) throws IOException {
    EntryCursor cursor = memtables.active.cursor();
    byte[] afterRow = command.from().afterRow();
    byte[] start = startKey();
    if (afterRow.length > 0) {
      // In the middle of a partition: its head and static row, then what is behind the row.
      byte[] regular = joined(start, RowKeys.REGULAR);
      for (boolean found = cursor.seekAtOrAfter(start, start.length);
          found && isBelow(cursor, regular);
          found = cursor.next()) {
        copy(cursor, copy);
      }
      start = joined(start, RowKeys.after(afterRow, 0, afterRow.length));
    }
    long copiedBytes = 0;
    byte[] last = RowKeys.LOWEST;
    for (boolean found = cursor.seekAtOrAfter(start, start.length);
        found && StoreKey.token(cursor.keyBytes, cursor.keyOffset) <= command.endToken();
        found = cursor.next()) {
      // Not between a head and its first row, or a page could end where it began.
      boolean behindHead = last.length > 0 && StoreKey.isHead(last, 0, last.length);
      if (copiedBytes > 2L * command.pageBytes() && !behindHead) {
        return bound(
            Arrays.copyOfRange(
                cursor.keyBytes, cursor.keyOffset, cursor.keyOffset + cursor.keyLength),
            last);
      }
      last = copy(cursor, copy);
      copiedBytes += cursor.keyLength + cursor.valueLength;
    }
    return null;
  }

  private static byte[] copy(EntryCursor cursor, EntryTree copy) {
    byte[] key =
        Arrays.copyOfRange(cursor.keyBytes, cursor.keyOffset, cursor.keyOffset + cursor.keyLength);
    copy.findOrAdd(key, key.length, cursor.valueBytes, cursor.valueOffset, cursor.valueLength);
    return key;
  }

  private static byte[] joined(byte[] partition, byte[] row) {
    byte[] key = Arrays.copyOf(partition, partition.length + row.length);
    System.arraycopy(row, 0, key, partition.length, row.length);
    return key;
  }

  private static boolean isBelow(EntryCursor cursor, byte[] bound) {
    return RowKeys.compare(bound, cursor.keyBytes, cursor.keyOffset, cursor.keyLength) > 0;
  }

  /**
   * @param next the first key that was not copied
   * @param last the last that was
   */
  private static Bound bound(byte[] next, byte[] last) {
    int length = StoreKey.partitionLength(next, 0);
    byte[] partition = Arrays.copyOf(next, length);
    boolean inside = StoreKey.hasPrefix(last, 0, last.length, partition, length);
    byte[] lastRow = inside ? Arrays.copyOfRange(last, length, last.length) : RowKeys.LOWEST;
    return new Bound(partition, lastRow);
  }

  private RangePage read(List<EntryCursor> sources, @Nullable Bound bound) throws IOException {
    return new Page(sources, bound).read();
  }

  /** A page in the making. */
  private final class Page {
    private final PartitionWalk walk;
    private final @Nullable Bound bound;
    private final PartitionMerger merger = new PartitionMerger();
    private final FragmentAssembler assembler = new FragmentAssembler();
    private final ByteWriter out = new ByteWriter(4 << 10);
    private int liveRows;
    private int rowsLeftToVisit = owner.readEffort().rows();
    private @Nullable RangePosition resume;

    Page(List<EntryCursor> sources, @Nullable Bound bound) {
      this.walk = new PartitionWalk(sources);
      this.bound = bound;
    }

    RangePage read() throws IOException {
      walk.seek(startKey());
      while (resume == null && walk.next() && walk.token() <= command.endToken()) {
        readPartition();
      }
      if (resume == null && bound != null) {
        // No source but the memtable goes on behind the copy's end.
        resume = startOf(bound);
      }
      return new RangePage(out.toBytes(), liveRows, resume);
    }

    private void readPartition() throws IOException {
      byte[] key = walk.key();
      byte[] from = RowKeys.LOWEST;
      RangePosition begin = command.from();
      if (walk.token() == begin.token() && Arrays.equals(key, begin.key())) {
        from = begin.afterRow();
        if (Arrays.equals(from, RowKeys.HIGHEST)) {
          return;
        }
      }
      byte[] to = RowKeys.HIGHEST;
      boolean ends = false;
      if (bound != null) {
        int order =
            Arrays.compareUnsigned(
                walk.partition.bytes,
                0,
                walk.partition.length,
                bound.partition,
                0,
                bound.partition.length);
        if (order > 0 || (order == 0 && bound.lastRow.length == 0)) {
          resume = startOf(bound);
          return;
        }
        ends = order == 0;
        to = ends ? RowKeys.after(bound.lastRow, 0, bound.lastRow.length) : to;
      }
      int rowsLeft = command.limits().liveRows() - liveRows;
      int rowsHere = Math.min(rowsLeft, command.rowsPerPartition());
      merger.begin(command.limits().nowSeconds(), Purge.NONE);
      walk.load(merger);
      ReadResult result =
          assembler.assemble(
              merger, limits(from, to, rowsHere), command.pageBytes(), rowsLeftToVisit);
      rowsLeftToVisit -= merger.visitedRows();
      append(key, result.fragment());
      liveRows += result.liveRows();
      byte[] reached = result.reached();
      if (reached != null && result.liveRows() < command.rowsPerPartition()) {
        resume = new RangePosition(walk.token(), key, reached);
      } else if (ends && reached == null) {
        resume = new RangePosition(walk.token(), key, to(from));
      } else if (ends || liveRows == command.limits().liveRows() || pageIsFull()) {
        resume = RangePosition.afterPartition(walk.token(), key);
      }
    }

    private boolean pageIsFull() {
      return out.length >= command.pageBytes() || rowsLeftToVisit <= 1;
    }

    /** The begin of the partition in front of which, or in which, the copy ends. */
    private RangePosition startOf(Bound copied) {
      return new RangePosition(
          StoreKey.token(copied.partition, 0),
          Arrays.copyOfRange(copied.partition, 10, copied.partition.length),
          RowKeys.LOWEST);
    }

    /** Where the copied stretch ends, unless reading began behind it already. */
    private byte[] to(byte[] from) {
      byte[] last = bound == null ? RowKeys.HIGHEST : bound.lastRow;
      return Arrays.compareUnsigned(from, last) > 0 ? from : last;
    }

    private ReadLimits limits(byte[] from, byte[] to, int rows) {
      ReadLimits wanted = command.limits();
      byte[] start = from.length == 0 ? from : RowKeys.after(from, 0, from.length);
      List<Slice> slices = new ArrayList<>();
      for (Slice slice : wanted.slices()) {
        byte[] low = Arrays.compareUnsigned(slice.start(), start) < 0 ? start : slice.start();
        byte[] high = Arrays.compareUnsigned(slice.end(), to) > 0 ? to : slice.end();
        if (Arrays.compareUnsigned(low, high) < 0) {
          slices.add(new Slice(low, high));
        }
      }
      return new ReadLimits(slices, wanted.includeStatic(), false, rows, wanted.nowSeconds());
    }

    private void append(byte[] key, byte[] fragment) {
      if (fragment.length > 1) {
        out.putLong(walk.token());
        out.putShort(key.length);
        out.put(key);
        out.putInt(fragment.length);
        out.put(fragment);
      }
    }
  }
}
