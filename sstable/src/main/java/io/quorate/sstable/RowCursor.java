package io.quorate.sstable;

import java.io.IOException;
import java.util.Arrays;

/**
 * The rows of one partition in one source, walked in either direction. While a move has answered
 * true, the fields hold the row it stands on; they are valid until the next move. Not thread-safe.
 */
abstract class RowCursor {
  byte[] keyBytes = RowKeys.LOWEST;
  int keyOffset;
  int keyLength;
  byte[] bodyBytes = RowKeys.LOWEST;
  int bodyOffset;
  int bodyLength;

  /** Moves to the first row whose key is not below {@code bound}. */
  abstract boolean seekAtOrAfter(byte[] bound) throws IOException;

  /** Moves to the last row whose key is below {@code bound}. */
  abstract boolean seekBefore(byte[] bound) throws IOException;

  abstract boolean next() throws IOException;

  abstract boolean previous() throws IOException;

  /** No timestamp in the source is greater. */
  long newestMicros() {
    return Long.MAX_VALUE;
  }

  final int compareKey(RowCursor other) {
    return Arrays.compareUnsigned(
        keyBytes,
        keyOffset,
        keyOffset + keyLength,
        other.keyBytes,
        other.keyOffset,
        other.keyOffset + other.keyLength);
  }
}
