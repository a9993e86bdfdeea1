package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.protocol.types.RowKey;
import java.util.Arrays;
import java.util.List;

/**
 * Where the columns of a stored row go among the slots of a statement. Made once when the statement
 * is planned; immutable, safe for concurrent use.
 *
 * @param columns by slot
 * @param keyColumns how many columns the partition key has
 * @param clustering how row keys are read
 * @param clusteringSlots the slot of each clustering column, or {@link #NO_SLOT}
 * @param slotByColumnId the slot of each static or regular column, or {@link #NO_SLOT}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ColumnSlots(
    List<ColumnMetadata> columns,
    int keyColumns,
    List<RowKey.Column> clustering,
    int[] clusteringSlots,
    boolean needsClustering,
    int[] slotByColumnId) {
  static final int NO_SLOT = -1;

  static ColumnSlots of(TableMetadata table, List<ColumnMetadata> columns) {
    int greatestId = -1;
    for (ColumnMetadata column : columns) {
      greatestId = Math.max(greatestId, column.id());
    }
    int[] slotByColumnId = new int[greatestId + 1];
    int[] clusteringSlots = new int[table.clustering().size()];
    Arrays.fill(slotByColumnId, NO_SLOT);
    Arrays.fill(clusteringSlots, NO_SLOT);
    boolean needsClustering = false;
    for (int slot = 0; slot < columns.size(); slot++) {
      ColumnMetadata column = columns.get(slot);
      switch (column.kind()) {
        case CLUSTERING -> {
          clusteringSlots[column.position()] = slot;
          needsClustering = true;
        }
        case STATIC, REGULAR -> slotByColumnId[column.id()] = slot;
        case PARTITION_KEY -> {}
      }
    }
    List<RowKey.Column> clustering =
        table.clustering().stream()
            .map(column -> new RowKey.Column(column.type(), column.descending()))
            .toList();
    return new ColumnSlots(
        columns,
        table.partitionKey().size(),
        clustering,
        clusteringSlots,
        needsClustering,
        slotByColumnId);
  }

  int slot(int columnId) {
    return columnId < slotByColumnId.length ? slotByColumnId[columnId] : NO_SLOT;
  }
}
