package io.quorate.sstable;

import java.util.Arrays;

/**
 * A place in a table, in the order in which ranges are read: by token, then by length of the key,
 * then by key, then by row. Reading from it begins with the first partition that is not before
 * {@code (token, key)}; in that very partition with the first row after {@code afterRow}.
 *
 * @param key partition key; empty for before every partition of the token
 * @param afterRow row key; empty for the partition's begin
 */
public record RangePosition(long token, byte[] key, byte[] afterRow)
    implements Comparable<RangePosition> {

  /** The begin of a token's partitions. */
  public static RangePosition startOf(long token) {
    return new RangePosition(token, RowKeys.LOWEST, RowKeys.LOWEST);
  }

  /** Behind every row of a partition. */
  public static RangePosition afterPartition(long token, byte[] key) {
    return new RangePosition(token, key, RowKeys.HIGHEST);
  }

  /** Whether this is behind a row, rather than before or behind a whole partition. */
  public boolean isInsidePartition() {
    return afterRow.length > 0 && !Arrays.equals(afterRow, RowKeys.HIGHEST);
  }

  @Override
  public int compareTo(RangePosition other) {
    int order = comparePartitions(token, key, other.token, other.key);
    return order != 0 ? order : Arrays.compareUnsigned(afterRow, other.afterRow);
  }

  /** The order of partitions: by token, then the shorter key, then by key. */
  public static int comparePartitions(long token, byte[] key, long otherToken, byte[] otherKey) {
    int order = Long.compare(token, otherToken);
    if (order == 0) {
      order = Integer.compare(key.length, otherKey.length);
    }
    return order != 0 ? order : Arrays.compareUnsigned(key, otherKey);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RangePosition position && compareTo(position) == 0;
  }

  @Override
  public int hashCode() {
    return 31 * Long.hashCode(token) + Arrays.hashCode(key);
  }
}
