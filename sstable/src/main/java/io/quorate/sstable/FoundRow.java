package io.quorate.sstable;

/** A row that was found by its key, as a cursor that knows no other. */
final class FoundRow extends RowCursor {

  /** Stands on the row. */
  FoundRow(byte[] keyBytes, int keyOffset, int keyLength, byte[] body, int offset, int length) {
    this.keyBytes = keyBytes;
    this.keyOffset = keyOffset;
    this.keyLength = keyLength;
    this.bodyBytes = body;
    this.bodyOffset = offset;
    this.bodyLength = length;
  }

  @Override
  boolean seekAtOrAfter(byte[] bound) {
    return RowKeys.compare(bound, keyBytes, keyOffset, keyLength) <= 0;
  }

  @Override
  boolean seekBefore(byte[] bound) {
    return RowKeys.compare(bound, keyBytes, keyOffset, keyLength) > 0;
  }

  @Override
  boolean next() {
    return false;
  }

  @Override
  boolean previous() {
    return false;
  }
}
