package io.quorate.sstable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A deletion of the rows with {@code start <= key < end}. */
record RangeTombstone(byte[] start, byte[] end, Deletion deletion) {

  /** Footprint in memory beside the two bounds' bytes, for accounting. */
  static final int OVERHEAD_BYTES = 120;

  /**
   * Brings ranges into their one form: disjoint, in order, adjacent ones with the same deletion
   * joined, and none that {@code floor}, the partition's deletion, covers. A sweep over all bounds,
   * with the deletions that are open at the time in order.
   */
  static List<RangeTombstone> canonical(List<RangeTombstone> ranges, Deletion floor) {
    if (ranges.isEmpty() || (ranges.size() == 1 && ranges.getFirst().deletion.supersedes(floor))) {
      return ranges;
    }
    TreeMap<byte[], List<RangeTombstone>> bounds = new TreeMap<>(Arrays::compareUnsigned);
    for (RangeTombstone range : ranges) {
      if (range.deletion.supersedes(floor)) {
        bounds.computeIfAbsent(range.start, bound -> new ArrayList<>()).add(range);
        bounds.computeIfAbsent(range.end, bound -> new ArrayList<>()).add(range);
      }
    }
    List<RangeTombstone> canonical = new ArrayList<>();
    TreeMap<Deletion, Integer> open = new TreeMap<>();
    byte[] currentStart = RowKeys.LOWEST;
    Deletion current = Deletion.NONE;
    for (var bound : bounds.entrySet()) {
      for (RangeTombstone range : bound.getValue()) {
        boolean starts = Arrays.equals(range.start, bound.getKey());
        open.merge(range.deletion, starts ? 1 : -1, RangeTombstone::sumOrNone);
      }
      Deletion next = open.isEmpty() ? Deletion.NONE : open.lastKey();
      if (!next.equals(current)) {
        if (!current.isNone()) {
          canonical.add(new RangeTombstone(currentStart, bound.getKey(), current));
        }
        currentStart = bound.getKey();
        current = next;
      }
    }
    return canonical;
  }

  /** Two ranges may start and end at one bound in either order, so counts pass through zero. */
  private static @Nullable Integer sumOrNone(int left, int right) {
    int sum = left + right;
    return sum == 0 ? null : sum;
  }

  /** Of canonical ranges the one that covers a key; null when none does. */
  static @Nullable RangeTombstone covering(
      List<RangeTombstone> ranges, byte[] bytes, int offset, int length) {
    int low = 0;
    int high = ranges.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (RowKeys.compare(ranges.get(middle).start, bytes, offset, length) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == 0) {
      return null;
    }
    RangeTombstone candidate = ranges.get(low - 1);
    return RowKeys.compare(candidate.end, bytes, offset, length) > 0 ? candidate : null;
  }

  /** Parts of canonical ranges that lie within slices and within {@code [from, to)}. */
  static List<RangeTombstone> within(
      List<RangeTombstone> ranges, List<Slice> slices, byte[] from, byte[] to) {
    if (ranges.isEmpty()) {
      return ranges;
    }
    List<RangeTombstone> parts = new ArrayList<>();
    for (Slice slice : slices) {
      byte[] low = greater(slice.start(), from);
      byte[] high = lesser(slice.end(), to);
      for (RangeTombstone range : ranges) {
        byte[] start = greater(low, range.start);
        byte[] end = lesser(high, range.end);
        if (Arrays.compareUnsigned(start, end) < 0) {
          parts.add(new RangeTombstone(start, end, range.deletion));
        }
      }
    }
    return parts.size() < 2 ? parts : canonical(parts, Deletion.NONE);
  }

  private static byte[] greater(byte[] left, byte[] right) {
    return Arrays.compareUnsigned(left, right) >= 0 ? left : right;
  }

  private static byte[] lesser(byte[] left, byte[] right) {
    return Arrays.compareUnsigned(left, right) <= 0 ? left : right;
  }
}
