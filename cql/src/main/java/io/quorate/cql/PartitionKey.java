package io.quorate.cql;

import io.quorate.sstable.RangePosition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** A partition that a statement names, and where on the ring it is. */
@SuppressWarnings("ArrayRecordComponent") // compared by its own comparator
record PartitionKey(long token, byte[] key) {
  private static final Comparator<PartitionKey> RING_ORDER =
      (left, right) ->
          RangePosition.comparePartitions(left.token, left.key, right.token, right.key);

  /** The partitions that a SELECT by key reads: each once, in the order of the ring. */
  static List<PartitionKey> all(SelectPlan plan, ExecutionContext context) {
    List<byte[]> encoded = plan.restrictions().keys(plan.table().partitionKey().size(), context);
    if (encoded.size() == 1) {
      return List.of(of(encoded.getFirst(), context));
    }
    List<PartitionKey> all = new ArrayList<>(encoded.size());
    for (byte[] key : encoded) {
      all.add(of(key, context));
    }
    all.sort(RING_ORDER);
    for (int i = all.size() - 1; i > 0; i--) {
      if (Arrays.equals(all.get(i).key(), all.get(i - 1).key())) {
        all.remove(i);
      }
    }
    return all;
  }

  private static PartitionKey of(byte[] key, ExecutionContext context) {
    return new PartitionKey(context.coordinator().token(key), key);
  }

  boolean isBefore(long otherToken, byte[] otherKey) {
    return RangePosition.comparePartitions(token, key, otherToken, otherKey) < 0;
  }
}
