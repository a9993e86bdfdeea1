package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.protocol.types.BigEndian;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a SELECT is answered. Made once when the statement is prepared; immutable, safe for
 * concurrent use.
 *
 * @param slots the columns that are read, by slot, and where they are found
 * @param filterSlots for each filter of the restrictions, the slot of its column
 * @param reversed whether rows are wanted against their stored order
 * @param ordered whether an order was asked for, so that partitions must be merged
 */
record SelectPlan(
    TableMetadata table,
    Restrictions restrictions,
    Selection selection,
    ColumnSlots slots,
    List<Integer> filterSlots,
    boolean distinct,
    boolean ordered,
    boolean reversed,
    @Nullable Expression limit,
    @Nullable Expression perPartitionLimit) {

  static final long NO_LIMIT = Long.MAX_VALUE;

  /** The columns that are read, by slot. */
  List<ColumnMetadata> columns() {
    return slots.columns();
  }

  boolean isByKey() {
    return restrictions.partitionKey().size() == table.partitionKey().size();
  }

  /** Whether whole row keys are given, or there is one row a partition. */
  boolean isByRowKey() {
    int columns = 0;
    for (ClusteringRestriction restriction : restrictions.clustering()) {
      columns += restriction.columns().size();
      if (restriction.isRange()) {
        return false;
      }
    }
    return columns == table.clustering().size();
  }

  /** Whether rows may be missing from partitions that are read whole. */
  boolean restrictsRows() {
    return !restrictions.clustering().isEmpty();
  }

  static long limit(@Nullable Expression expression, String name, ExecutionContext context) {
    if (expression == null) {
      return NO_LIMIT;
    }
    ValueSlot slot = new ValueSlot();
    expression.evaluate(context, slot);
    if (slot.isUnset()) {
      return NO_LIMIT;
    }
    if (slot.isNull() || slot.length != Integer.BYTES) {
      throw RequestException.invalid("Invalid null value of " + name);
    }
    int rows = BigEndian.readInt(slot.bytes, slot.offset);
    if (rows <= 0) {
      throw RequestException.invalid(name + " must be strictly positive");
    }
    return rows;
  }
}
