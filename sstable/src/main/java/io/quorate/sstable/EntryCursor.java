package io.quorate.sstable;

import java.io.IOException;

/**
 * The entries of one source, a memtable or an SSTable, in the order of {@link StoreKey}, walked in
 * either direction. While a move has answered true, the fields hold the entry it stands on; they
 * are valid until the next move. Not thread-safe.
 */
abstract class EntryCursor {
  byte[] keyBytes = RowKeys.LOWEST;
  int keyOffset;
  int keyLength;
  byte[] valueBytes = RowKeys.LOWEST;
  int valueOffset;
  int valueLength;

  /** Whether the token is known to be the one that the {@link Partitioner} gives for the key. */
  boolean hasPartitionersToken;

  /** No timestamp in the source is greater. */
  long newestMicros() {
    return Long.MAX_VALUE;
  }

  /** Moves to the first entry whose key is not below the given one. */
  abstract boolean seekAtOrAfter(byte[] key, int length) throws IOException;

  /** Moves to the last entry whose key is below the given one. */
  abstract boolean seekBefore(byte[] key, int length) throws IOException;

  abstract boolean next() throws IOException;

  abstract boolean previous() throws IOException;
}
