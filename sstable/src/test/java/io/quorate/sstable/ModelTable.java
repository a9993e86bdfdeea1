package io.quorate.sstable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a table must hold: for each partition all updates that were acknowledged, and those of which
 * it is not known whether they took effect, because the power went while they were under way.
 */
final class ModelTable {
  /** By position; the model's order is the engine's. */
  private final TreeMap<RangePosition, Partition> partitions = new TreeMap<>();

  /** All updates of a partition. */
  static final class Partition {
    final List<byte[]> acknowledged = new ArrayList<>();
    final List<Mutation> unknown = new ArrayList<>();

    byte[] merged() {
      return limited(ReadLimits.all(RowMerger.NEVER_SECONDS)).fragment();
    }

    /** What a read must answer, if the unknown has taken effect. */
    ReadResult limited(ReadLimits limits) {
      FragmentMerger merger = new FragmentMerger().begin();
      acknowledged.forEach(merger::add);
      unknown.forEach(update -> merger.add(fragment(update)));
      return merger.merge(limits);
    }

    /** What was found, with what is unknown, is then as if that had taken effect. */
    byte[] completed(byte[] found) {
      FragmentMerger merger = new FragmentMerger().begin().add(found);
      unknown.forEach(update -> merger.add(fragment(update)));
      return merger.merge();
    }

    void acknowledge(Mutation mutation) {
      unknown.remove(mutation);
      acknowledged.add(fragment(mutation));
    }
  }

  static byte[] fragment(Mutation mutation) {
    return Arrays.copyOfRange(mutation.bytes(), mutation.fragmentOffset(), mutation.sizeBytes());
  }

  /** What a client sees of a fragment. */
  static String visible(byte[] fragment, long nowSeconds) {
    ReferencePartition reference = new ReferencePartition();
    reference.add(fragment);
    return reference.visible(nowSeconds);
  }

  Map<RangePosition, Partition> partitions() {
    return partitions;
  }

  /** A partition, which is empty when nothing was written to it. */
  Partition at(RangePosition position) {
    return partitions.computeIfAbsent(position, at -> new Partition());
  }

  void clear() {
    partitions.clear();
  }

  /** What was acknowledged until now. */
  Map<RangePosition, List<byte[]>> kept() {
    Map<RangePosition, List<byte[]>> kept = new TreeMap<>();
    partitions.forEach((at, partition) -> kept.put(at, List.copyOf(partition.acknowledged)));
    return kept;
  }

  void bringBack(Map<RangePosition, List<byte[]>> kept) {
    kept.forEach((position, updates) -> at(position).acknowledged.addAll(updates));
  }
}
