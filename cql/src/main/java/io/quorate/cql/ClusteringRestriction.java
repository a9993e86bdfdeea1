package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.protocol.types.ElementCursor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is demanded of one clustering column, or of several that are compared as one. Immutable.
 *
 * @param columns consecutive clustering columns
 * @param equal the values allowed; null for a range
 */
record ClusteringRestriction(
    List<ColumnMetadata> columns,
    @Nullable Values equal,
    @Nullable Bound lower,
    @Nullable Bound upper) {

  /** One end of a range. */
  record Bound(Values.One value, boolean inclusive) {}

  int first() {
    return columns.get(0).position();
  }

  boolean isRange() {
    return equal == null;
  }

  /** A value of these columns, component by component. */
  List<byte[]> split(byte[] value) {
    if (columns.size() == 1) {
      return List.of(value);
    }
    ElementCursor cursor = ElementCursor.ofTuple(value, 0, value.length);
    List<byte[]> components = new ArrayList<>();
    while (cursor.next()) {
      if (cursor.isNull()) {
        throw RequestException.invalid(
            "Invalid null value in condition for column " + columns.get(components.size()).name());
      }
      components.add(Arrays.copyOfRange(value, cursor.offset(), cursor.offset() + cursor.length()));
    }
    if (components.size() > columns.size() || components.isEmpty()) {
      throw RequestException.invalid(
          "Expected " + columns.size() + " elements in value tuple, but got " + components.size());
    }
    return components;
  }
}
