package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which rows of a partition are wanted.
 *
 * @param slices regular rows: disjoint, in order
 * @param includeStatic whether the static row is wanted too; it does not count towards the limit
 * @param reversed whether rows are taken from the end; the result is in ascending order all the
 *     same
 * @param liveRows how many rows that can be seen are wanted; {@link Integer#MAX_VALUE} for all
 * @param nowSeconds what expires up to then has expired
 */
public record ReadLimits(
    List<Slice> slices, boolean includeStatic, boolean reversed, int liveRows, long nowSeconds) {

  public ReadLimits {
    slices = Slice.checked(slices);
    Invariant.check(liveRows > 0, "a limit of rows is positive", liveRows, 0);
  }

  /** The whole partition. */
  public static ReadLimits all(long nowSeconds) {
    return new ReadLimits(List.of(Slice.ALL), true, false, Integer.MAX_VALUE, nowSeconds);
  }

  /** The only row that is wanted; null when it may be another number of rows. */
  byte @Nullable [] singleRow() {
    if (slices.size() != 1 || includeStatic || reversed) {
      return null;
    }
    Slice slice = slices.getFirst();
    byte[] key = slice.start();
    return slice.isRow() && RowKeys.compare(RowKeys.REGULAR, key, 0, key.length) <= 0 ? key : null;
  }

  ReadLimits withLiveRows(int limit) {
    return new ReadLimits(slices, includeStatic, reversed, limit, nowSeconds);
  }
}
