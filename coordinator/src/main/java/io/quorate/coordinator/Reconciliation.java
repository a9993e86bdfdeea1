package io.quorate.coordinator;

import io.quorate.sstable.FragmentMerger;
import io.quorate.sstable.FragmentReader;
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
 * <p>An answer that was cut at the limit of rows says nothing of what lies behind its last row. So
 * the answers are believed only as far as the shortest of the cut ones goes; when fewer live rows
 * than asked for are left by then, the read was short and must be done again with a greater limit.
 *
 * @param everything all that is known as far as all answers go: what each replica should have
 * @param result what was asked for
 */
record Reconciliation(byte[] everything, ReadResult result, boolean isShort) {

  static Reconciliation of(List<ReadResult> answers, ReadLimits limits) {
    byte[] boundary = null;
    FragmentMerger merger = new FragmentMerger().begin();
    for (ReadResult answer : answers) {
      merger.add(answer.fragment());
      if (answer.cut()) {
        byte[] reached = lastRow(answer.fragment(), limits.reversed());
        boundary = boundary == null ? reached : nearer(boundary, reached, limits.reversed());
      }
    }
    ReadLimits believed = boundary == null ? limits : within(limits, boundary);
    byte[] everything = merger.merge(withLiveRows(believed, Integer.MAX_VALUE)).fragment();
    ReadResult result = new FragmentMerger().begin().add(everything).merge(believed);
    boolean isShort = boundary != null && result.liveRows() < limits.liveRows();
    return new Reconciliation(
        everything,
        new ReadResult(result.fragment(), result.liveRows(), result.cut() || boundary != null),
        isShort);
  }

  /** Cuts an answer down to what {@code limits} ask for. */
  static ReadResult limit(ReadResult answer, ReadLimits limits) {
    ReadResult limited = new FragmentMerger().begin().add(answer.fragment()).merge(limits);
    return new ReadResult(limited.fragment(), limited.liveRows(), limited.cut() || answer.cut());
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

  /**
   * The key of the last regular row that an answer reached, in the direction of the read; where
   * every key is behind it when there is no row.
   */
  private static byte[] lastRow(byte[] fragment, boolean reversed) {
    FragmentReader entries = new FragmentReader().reset(fragment);
    byte[] last = reversed ? new byte[] {(byte) 0xFF} : new byte[0];
    while (true) {
      switch (entries.next()) {
        case END -> {
          return last;
        }
        case ROW -> {
          if (!entries.isStaticRow()) {
            last =
                Arrays.copyOfRange(
                    entries.bytes(),
                    entries.keyOffset(),
                    entries.keyOffset() + entries.keyLength());
            if (reversed) {
              return last;
            }
          }
        }
        case RANGE_TOMBSTONE -> {
          // Says what is deleted, not how far rows were read.
        }
      }
    }
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
