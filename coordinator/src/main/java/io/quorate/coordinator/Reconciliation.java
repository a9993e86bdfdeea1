package io.quorate.coordinator;

import io.quorate.sstable.FragmentMerger;
import io.quorate.sstable.ReadLimits;
import io.quorate.sstable.ReadResult;
import io.quorate.sstable.Slice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What several replicas' answers to one read say together.
 *
 * <p>An answer that was cut says nothing of what lies behind the row that it reached. So the
 * answers are believed only as far as the shortest of the cut ones goes. When fewer live rows than
 * asked for are left by then, because deleted rows took their place, the result says how far it
 * goes, and whoever asked goes on from there.
 *
 * @param everything all that is known as far as all answers go: what each replica should have
 * @param result what was asked for
 */
record Reconciliation(byte[] everything, ReadResult result) {

  static Reconciliation of(List<ReadResult> answers, ReadLimits limits) {
    byte[] boundary = null;
    FragmentMerger merger = new FragmentMerger().begin();
    for (ReadResult answer : answers) {
      merger.add(answer.fragment());
      byte[] reached = answer.reached();
      if (reached != null) {
        boundary = boundary == null ? reached : nearer(boundary, reached, limits.reversed());
      }
    }
    ReadLimits believed = boundary == null ? limits : within(limits, boundary);
    byte[] everything = merger.merge(withLiveRows(believed, Integer.MAX_VALUE)).fragment();
    ReadResult result = new FragmentMerger().begin().add(everything).merge(believed);
    byte[] reached = result.reached() != null ? result.reached() : boundary;
    return new Reconciliation(
        everything, new ReadResult(result.fragment(), result.liveRows(), reached));
  }

  /** The rows of a fragment that {@code limits} ask for. */
  static byte[] limit(byte[] fragment, ReadLimits limits) {
    return new FragmentMerger().begin().add(fragment).merge(limits).fragment();
  }

  /**
   * All that fragments of one partition know together of what {@code limits} ask for, up to and
   * with row {@code boundary} when there is one.
   */
  static byte[] mergeUpTo(List<byte[]> fragments, ReadLimits limits, byte @Nullable [] boundary) {
    FragmentMerger merger = new FragmentMerger().begin();
    fragments.forEach(merger::add);
    ReadLimits believed = boundary == null ? limits : within(limits, boundary);
    return merger.merge(withLiveRows(believed, Integer.MAX_VALUE)).fragment();
  }

  /** What a partition counts towards a limit of rows: its live rows, or one for a static row. */
  static int countedRows(byte[] fragment, ReadLimits limits) {
    int live = new FragmentMerger().begin().add(fragment).merge(limits).liveRows();
    return live > 0 ? live : fragment.length > 1 && limits.includeStatic() ? 1 : 0;
  }

  static ReadLimits withLiveRows(ReadLimits limits, int liveRows) {
    return new ReadLimits(
        limits.slices(),
        limits.includeStatic(),
        limits.reversed(),
        Math.max(1, liveRows),
        limits.nowSeconds());
  }

  private static byte[] nearer(byte[] one, byte[] other, boolean reversed) {
    boolean oneFirst = Arrays.compareUnsigned(one, other) <= 0;
    return oneFirst != reversed ? one : other;
  }

  private static ReadLimits within(ReadLimits limits, byte[] boundary) {
    byte[] behind = Arrays.copyOf(boundary, boundary.length + 1);
    List<Slice> slices = new ArrayList<>();
    for (Slice slice : limits.slices()) {
      byte[] start = slice.start();
      byte[] end = slice.end();
      if (limits.reversed()) {
        start = Arrays.compareUnsigned(start, boundary) < 0 ? boundary : start;
      } else {
        end = Arrays.compareUnsigned(end, behind) > 0 ? behind : end;
      }
      if (Arrays.compareUnsigned(start, end) < 0) {
        slices.add(new Slice(start, end));
      }
    }
    return new ReadLimits(
        slices, limits.includeStatic(), limits.reversed(), limits.liveRows(), limits.nowSeconds());
  }
}
