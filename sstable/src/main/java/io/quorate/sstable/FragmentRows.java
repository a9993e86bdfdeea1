package io.quorate.sstable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The rows of a fragment, indexed once and then walked. Its ranges are put aside. */
final class FragmentRows extends RowCursor {
  private static final int WIDTH = 4;

  private final FragmentReader reader = new FragmentReader();
  private final List<RangeTombstone> ranges = new ArrayList<>();

  /** Per row: key offset, key length, body offset, body length. */
  private int[] index = new int[16 * WIDTH];

  private int rowCount;
  private int current;

  FragmentRows reset(byte[] fragment, int offset, int length) {
    reader.reset(fragment, offset, length);
    ranges.clear();
    rowCount = 0;
    keyBytes = fragment;
    bodyBytes = fragment;
    for (FragmentReader.Entry entry = reader.next();
        entry != FragmentReader.Entry.END;
        entry = reader.next()) {
      if (entry == FragmentReader.Entry.ROW) {
        addRow();
      } else {
        ranges.add(reader.rangeTombstone());
      }
    }
    return this;
  }

  private void addRow() {
    int at = rowCount * WIDTH;
    if (at == index.length) {
      index = Arrays.copyOf(index, 2 * at);
    }
    index[at] = reader.keyOffset();
    index[at + 1] = reader.keyLength();
    index[at + 2] = reader.bodyOffset();
    index[at + 3] = reader.bodyLength();
    rowCount++;
  }

  Deletion partitionDeletion() {
    return reader.partitionDeletion();
  }

  List<RangeTombstone> ranges() {
    return ranges;
  }

  @Override
  boolean seekAtOrAfter(byte[] bound) {
    return stand(firstAtOrAfter(bound));
  }

  @Override
  boolean seekBefore(byte[] bound) {
    return stand(firstAtOrAfter(bound) - 1);
  }

  @Override
  boolean next() {
    return stand(current + 1);
  }

  @Override
  boolean previous() {
    return stand(current - 1);
  }

  private boolean stand(int row) {
    current = row;
    if (row < 0 || row >= rowCount) {
      return false;
    }
    int at = row * WIDTH;
    keyOffset = index[at];
    keyLength = index[at + 1];
    bodyOffset = index[at + 2];
    bodyLength = index[at + 3];
    return true;
  }

  private int firstAtOrAfter(byte[] bound) {
    int low = 0;
    int high = rowCount;
    while (low < high) {
      int middle = (low + high) >>> 1;
      int at = middle * WIDTH;
      if (RowKeys.compare(bound, keyBytes, index[at], index[at + 1]) > 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
