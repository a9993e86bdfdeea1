package io.quorate.cql;

import io.quorate.coordinator.Coordinator;
import io.quorate.coordinator.PartitionRead;
import io.quorate.coordinator.RangeRead;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.FragmentMerger;
import io.quorate.sstable.FragmentReader;
import io.quorate.sstable.Mutation;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadLimits;
import io.quorate.sstable.ReadResult;
import io.quorate.sstable.RowKeys;
import io.quorate.sstable.Slice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A cluster of one node in memory, which answers before the call returns. */
final class FakeCoordinator implements Coordinator {
  static final UUID HOST = new UUID(7, 7);

  @SuppressWarnings("ArrayRecordComponent") // compared by its own comparator
  private record Key(long token, byte[] key) {
    static final Comparator<Key> ORDER =
        (left, right) ->
            RangePosition.comparePartitions(left.token(), left.key(), right.token(), right.key());
  }

  ClusterMetadata metadata = ClusterMetadata.EMPTY;
  @Nullable RequestFailure failNext;
  boolean lastBatchLogged;
  int writes;

  /** Rows of a partition that a range read gives in one piece. */
  int rowsPerPiece = Integer.MAX_VALUE;

  /** Rows of a partition, live or not, that a read of it looks at. */
  int rowsPerRead = Integer.MAX_VALUE;

  int reads;
  Runnable onRead = () -> {};
  boolean answersAlone = true;

  private final Map<UUID, Map<Key, byte[]>> tables = new HashMap<>();
  private final FragmentMerger merger = new FragmentMerger();
  private long timestampMicros = 1_000_000_000L;

  private Map<Key, byte[]> table(UUID id) {
    return tables.computeIfAbsent(id, unknown -> new TreeMap<>(Key.ORDER));
  }

  private boolean fails(Answer<?> answer) {
    RequestFailure failure = failNext;
    failNext = null;
    if (failure != null) {
      answer.failed(failure);
    }
    return failure != null;
  }

  @Override
  public ClusterMetadata metadata() {
    return metadata;
  }

  @Override
  public long nextTimestampMicros() {
    return timestampMicros++;
  }

  private void apply(byte[] bytes) {
    writes++;
    Mutation mutation = Mutation.parse(bytes);
    byte[] key =
        Arrays.copyOfRange(
            bytes, mutation.keyOffset(), mutation.keyOffset() + mutation.keyLength());
    byte[] fragment =
        Arrays.copyOfRange(
            bytes,
            mutation.fragmentOffset(),
            mutation.fragmentOffset() + mutation.fragmentLength());
    table(mutation.tableId())
        .merge(
            new Key(mutation.token(), key),
            merger.begin().add(fragment).merge(),
            (old, added) -> merger.begin().add(old).add(added).merge());
  }

  @Override
  public void write(
      TableMetadata table,
      byte[] mutation,
      ConsistencyLevel level,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    if (!fails(answer)) {
      apply(mutation);
      answer.succeeded(null);
    }
  }

  @Override
  public void writeBatch(
      List<TableMutation> mutations,
      boolean logged,
      ConsistencyLevel level,
      long deadlineNanos,
      Answer<@Nullable Void> answer) {
    if (!fails(answer)) {
      lastBatchLogged = logged;
      mutations.forEach(mutation -> apply(mutation.mutation()));
      answer.succeeded(null);
    }
  }

  @Override
  public boolean answersAlone(TableMetadata table, long token, ConsistencyLevel level) {
    return answersAlone;
  }

  @Override
  public void read(
      PartitionRead read, ConsistencyLevel level, long deadlineNanos, Answer<ReadResult> answer) {
    if (!fails(answer)) {
      reads++;
      onRead.run();
      answer.succeeded(
          tiring(read(table(read.table().id()), read.token(), read.key(), read.limits())));
    }
  }

