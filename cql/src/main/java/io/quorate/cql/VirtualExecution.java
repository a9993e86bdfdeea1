package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.cql.system.VirtualTable;
import io.quorate.protocol.Response;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answers a SELECT from rows that the node makes up. They are few: all come on one page. */
final class VirtualExecution {
  private VirtualExecution() {}

  static Response.Rows run(SelectPlan plan, VirtualTable table, ExecutionContext context) {
    RowBuffer row = new RowBuffer(plan.columns().size(), context);
    RowFilter filter = RowFilter.of(plan.restrictions().filters(), plan.filterSlots(), context);
    int[] positions = new int[plan.columns().size()];
    for (int slot = 0; slot < positions.length; slot++) {
      ColumnMetadata column = plan.columns().get(slot);
      positions[slot] = table.metadata().columns().indexOf(column);
    }
    Selection selection = plan.selection();
    List<Aggregate.State> aggregates =
        selection.aggregates().stream().map(Aggregate::begin).toList();
    long limit = SelectPlan.limit(plan.limit(), "LIMIT", context);
    ResultRows rows = new ResultRows();
    for (VirtualTable.Row virtual : table.rows()) {
      for (int slot = 0; slot < positions.length; slot++) {
        row.set(slot, virtual.value(positions[slot]));
      }
      if (!filter.accepts(row)) {
        continue;
      }
      if (selection.isAggregate()) {
        aggregates.forEach(state -> state.add(row));
      } else if (rows.count() < limit) {
        rows.add(selection.columns(), row);
      }
    }
    if (selection.isAggregate()) {
      List<byte @Nullable []> values = new ArrayList<>();
      aggregates.forEach(state -> values.add(state.result()));
      rows.add(values);
    }
    return rows.toResponse(selection.metadata(), true, false, null);
  }
}
