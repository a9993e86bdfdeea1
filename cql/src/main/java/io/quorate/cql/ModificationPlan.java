package io.quorate.cql;

import io.quorate.coordinator.Coordinator.TableMutation;
import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteSink;
import io.quorate.protocol.types.RowKey;
import io.quorate.sstable.FragmentWriter;
import io.quorate.sstable.Slice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an INSERT, UPDATE or DELETE becomes mutations. Made once when the statement is prepared;
 * immutable, safe for concurrent use.
 *
 * <p>The row is encoded once, here: values go from the request's frame into the mutation, which is
 * what is sent, logged and stored.
 *
 * @param restrictions which partitions and rows
 * @param staticOperations on the static row, by column id
 * @param rowOperations on each row, by column id
 * @param marksRow whether the rows exist even if all their columns are null (INSERT)
 * @param target what is written to beside single columns
 */
record ModificationPlan(
    TableMetadata table,
    Restrictions restrictions,
    List<ColumnOperation> staticOperations,
    List<ColumnOperation> rowOperations,
    boolean marksRow,
    Target target,
    @Nullable Expression timestamp,
    @Nullable Expression timeToLive) {

  private static final int MAX_TTL_SECONDS = 20 * 365 * 24 * 60 * 60;

  /** What the statement is about. */
  enum Target {
    /** Columns of the static row only. */
    STATIC_ROW,
    /** Columns of rows whose whole key is given. */
    ROWS,
    /** Whole rows, by their keys or by ranges. */
    DELETED_ROWS,
    DELETED_PARTITION
  }

  ModificationPlan withTimestamp(Expression newTimestamp) {
    return new ModificationPlan(
        table,
        restrictions,
        staticOperations,
        rowOperations,
        marksRow,
        target,
        newTimestamp,
        timeToLive);
  }

  /** The mutations, one for each partition; none where nothing is to be written. */
  List<TableMutation> mutations(ExecutionContext context, FragmentWriter writer) {
    long timestampMicros = timestampMicros(context);
    int ttlSeconds = ttlSeconds(context);
    long nowSeconds = context.nowSeconds();
    List<byte[]> keys = restrictions.keys(table.partitionKey().size(), context);
    CellChanges changes = new CellChanges(writer, timestampMicros, ttlSeconds, nowSeconds);
    if (keys.size() == 1) {
      TableMutation one = mutation(keys.get(0), context, writer, changes, timestampMicros);
      return one == null ? List.of() : List.of(one);
    }
    List<TableMutation> mutations = new ArrayList<>(keys.size());
    for (byte[] key : keys) {
      TableMutation mutation = mutation(key, context, writer, changes, timestampMicros);
      if (mutation != null) {
        mutations.add(mutation);
      }
    }
    return mutations;
  }

  private @Nullable TableMutation mutation(
      byte[] key,
      ExecutionContext context,
      FragmentWriter writer,
      CellChanges changes,
      long timestampMicros) {
    long nowSeconds = context.nowSeconds();
    writer.begin(table.id(), context.coordinator().token(key), key);
    switch (target) {
      case DELETED_PARTITION -> writer.partitionDeletion(timestampMicros, nowSeconds);
      case DELETED_ROWS -> deleteRows(context, writer, timestampMicros);
      case STATIC_ROW -> writeStaticRow(context, writer, changes);
      case ROWS -> {
        writeStaticRow(context, writer, changes);
        writeRows(context, writer, changes, timestampMicros);
      }
    }
    return writer.isEmpty() ? null : new TableMutation(table, writer.finish());
  }

  private void writeStaticRow(
      ExecutionContext context, FragmentWriter writer, CellChanges changes) {
    if (!staticOperations.isEmpty()) {
      writer.beginRow(RowKey.staticRow());
      apply(staticOperations, context, changes);
      writer.endRow();
    }
  }

  private void writeRows(
      ExecutionContext context, FragmentWriter writer, CellChanges changes, long timestampMicros) {
    if (!marksRow && rowOperations.isEmpty()) {
      return;
    }
    int ttlSeconds = marksRow ? ttlSeconds(context) : 0;
    ByteSink single = singleRowKey(context);
    if (single != null) {
      writer.beginRow(single.array(), 0, single.length());
      writeRow(context, writer, changes, timestampMicros, ttlSeconds);
      return;
    }
    List<byte[]> rowKeys =
        new ArrayList<>(ClusteringSlices.prefixes(restrictions.clustering(), context));
    rowKeys.sort(Arrays::compareUnsigned);
    byte[] before = null;
    for (byte[] rowKey : rowKeys) {
      if (!Arrays.equals(rowKey, before)) {
        writer.beginRow(rowKey);
        writeRow(context, writer, changes, timestampMicros, ttlSeconds);
      }
      before = rowKey;
    }
  }

  private void writeRow(
      ExecutionContext context,
      FragmentWriter writer,
      CellChanges changes,
      long timestampMicros,
      int ttlSeconds) {
    if (marksRow) {
      if (ttlSeconds > 0) {
        writer.rowLiveness(timestampMicros, ttlSeconds, context.nowSeconds() + ttlSeconds);
      } else {
        writer.rowLiveness(timestampMicros);
      }
    }
    apply(rowOperations, context, changes);
    writer.endRow();
  }

  /** The key of the only row, if equalities of single values give it: the usual case. */
  private @Nullable ByteSink singleRowKey(ExecutionContext context) {
    ByteSink key = new ByteSink(32);
    if (table.clustering().isEmpty()) {
      key.write(RowKey.onlyRow());
      return key;
    }
    ValueSlot slot = new ValueSlot();
    for (ClusteringRestriction restriction : restrictions.clustering()) {
      if (!(restriction.equal() instanceof Values.One one) || restriction.columns().size() > 1) {
        return null;
      }
      ColumnMetadata column = restriction.columns().get(0);
      one.expression().evaluate(context, slot);
      Values.One.present(slot, column.name());
      ClusteringSlices.appendComponent(column, slot.bytes, slot.offset, slot.length, key);
    }
    return key;
  }

  private static void apply(
      List<ColumnOperation> operations, ExecutionContext context, CellChanges changes) {
    int current = -1;
    for (ColumnOperation operation : operations) {
      int id = operation.column().id();
      if (id != current) {
        if (current >= 0) {
          changes.end();
        }
        changes.begin(id);
        current = id;
      }
      operation.apply(context, changes);
    }
    if (current >= 0) {
      changes.end();
    }
  }

  private void deleteRows(ExecutionContext context, FragmentWriter writer, long timestampMicros) {
    boolean isWholeKey =
        restrictions.clustering().stream()
                .mapToInt(restriction -> restriction.columns().size())
                .sum()
            == table.clustering().size();
    boolean hasRange = restrictions.clustering().stream().anyMatch(ClusteringRestriction::isRange);
    if (isWholeKey && !hasRange) {
      List<byte[]> rowKeys =
          new ArrayList<>(ClusteringSlices.prefixes(restrictions.clustering(), context));
      rowKeys.sort(Arrays::compareUnsigned);
      byte[] before = null;
      for (byte[] rowKey : rowKeys) {
        if (!Arrays.equals(rowKey, before)) {
          writer.beginRow(rowKey).rowDeletion(timestampMicros, context.nowSeconds()).endRow();
        }
        before = rowKey;
      }
      return;
    }
    for (Slice slice : ClusteringSlices.of(restrictions.clustering(), context)) {
      writer.rangeTombstone(slice.start(), slice.end(), timestampMicros, context.nowSeconds());
    }
  }

  private long timestampMicros(ExecutionContext context) {
    if (timestamp == null) {
      return context.timestampMicros();
    }
    ValueSlot slot = new ValueSlot();
    timestamp.evaluate(context, slot);
    if (slot.isUnset()) {
      return context.timestampMicros();
    }
    if (slot.isNull() || slot.length != Long.BYTES) {
      throw RequestException.invalid("Invalid null value of timestamp");
    }
    long micros = BigEndian.readLong(slot.bytes, slot.offset);
    if (micros == Long.MIN_VALUE) {
      throw RequestException.invalid("Out of bound timestamp: " + micros);
    }
    return micros;
  }

  private int ttlSeconds(ExecutionContext context) {
    if (timeToLive == null) {
      return table.options().defaultTimeToLiveSeconds();
    }
    ValueSlot slot = new ValueSlot();
    timeToLive.evaluate(context, slot);
    if (slot.isUnset()) {
      return table.options().defaultTimeToLiveSeconds();
    }
    if (slot.isNull() || slot.length == 0) {
      return 0;
    }
    int seconds = BigEndian.readInt(slot.bytes, slot.offset);
    if (seconds < 0) {
      throw RequestException.invalid("A TTL must be greater or equal to 0, but was " + seconds);
    }
    if (seconds > MAX_TTL_SECONDS) {
      throw RequestException.invalid(
          "ttl is too large. requested (" + seconds + ") maximum (" + MAX_TTL_SECONDS + ")");
    }
    return seconds;
  }
}
