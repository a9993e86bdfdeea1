package io.quorate.coordinator;

import org.jspecify.annotations.Nullable;

/**
 * Where a range read begins.
 *
 * <ul>
 *   <li>without a key: at {@code token}, that token included
 *   <li>with a key and no row key: behind that partition
 *   <li>with a row key: behind that row of that partition
 * </ul>
 */
public record RangeStart(long token, byte @Nullable [] key, byte @Nullable [] rowKey) {
  /** The beginning of the ring. */
  public static final RangeStart FIRST = new RangeStart(Long.MIN_VALUE, null, null);

  /** All tokens from {@code token} on; included. */
  public static RangeStart at(long token) {
    return new RangeStart(token, null, null);
  }
}
