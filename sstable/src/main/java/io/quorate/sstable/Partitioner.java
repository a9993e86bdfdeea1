package io.quorate.sstable;

/**
 * Gives a partition's token by its key. Where it gives the token that an entry was written with, an
 * SSTable does not store the token. Safe for concurrent use; the same key gives the same token for
 * as long as there is data.
 */
@FunctionalInterface
public interface Partitioner {
  /** The token of the key that stands in an array. */
  long token(byte[] bytes, int offset, int length);
}
