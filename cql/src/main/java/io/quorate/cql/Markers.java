package io.quorate.cql;

import io.quorate.cql.parser.Term;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.types.CqlType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The markers of a statement, as what they turn out to stand for. Lives for one preparation. */
final class Markers {
  private final @Nullable ColumnSpec[] specs;
  private final @Nullable String[] partitionKeyColumns;

  Markers(int count) {
    this.specs = new ColumnSpec[count];
    this.partitionKeyColumns = new String[count];
  }

  /** Notes what a marker stands for. */
  Expression bind(Term.Marker marker, ColumnSpec receiver) {
    String name = marker.name() != null ? marker.name() : receiver.name();
    specs[marker.index()] =
        new ColumnSpec(receiver.keyspace(), receiver.table(), name, receiver.type());
    return new Expression.Bound(receiver.type(), marker.index(), receiver.name());
  }

  /** Notes that a marker gives a column of the partition key. */
  void givesPartitionKey(Term.Marker marker, String column) {
    partitionKeyColumns[marker.index()] = column;
  }

  List<ColumnSpec> specs() {
    List<ColumnSpec> all = new ArrayList<>(specs.length);
    for (ColumnSpec spec : specs) {
      if (spec == null) {
        throw new IllegalStateException("a marker without a meaning");
      }
      all.add(spec);
    }
    return all;
  }

  /** For each column of the key the marker that gives it; empty unless each has one. */
  List<Integer> partitionKeyIndexes(List<String> keyColumns) {
    List<Integer> indexes = new ArrayList<>();
    for (String column : keyColumns) {
      for (int i = 0; i < partitionKeyColumns.length; i++) {
        if (column.equals(partitionKeyColumns[i])) {
          indexes.add(i);
          break;
        }
      }
    }
    return indexes.size() == keyColumns.size() ? indexes : List.of();
  }

  static ColumnSpec as(ColumnSpec receiver, String name, CqlType type) {
    return new ColumnSpec(receiver.keyspace(), receiver.table(), name, type);
  }
}
