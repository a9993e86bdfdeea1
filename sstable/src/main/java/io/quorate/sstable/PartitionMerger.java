package io.quorate.sstable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Merges what several sources know of one partition: their deletions, ranges and rows. Rows are
 * pulled one at a time, so that a large partition streams through. Used by reads, compaction and
 * {@link FragmentMerger}. Reused, not thread-safe.
 *
 * <p>Where a range tombstone is newer than all of a source, the source is not walked through the
 * range but moved behind it.
 */
final class PartitionMerger {
  private long nowSeconds;
  private final RowMerger row = new RowMerger();
  private final List<RangeTombstone> rawRanges = new ArrayList<>();
  private List<RangeTombstone> ranges = List.of();
  private Deletion partitionDeletion = Deletion.NONE;

  private RowCursor[] cursors = new RowCursor[4];
  private boolean[] standing = new boolean[4];
  private boolean[] taken = new boolean[4];
  private int cursorCount;
  private int visitedRows;
  private int visitLimit;

  /** The range tombstone that covers the row last visited. */
  private @Nullable RangeTombstone coveringRange;

  /** Key of the merged row; it may point into a cursor, so it is valid until the next row. */
  byte[] keyBytes = RowKeys.LOWEST;

  int keyOffset;
  int keyLength;

  private Purge purge = Purge.NONE;

  /**
   * Begins a partition.
   *
   * @param nowSeconds what expires up to then has expired
   * @param purge tombstones that are left out
   */
  void begin(long nowSeconds, Purge purge) {
    this.nowSeconds = nowSeconds;
    this.purge = purge;
    rawRanges.clear();
    ranges = List.of();
    partitionDeletion = Deletion.NONE;
    cursorCount = 0;
    visitedRows = 0;
    visitLimit = Integer.MAX_VALUE;
  }

  /** How many more rows may be looked at before {@link #next} and {@link #previous} give up. */
  void limitVisits(int rows) {
    visitLimit = (int) Math.min((long) visitedRows + rows, Integer.MAX_VALUE);
  }

  int visitedRows() {
    return visitedRows;
  }

  /** Whether the limit of visits was reached; then the key is that of the row last looked at. */
  boolean isTired() {
    return visitedRows >= visitLimit;
  }

  void addDeletion(Deletion deletion) {
    partitionDeletion = partitionDeletion.or(deletion);
  }

  void addRanges(List<RangeTombstone> more) {
    rawRanges.addAll(more);
  }

  void addRows(RowCursor cursor) {
    if (cursorCount == cursors.length) {
      cursors = Arrays.copyOf(cursors, 2 * cursorCount);
      standing = new boolean[cursors.length];
      taken = new boolean[cursors.length];
    }
    cursors[cursorCount++] = cursor;
  }

  /** Brings deletions into their one form. Called when all are added, before rows are pulled. */
  void mergeDeletions() {
    if (!rawRanges.isEmpty()) {
      ranges = RangeTombstone.canonical(List.copyOf(rawRanges), partitionDeletion);
    }
  }

  Deletion partitionDeletion() {
    return partitionDeletion;
  }

  List<RangeTombstone> ranges() {
    return ranges;
  }

  /** The deletions that remain once those that are purged have had their effect. */
  PartitionHead keptHead() {
    return new PartitionHead(
        purge.drops(partitionDeletion) ? Deletion.NONE : partitionDeletion,
        purge.isNone()
            ? ranges
            : ranges.stream().filter(range -> !purge.drops(range.deletion())).toList());
  }

  /** Stands before the first row not below {@code bound}. */
  void seekAtOrAfter(byte[] bound) throws IOException {
    coveringRange = null;
    for (int i = 0; i < cursorCount; i++) {
      standing[i] = cursors[i].seekAtOrAfter(bound);
      taken[i] = false;
    }
  }

  /** Stands after the last row below {@code bound}. */
  void seekBefore(byte[] bound) throws IOException {
    coveringRange = null;
    for (int i = 0; i < cursorCount; i++) {
      standing[i] = cursors[i].seekBefore(bound);
      taken[i] = false;
    }
  }

  /** Merges the next row below {@code end}; false when there is none, or when it is tired. */
  boolean next(byte[] end) throws IOException {
    while (!isTired()) {
      RangeTombstone passed = coveringRange;
      for (int i = 0; i < cursorCount; i++) {
        if (taken[i]) {
          standing[i] =
              (passed != null && passed.deletion().outdoes(cursors[i].newestMicros()))
                  ? cursors[i].seekAtOrAfter(passed.end())
                  : cursors[i].next();
        }
      }
      RowCursor least = first(1);
      if (least == null
          || RowKeys.compare(end, least.keyBytes, least.keyOffset, least.keyLength) <= 0) {
        Arrays.fill(taken, false);
        return false;
      }
      if (mergeRow(least)) {
        return true;
      }
    }
    return false;
  }

  /** Merges the row before, not below {@code start}; false when there is none, or when tired. */
  boolean previous(byte[] start) throws IOException {
    while (!isTired()) {
      RangeTombstone passed = coveringRange;
      for (int i = 0; i < cursorCount; i++) {
        if (taken[i]) {
          standing[i] =
              (passed != null && passed.deletion().outdoes(cursors[i].newestMicros()))
                  ? cursors[i].seekBefore(passed.start())
                  : cursors[i].previous();
        }
      }
      RowCursor greatest = first(-1);
      if (greatest == null
          || RowKeys.compare(start, greatest.keyBytes, greatest.keyOffset, greatest.keyLength)
              > 0) {
        Arrays.fill(taken, false);
        return false;
      }
      if (mergeRow(greatest)) {
        return true;
      }
    }
    return false;
  }

  private @Nullable RowCursor first(int direction) {
    RowCursor first = null;
    for (int i = 0; i < cursorCount; i++) {
      if (standing[i] && (first == null || cursors[i].compareKey(first) * direction < 0)) {
        first = cursors[i];
      }
    }
    return first;
  }

  private boolean mergeRow(RowCursor chosen) {
    keyBytes = chosen.keyBytes;
    keyOffset = chosen.keyOffset;
    keyLength = chosen.keyLength;
    visitedRows++;
    row.begin();
    for (int i = 0; i < cursorCount; i++) {
      RowCursor cursor = cursors[i];
      taken[i] = standing[i] && cursor.compareKey(chosen) == 0;
      if (taken[i]) {
        row.add(cursor.bodyBytes, cursor.bodyOffset, cursor.bodyLength);
      }
    }
    return row.merge(covering(), nowSeconds, purge);
  }

  private Deletion covering() {
    if (ranges.isEmpty() || RowKeys.isStatic(keyBytes, keyOffset, keyLength)) {
      coveringRange = null;
      return partitionDeletion;
    }
    coveringRange = RangeTombstone.covering(ranges, keyBytes, keyOffset, keyLength);
    return coveringRange == null
        ? partitionDeletion
        : coveringRange.deletion().or(partitionDeletion);
  }

  byte[] keyCopy() {
    return Arrays.copyOfRange(keyBytes, keyOffset, keyOffset + keyLength);
  }

  /** The merged row's body, valid until the next row. */
  RowMerger row() {
    return row;
  }
}
