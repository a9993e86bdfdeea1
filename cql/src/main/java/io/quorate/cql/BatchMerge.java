package io.quorate.cql;

import io.quorate.coordinator.Coordinator.TableMutation;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.sstable.FragmentMerger;
import io.quorate.sstable.Mutation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes one mutation of all that a batch writes to a partition, so that it is applied as one. The
 * usual case, one mutation or all of different partitions, costs nothing more.
 */
final class BatchMerge {
  private BatchMerge() {}

  @SuppressWarnings("ArrayRecordComponent") // compared by content below
  private record Partition(TableMetadata table, byte[] key) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Partition that
          && table.id().equals(that.table.id())
          && Arrays.equals(key, that.key);
    }

    @Override
    public int hashCode() {
      return 31 * table.id().hashCode() + Arrays.hashCode(key);
    }
  }

  static List<TableMutation> byPartition(List<TableMutation> mutations) {
    if (mutations.size() < 2) {
      return mutations;
    }
    Map<Partition, List<Mutation>> byPartition = new LinkedHashMap<>();
    for (TableMutation each : mutations) {
      Mutation mutation = Mutation.of(each.mutation());
      byte[] key =
          Arrays.copyOfRange(
              mutation.bytes(), mutation.keyOffset(), mutation.keyOffset() + mutation.keyLength());
      byPartition
          .computeIfAbsent(new Partition(each.table(), key), partition -> new ArrayList<>())
          .add(mutation);
    }
    if (byPartition.size() == mutations.size()) {
      return mutations;
    }
    List<TableMutation> merged = new ArrayList<>(byPartition.size());
    byPartition.forEach((partition, parts) ->
        merged.add(
            new TableMutation(
                partition.table(),
                parts.size() == 1 ? parts.get(0).bytes() : merge(partition, parts))));
    return merged;
  }

  private static byte[] merge(Partition partition, List<Mutation> parts) {
    FragmentMerger merger = new FragmentMerger().begin();
    for (Mutation part : parts) {
      merger.add(part.bytes(), part.fragmentOffset(), part.fragmentLength());
    }
    return Mutation.of(
            partition.table().id(), parts.get(0).token(), partition.key(), merger.merge())
        .bytes();
  }
}
