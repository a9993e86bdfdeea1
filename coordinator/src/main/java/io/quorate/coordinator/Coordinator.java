package io.quorate.coordinator;

import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.Murmur3;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadResult;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The request's way through the cluster, as the language sees it. Called on a shard; every answer
 * comes on that shard, once, at the latest soon after the deadline, and possibly before the call
 * returns.
 */
public interface Coordinator {

  /** The metadata as this node knows it now. */
  ClusterMetadata metadata();

  /** The token of a partition key, as Cassandra's Murmur3Partitioner has it. */
  default long token(byte[] key) {
    return Murmur3.token(key);
  }

  /** A write timestamp in microseconds: greater than any this node gave or saw. */
  long nextTimestampMicros();

  /**
   * Writes to one partition.
   *
   * @param mutation encoded as {@code sstable.Mutation} says; its table is {@code table}
   * @param deadlineNanos on the environment's monotonic clock
   */
  void write(
      TableMetadata table,
      byte[] mutation,
      ConsistencyLevel level,
      long deadlineNanos,
      Answer<@Nullable Void> answer);

  /**
   * Writes to several partitions.
   *
   * @param logged whether either all or none of them must be applied in the end
   */
  void writeBatch(
      List<TableMutation> mutations,
      boolean logged,
      ConsistencyLevel level,
      long deadlineNanos,
      Answer<@Nullable Void> answer);

  /**
   * Whether this node has all that a read of a partition needs at this level, so that nobody else
   * is asked: where that is so, the partition's shard is the best place to read from.
   */
  boolean answersAlone(TableMetadata table, long token, ConsistencyLevel level);

  /**
   * Reads from one partition.
   *
   * @param answer gets one canonical fragment, tombstones included; without entries when there is
   *     nothing. It may hold fewer rows than were asked for and yet be cut: go on behind the row
   *     that it reached (before it, when reversed)
   */
  void read(
      PartitionRead read, ConsistencyLevel level, long deadlineNanos, Answer<ReadResult> answer);

  /** Reads partitions in token order. */
  void readRange(
      RangeRead read, ConsistencyLevel level, long deadlineNanos, Answer<RangeRows> answer);

  /** Removes all rows of a table on all nodes, all of which must be alive. */
  void truncate(TableMetadata table, long deadlineNanos, Answer<@Nullable Void> answer);

  /** Changes the metadata. The answer comes when this node has applied the change. */
  void change(MetadataChange change, long deadlineNanos, Answer<ChangeOutcome> answer);

  /** Whether a node is believed to be alive. */
  boolean isAlive(UUID hostId);

  /** This node's id. */
  UUID localHostId();

  /** Calls {@code onNewer} on some shard for each metadata value that this node adopts. */
  void onMetadata(Consumer<ClusterMetadata> onNewer);

  /** A mutation with its table. */
  record TableMutation(TableMetadata table, byte[] mutation) {}

  /** What a request ends in: a value or a failure, once. */
  interface Answer<T extends @Nullable Object> {
    void succeeded(T value);

    void failed(RequestFailure failure);
  }

  /**
   * Rows of several partitions in token order.
   *
   * @param next where to go on; null when the range is read to its end. Fewer rows than asked for
   *     with a {@code next} are possible, for example where many were deleted
   */
  record RangeRows(List<PartitionRows> partitions, @Nullable RangePosition next) {}

  /** One partition's rows in a range. */
  record PartitionRows(long token, byte[] key, byte[] fragment) {}
}
