package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.ColumnMetadata.Kind;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.cql.parser.Statement;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.TypeParser;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes {@link SelectPlan}s. Stateless. */
final class SelectPlanner {
  private SelectPlanner() {}

  static SelectPlan plan(
      TableMetadata table,
      Statement.Select select,
      ExpressionBuilder expressions,
      TypeParser.UserTypes userTypes,
      boolean isVirtual) {
    if (!select.groupBy().isEmpty()) {
      throw RequestException.notYet("GROUP BY");
    }
    RowBuffer.Layout layout = new RowBuffer.Layout();
    Selection selection = Selection.of(table, select, layout, expressions, userTypes);
    RestrictionAnalyzer.Purpose purpose =
        isVirtual
            ? RestrictionAnalyzer.Purpose.SELECT_VIRTUAL
            : select.allowFiltering()
                ? RestrictionAnalyzer.Purpose.SELECT_FILTERING
                : RestrictionAnalyzer.Purpose.SELECT;
    Restrictions restrictions =
        RestrictionAnalyzer.analyze(table, select.where(), expressions, purpose);
    List<Integer> filterSlots =
        restrictions.filters().stream().map(filter -> layout.slot(filter.column())).toList();
    if (select.distinct()) {
      checkDistinct(table, select, selection, restrictions);
    }
    Boolean reversed = isVirtual ? null : order(table, select, restrictions);
    return new SelectPlan(
        table,
        restrictions,
        selection,
        ColumnSlots.of(table, layout.columns()),
        filterSlots,
        select.distinct(),
        reversed != null,
        reversed != null && reversed,
        select.limit() == null ? null : expressions.build(select.limit(), spec(table, "[limit]")),
        select.perPartitionLimit() == null
            ? null
            : expressions.build(select.perPartitionLimit(), spec(table, "[per_partition_limit]")));
  }

  private static ColumnSpec spec(TableMetadata table, String name) {
    return new ColumnSpec(table.keyspace(), table.name(), name, Scalar.INT);
  }

  private static void checkDistinct(
      TableMetadata table,
      Statement.Select select,
      Selection selection,
      Restrictions restrictions) {
    if (!restrictions.clustering().isEmpty()) {
      throw RequestException.invalid(
          "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or"
              + " static columns.");
    }
    List<ColumnMetadata> selected =
        select.selectors().isEmpty() ? table.columns() : selection.selected();
    for (ColumnMetadata column : selected) {
      if (column.kind() == Kind.CLUSTERING || column.kind() == Kind.REGULAR) {
        throw RequestException.invalid(
            "SELECT DISTINCT queries must only request partition key columns and/or static columns"
                + " (not "
                + column.name()
                + ")");
      }
    }
    for (ColumnMetadata key : table.partitionKey()) {
      if (!selected.contains(key)) {
        throw RequestException.invalid(
            "SELECT DISTINCT queries must request all the partition key columns (missing "
                + key.name()
                + ")");
      }
    }
  }

  /** Whether the rows are wanted against the stored order; null where no order is asked for. */
  private static @Nullable Boolean order(
      TableMetadata table, Statement.Select select, Restrictions restrictions) {
    if (select.orderBy().isEmpty()) {
      return null;
    }
    if (restrictions.partitionKey().size() != table.partitionKey().size()) {
      throw RequestException.invalid(
          "ORDER BY is only supported when the partition key is restricted by an EQ or an IN.");
    }
    Boolean reversed = null;
    int expected = 0;
    for (Statement.Ordering ordering : select.orderBy()) {
      ColumnMetadata column = RestrictionAnalyzer.column(table, ordering.column());
      if (column.kind() != Kind.CLUSTERING) {
        throw RequestException.invalid(
            "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got "
                + column.name());
      }
      while (expected < column.position() && isFixed(restrictions, expected)) {
        expected++;
      }
      if (column.position() != expected) {
        throw RequestException.invalid(
            "Order by currently only supports the ordering of columns following their declared"
                + " order in the PRIMARY KEY");
      }
      expected++;
      boolean against = ordering.descending() != column.descending();
      if (reversed != null && reversed != against) {
        throw RequestException.invalid("Unsupported order by relation");
      }
      reversed = against;
    }
    return reversed;
  }

  private static boolean isFixed(Restrictions restrictions, int position) {
    return restrictions.clustering().stream()
        .anyMatch(restriction ->
            restriction.equal() instanceof Values.One
                && restriction.columns().stream()
                    .anyMatch(column -> column.position() == position));
  }
}
