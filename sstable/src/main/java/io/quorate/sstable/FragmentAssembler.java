package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the wanted rows of a merged partition as one canonical fragment. Where a limit cuts
 * reading short, ranges are cut off behind the last row, since nothing was learnt beyond. Besides
 * the limit of live rows there are two of effort, so that a desert of tombstones ends an answer
 * early instead of holding it up. Reused, not thread-safe.
 */
final class FragmentAssembler {
  private final FragmentWriter out = new FragmentWriter();

  /** Rows that cannot be written out yet: read backwards, or with ranges between them. */
  private final ByteWriter waiting = new ByteWriter(512);

  /** Per waiting row: key offset, key length, body length. */
  private int[] waitingIndex = new int[48];

  private int waitingCount;
  private int liveRows;
  private int enoughBytes;
  private byte @Nullable [] reached;
  private byte[] readFrom = RowKeys.LOWEST;
  private byte[] readTo = RowKeys.HIGHEST;

  /** Pulls rows out of {@code partition}, whose deletions are merged. */
  ReadResult assemble(PartitionMerger partition, ReadLimits limits) throws IOException {
    return assemble(partition, limits, Integer.MAX_VALUE, Integer.MAX_VALUE);
  }

  /**
   * As above, with limits of effort.
   *
   * @param enoughBytes reading stops after the row that reaches this size
   * @param enoughRows and after so many rows were looked at, whether they can be seen or not
   */
  ReadResult assemble(PartitionMerger partition, ReadLimits limits, int enoughBytes, int enoughRows)
      throws IOException {
    this.enoughBytes = enoughBytes;
    reached = null;
    waiting.clear();
    waitingCount = 0;
    liveRows = 0;
    readFrom = RowKeys.LOWEST;
    readTo = RowKeys.HIGHEST;
    out.begin();
    Deletion deletion = partition.partitionDeletion();
    if (!deletion.isNone()) {
      out.partitionDeletion(deletion.timestampMicros(), deletion.localSeconds());
    }
    boolean direct = partition.ranges().isEmpty() && !limits.reversed();
    boolean staticLeads = limits.includeStatic() && !limits.reversed() && beginsLow(limits);
    if (limits.includeStatic() && !staticLeads) {
      assembleStatic(partition, direct);
    }
    partition.limitVisits(enoughRows);
    if (limits.reversed()) {
      assembleBackwards(partition, limits);
    } else {
      assembleForwards(partition, limits, staticLeads, direct);
    }
    if (!direct) {
      writeWaiting(
          RangeTombstone.within(partition.ranges(), limits.slices(), readFrom, readTo),
          limits.reversed());
    }
    return new ReadResult(out.finish(), liveRows, reached);
  }

  private void assembleStatic(PartitionMerger partition, boolean direct) throws IOException {
    partition.seekAtOrAfter(RowKeys.STATIC);
    if (partition.next(RowKeys.REGULAR)) {
      add(partition, direct);
    }
  }

  /** Whether the static row lies right in front of the first slice: one seek serves both. */
  private static boolean beginsLow(ReadLimits limits) {
    return !limits.slices().isEmpty()
        && Arrays.compareUnsigned(limits.slices().getFirst().start(), RowKeys.REGULAR) <= 0
        && Arrays.compareUnsigned(limits.slices().getFirst().end(), RowKeys.REGULAR) > 0;
  }

  private void assembleForwards(
      PartitionMerger partition, ReadLimits limits, boolean staticLeads, boolean direct)
      throws IOException {
    boolean first = true;
    for (Slice slice : limits.slices()) {
      partition.seekAtOrAfter(first && staticLeads ? RowKeys.LOWEST : aboveStatic(slice.start()));
      first = false;
      while (partition.next(slice.end())) {
        add(partition, direct);
        boolean regular =
            !RowKeys.isStatic(partition.keyBytes, partition.keyOffset, partition.keyLength);
        if (regular && isEnough(partition.row().live, limits.liveRows())) {
          stopForwards(partition);
          return;
        }
        if (regular && slice.isRow()) {
          break;
        }
      }
      if (partition.isTired()) {
        stopForwards(partition);
        return;
      }
    }
  }

  private void stopForwards(PartitionMerger partition) {
    reached = partition.keyCopy();
    readTo = RowKeys.after(reached, 0, reached.length);
  }

  private boolean isEnough(boolean live, int wantedRows) {
    liveRows += live ? 1 : 0;
    return (live && liveRows == wantedRows) || out.sizeBytes() + waiting.length >= enoughBytes;
  }

  private void assembleBackwards(PartitionMerger partition, ReadLimits limits) throws IOException {
    List<Slice> slices = limits.slices();
    for (int i = slices.size() - 1; i >= 0; i--) {
      partition.seekBefore(slices.get(i).end());
      byte[] start = aboveStatic(slices.get(i).start());
      while (partition.previous(start)) {
        add(partition, false);
        if (isEnough(partition.row().live, limits.liveRows())) {
          stopBackwards(partition);
          return;
        }
      }
      if (partition.isTired()) {
        stopBackwards(partition);
        return;
      }
    }
  }

  private void stopBackwards(PartitionMerger partition) {
    reached = partition.keyCopy();
    readFrom = reached;
  }

  private static byte[] aboveStatic(byte[] bound) {
    return Arrays.compareUnsigned(bound, RowKeys.REGULAR) < 0 ? RowKeys.REGULAR : bound;
  }

  private void add(PartitionMerger partition, boolean direct) {
    RowMerger row = partition.row();
    if (direct) {
      out.row(
          partition.keyBytes,
          partition.keyOffset,
          partition.keyLength,
          row.bytes,
          row.offset,
          row.length);
      return;
    }
    int at = waitingCount * 3;
    if (at == waitingIndex.length) {
      waitingIndex = Arrays.copyOf(waitingIndex, 2 * at);
    }
    waitingIndex[at] = waiting.length;
    waitingIndex[at + 1] = partition.keyLength;
    waitingIndex[at + 2] = row.length;
    waitingCount++;
    waiting.put(partition.keyBytes, partition.keyOffset, partition.keyLength);
    waiting.put(row.bytes, row.offset, row.length);
  }

  private void writeWaiting(List<RangeTombstone> ranges, boolean reversed) {
    int nextRange = 0;
    for (int i = 0; i < waitingCount; i++) {
      // Read backwards, the static row still came first.
      boolean staticRow = RowKeys.isStatic(waiting.bytes, waitingIndex[0], waitingIndex[1]);
      int row =
          !reversed ? i : staticRow ? (waitingCount - i) % waitingCount : waitingCount - 1 - i;
      int keyOffset = waitingIndex[row * 3];
      int keyLength = waitingIndex[row * 3 + 1];
      while (nextRange < ranges.size()
          && RowKeys.compare(ranges.get(nextRange).start(), waiting.bytes, keyOffset, keyLength)
              <= 0) {
        out.rangeTombstone(ranges.get(nextRange++));
      }
      out.row(
          waiting.bytes,
          keyOffset,
          keyLength,
          waiting.bytes,
          keyOffset + keyLength,
          waitingIndex[row * 3 + 2]);
    }
    while (nextRange < ranges.size()) {
      out.rangeTombstone(ranges.get(nextRange++));
    }
    Invariant.check(nextRange == ranges.size(), "every range is written");
  }
}
