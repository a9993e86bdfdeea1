package io.quorate.sstable;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows of one partition as a view of a source's entries. Reused, not thread-safe. */
final class PartitionRows extends RowCursor {
  static final PartitionHead NO_HEAD = new PartitionHead(Deletion.NONE, List.of());
  private static final byte[] FIRST_ROW = {1};

  private final EntryCursor entries;
  private final ByteWriter bound = new ByteWriter(64);
  private int prefixLength;
  private boolean atFirstRow;
  private boolean onEntry;
  private boolean everFound;

  /** Bound of a seek whose outcome stands, so that it need not be done again. */
  private byte @Nullable [] probed;

  private boolean probedFound;

  PartitionRows(EntryCursor entries) {
    this.entries = entries;
  }

  PartitionRows reset(byte[] partition, int offset, int length) {
    bound.clear();
    bound.put(partition, offset, length);
    prefixLength = length;
    atFirstRow = false;
    everFound = false;
    probed = null;
    return this;
  }

  /** The partition's head in this source, empty when it has none. Looks at one entry. */
  PartitionHead head() throws IOException {
    if (entries.seekAtOrAfter(bound.bytes, prefixLength)
        && entries.keyLength == prefixLength
        && inPartition()) {
      everFound = true;
      return PartitionHead.read(entries.valueBytes, entries.valueOffset, entries.valueLength);
    }
    return NO_HEAD;
  }

  /** Tells that the source stands on the partition's first row already: no seek is needed. */
  void standsOnFirstRow() {
    atFirstRow = true;
    onEntry = true;
  }

  /**
   * Whether the source stands on an entry after the last move, of this partition or a later one.
   */
  boolean onEntry() {
    return onEntry;
  }

  /** Whether anything of the partition was met in the source. */
  boolean everFound() {
    return everFound;
  }

  @Override
  long newestMicros() {
    return entries.newestMicros();
  }

  @Override
  boolean seekAtOrAfter(byte[] rowBound) throws IOException {
    if (atFirstRow && rowBound.length == 0) {
      atFirstRow = false;
      return stand(true);
    }
    if (probed != null && Arrays.equals(probed, rowBound)) {
      probed = null;
      return probedFound;
    }
    probed = null;
    byte[] from = rowBound.length == 0 ? FIRST_ROW : rowBound;
    bound.length = prefixLength;
    bound.put(from);
    return stand(entries.seekAtOrAfter(bound.bytes, bound.length));
  }

  /** A seek as above, which costs nothing when it is the next one to be asked for again. */
  boolean probe(byte[] rowBound) throws IOException {
    probedFound = seekAtOrAfter(rowBound);
    probed = rowBound;
    return probedFound;
  }

  @Override
  boolean seekBefore(byte[] rowBound) throws IOException {
    bound.length = prefixLength;
    bound.put(rowBound);
    return stand(entries.seekBefore(bound.bytes, bound.length));
  }

  @Override
  boolean next() throws IOException {
    return stand(entries.next());
  }

  @Override
  boolean previous() throws IOException {
    return stand(entries.previous());
  }

  private boolean stand(boolean found) {
    onEntry = found;
    if (!found || !inPartition() || entries.keyLength == prefixLength) {
      return false;
    }
    everFound = true;
    keyBytes = entries.keyBytes;
    keyOffset = entries.keyOffset + prefixLength;
    keyLength = entries.keyLength - prefixLength;
    bodyBytes = entries.valueBytes;
    bodyOffset = entries.valueOffset;
    bodyLength = entries.valueLength;
    return true;
  }

  private boolean inPartition() {
    return StoreKey.hasPrefix(
        entries.keyBytes, entries.keyOffset, entries.keyLength, bound.bytes, prefixLength);
  }
}
