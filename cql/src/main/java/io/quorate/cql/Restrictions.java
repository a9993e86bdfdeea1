package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.cql.parser.Relation;
import io.quorate.protocol.types.CqlType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A WHERE clause, sorted by what each part is good for: finding partitions, finding rows in them,
 * or only looking at what was found. Immutable.
 *
 * @param partitionKey values for the columns of the partition key, by position; those that are not
 *     restricted are missing
 * @param clustering for leading clustering columns, in order; only the last may be a range
 * @param filters what must be checked row by row
 */
record Restrictions(
    Map<Integer, Values> partitionKey,
    @Nullable TokenBound lowerToken,
    @Nullable TokenBound upperToken,
    List<ClusteringRestriction> clustering,
    List<Filter> filters) {

  /** Of what one statement may name; more would only exhaust the node. */
  private static final int MAX_KEYS = 65_535;

  /** One end of a range of tokens. */
  record TokenBound(Values.One value, boolean inclusive) {}

  /** The result for rows that must be looked at one by one. */
  record Filter(
      ColumnMetadata column,
      CqlType comparedType,
      @Nullable Expression elementKey,
      Relation.Operator operator,
      Values values) {}

  boolean hasTokenRange() {
    return lowerToken != null || upperToken != null;
  }

  /** The keys of the partitions, in the order of the values; every column must be restricted. */
  List<byte[]> keys(int keyColumns, ExecutionContext context) {
    if (keyColumns == 1 && partitionKey.get(0) instanceof Values.One one) {
      return List.of(PartitionKeys.encode(List.of(one.value(context))));
    }
    List<List<byte[]>> combinations = List.of(List.of());
    for (int i = 0; i < keyColumns; i++) {
      Values values = partitionKey.get(i);
      List<byte[]> alternatives = values == null ? List.of() : values.evaluate(context);
      List<List<byte[]>> extended = new ArrayList<>();
      for (List<byte[]> combination : combinations) {
        for (byte[] alternative : alternatives) {
          List<byte[]> longer = new ArrayList<>(combination);
          longer.add(alternative);
          extended.add(longer);
          if (extended.size() > MAX_KEYS) {
            throw RequestException.invalid(
                "The IN restrictions name more than " + MAX_KEYS + " partitions");
          }
        }
      }
      combinations = extended;
    }
    return Collections.unmodifiableList(combinations.stream().map(PartitionKeys::encode).toList());
  }
}
