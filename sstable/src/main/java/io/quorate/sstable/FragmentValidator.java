package io.quorate.sstable;

import java.util.Arrays;

/** Checks the structure of fragments that come from outside, from the first byte to the last. */
public final class FragmentValidator {
  private FragmentValidator() {}

  /**
   * Checks a fragment.
   *
   * @throws MalformedException when its bytes are not a fragment, naming what is wrong
   */
  public static void validate(byte[] bytes, int offset, int length) {
    FragmentReader fragment = new FragmentReader().reset(bytes, offset, length);
    RowReader row = new RowReader();
    int lastKeyOffset = -1;
    int lastKeyEnd = -1;
    boolean lastWasRow = false;
    boolean rangeSeen = false;
    for (FragmentReader.Entry entry = fragment.next();
        entry != FragmentReader.Entry.END;
        entry = fragment.next()) {
      int keyOffset = fragment.keyOffset();
      int keyLength = fragment.keyLength();
      int keyEnd = keyOffset + keyLength;
      int order =
          lastKeyOffset < 0
              ? -1
              : Arrays.compareUnsigned(bytes, lastKeyOffset, lastKeyEnd, bytes, keyOffset, keyEnd);
      if (order > 0 || (order == 0 && lastWasRow)) {
        throw new MalformedException("entries out of order at " + keyOffset);
      }
      lastWasRow = entry == FragmentReader.Entry.ROW;
      lastKeyOffset = keyOffset;
      lastKeyEnd = keyEnd;
      if (lastWasRow) {
        if (!RowKeys.isValid(bytes, keyOffset, keyLength)) {
          throw new MalformedException("row key out of range at " + keyOffset);
        }
        validateRow(fragment.row(row), fragment.isStaticRow());
      } else {
        rangeSeen = true;
        validateRange(fragment);
      }
    }
    if (rangeSeen != fragment.hasRanges()) {
      throw new MalformedException("fragment flags do not say whether ranges follow");
    }
  }

  private static void validateRange(FragmentReader range) {
    byte[] bytes = range.bytes();
    int startEnd = range.keyOffset() + range.keyLength();
    int endEnd = range.rangeEndOffset() + range.rangeEndLength();
    if (Arrays.compareUnsigned(
                bytes, range.keyOffset(), startEnd, bytes, range.rangeEndOffset(), endEnd)
            >= 0
        || RowKeys.compare(RowKeys.HIGHEST, bytes, range.rangeEndOffset(), range.rangeEndLength())
            < 0) {
      throw new MalformedException("range bounds out of order at " + range.keyOffset());
    }
  }

  private static void validateRow(RowReader row, boolean isStatic) {
    int bodyStart = row.position;
    int flags = row.flags();
    if (isStatic && (flags & (RowReader.LIVENESS | RowReader.DELETION)) != 0) {
      throw new MalformedException("a static row has cells only, at " + bodyStart);
    }
    if ((flags & (RowReader.LIVENESS | RowReader.DELETION)) == 0 && !row.hasRemaining()) {
      throw new MalformedException("a row that says nothing at " + bodyStart);
    }
    if (row.hasLiveness() && row.livenessTimestampMicros() <= row.deletionTimestampMicros()) {
      throw new MalformedException("liveness that the row's deletion covers at " + bodyStart);
    }
    int found = validateCells(row);
    if (found != (flags & (RowReader.HAS_EXPIRING | RowReader.HAS_TOMBSTONES))) {
      throw new MalformedException("row flags do not say what cells follow at " + bodyStart);
    }
  }

  private static int validateCells(RowReader row) {
    int found = 0;
    int lastColumnId = -1;
    int lastRank = 0;
    int lastPathOffset = 0;
    int lastPathEnd = 0;
    int complexColumnId = -1;
    long complexTimestampMicros = RowReader.NO_TIMESTAMP;
    while (row.nextCell()) {
      int at = row.valueOffset();
      int rank = row.rank();
      int pathEnd = row.pathOffset() + row.pathLength();
      int order = Integer.compare(row.columnId(), lastColumnId);
      if (order == 0) {
        order = Integer.compare(rank, lastRank);
      }
      if (order == 0 && rank == 2) {
        order =
            Arrays.compareUnsigned(
                row.bytes, row.pathOffset(), pathEnd, row.bytes, lastPathOffset, lastPathEnd);
      }
      if (order <= 0) {
        throw new MalformedException("cells out of order before " + at);
      }
      lastColumnId = row.columnId();
      lastRank = rank;
      lastPathOffset = row.pathOffset();
      lastPathEnd = pathEnd;
      if (row.timestampMicros() <= row.deletionTimestampMicros()
          || (row.columnId() == complexColumnId
              && row.timestampMicros() <= complexTimestampMicros)) {
        throw new MalformedException("a cell that the row's deletions cover before " + at);
      }
      boolean rowTimestamp = (row.cellFlags() & RowReader.ROW_TIMESTAMP) != 0;
      if (rowTimestamp != (row.timestampMicros() == row.livenessTimestampMicros())) {
        throw new MalformedException("a timestamp not in its shortest form before " + at);
      }
      if (rank == 0) {
        complexColumnId = row.columnId();
        complexTimestampMicros = row.timestampMicros();
      }
      found |= row.isExpiring() ? RowReader.HAS_EXPIRING : 0;
      found |= row.isTombstone() || rank == 0 ? RowReader.HAS_TOMBSTONES : 0;
    }
    return found;
  }
}