  /**
   * Cuts an answer after so many rows, as a replica does that has looked at enough. Forwards only.
   */
  private ReadResult tiring(ReadResult result) {
    FragmentReader reader = new FragmentReader().reset(result.fragment());
    int rows = 0;
    for (FragmentReader.Entry entry = reader.next();
        entry != FragmentReader.Entry.END;
        entry = reader.next()) {
      if (entry == FragmentReader.Entry.ROW && !reader.isStaticRow() && ++rows == rowsPerRead) {
        byte[] reached =
            Arrays.copyOfRange(
                reader.bytes(), reader.keyOffset(), reader.keyOffset() + reader.keyLength());
        Slice until = new Slice(RowKeys.LOWEST, Arrays.copyOf(reached, reached.length + 1));
        ReadLimits looked = new ReadLimits(List.of(until), true, false, Integer.MAX_VALUE, 0);
        ReadResult cut = merger.begin().add(result.fragment()).merge(looked);
        return new ReadResult(cut.fragment(), cut.liveRows(), reached);
      }
    }
    return result;
  }

  private ReadResult read(Map<Key, byte[]> table, long token, byte[] key, ReadLimits limits) {
    byte[] fragment = table.get(new Key(token, key));
    return merger.begin().add(fragment == null ? new byte[] {0} : fragment).merge(limits);
  }

  @Override
  public void readRange(
      RangeRead read, ConsistencyLevel level, long deadlineNanos, Answer<RangeRows> answer) {
    if (fails(answer)) {
      return;
    }
    reads++;
    Map<Key, byte[]> table = table(read.table().id());
    List<PartitionRows> partitions = new ArrayList<>();
    int remaining = read.rowLimit();
    for (Key key : table.keySet()) {
      RangePosition from = read.from();
      if (key.token() > read.lastToken()) {
        continue;
      }
      int order = RangePosition.comparePartitions(key.token(), key.key(), from.token(), from.key());
      boolean isDone = Arrays.equals(from.afterRow(), RowKeys.highest());
      if (order < 0 || (order == 0 && isDone)) {
        continue;
      }
      ReadLimits limits = read.limits();
      if (order == 0 && from.afterRow().length > 0) {
        limits = behind(limits, from.afterRow());
      }
      int limit = Math.min(remaining, limits.liveRows());
      while (rowsPerPiece < limit) {
        ReadResult piece =
            read(
                table,
                key.token(),
                key.key(),
                new ReadLimits(
                    limits.slices(),
                    limits.includeStatic(),
                    false,
                    rowsPerPiece,
                    limits.nowSeconds()));
        byte[] last = piece.reached();
        if (last == null) {
          break;
        }
        partitions.add(new PartitionRows(key.token(), key.key(), piece.fragment()));
        limits = behind(limits, last);
        limit -= piece.liveRows();
        remaining -= piece.liveRows();
      }
      ReadResult result =
          read(
              table,
              key.token(),
              key.key(),
              new ReadLimits(
                  limits.slices(), limits.includeStatic(), false, limit, limits.nowSeconds()));
      if (result.liveRows() == 0 && result.fragment().length == 1) {
        continue;
      }
      partitions.add(new PartitionRows(key.token(), key.key(), result.fragment()));
      remaining -= Math.max(1, result.liveRows());
      if (remaining <= 0) {
        byte[] rowKey = limit < limits.liveRows() ? result.reached() : null;
        answer.succeeded(
            new RangeRows(
                partitions,
                rowKey == null
                    ? RangePosition.afterPartition(key.token(), key.key())
                    : new RangePosition(key.token(), key.key(), rowKey)));
        return;
      }
    }
    answer.succeeded(new RangeRows(partitions, null));
  }

  private static ReadLimits behind(ReadLimits limits, byte[] rowKey) {
    return new ReadLimits(
        ClusteringSlices.intersection(
            limits.slices(),
            List.of(new Slice(Arrays.copyOf(rowKey, rowKey.length + 1), RowKeys.highest()))),
        limits.includeStatic(),
        false,
        limits.liveRows(),
        limits.nowSeconds());
  }

  @Override
  public void truncate(TableMetadata table, long deadlineNanos, Answer<@Nullable Void> answer) {
    tables.remove(table.id());
    answer.succeeded(null);
  }

  @Override
  public void change(MetadataChange change, long deadlineNanos, Answer<ChangeOutcome> answer) {
    ChangeOutcome outcome = metadata.apply(change);
    if (outcome instanceof ChangeOutcome.Applied applied) {
      metadata = applied.metadata();
    }
    answer.succeeded(outcome);
  }

  @Override
  public boolean isAlive(UUID hostId) {
    return true;
  }

  @Override
  public UUID localHostId() {
    return HOST;
  }

  @Override
  public void onMetadata(Consumer<ClusterMetadata> onNewer) {}
}
