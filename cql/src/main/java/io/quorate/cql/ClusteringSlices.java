package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.protocol.types.ByteSink;
import io.quorate.protocol.types.InvalidValueException;
import io.quorate.protocol.types.RowKey;
import io.quorate.sstable.RowKeys;
import io.quorate.sstable.Slice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The row keys that restrictions of clustering columns allow, as slices. Leading equalities become
 * prefixes; a range behind them becomes, for each prefix, the slices in which it holds. A range
 * over several columns, {@code (a, b) > (1, 2)}, is {@code a > 1} or {@code a = 1 and b > 2}: with
 * it columns of different directions need no care of their own.
 */
final class ClusteringSlices {
  private ClusteringSlices() {}

  private static final byte[] EMPTY = {};

  static List<Slice> of(List<ClusteringRestriction> restrictions, ExecutionContext context) {
    if (restrictions.isEmpty()) {
      return List.of(Slice.ALL);
    }
    List<byte[]> prefixes = List.of(EMPTY);
    List<Slice> slices = new ArrayList<>();
    for (ClusteringRestriction restriction : restrictions) {
      if (restriction.isRange()) {
        for (byte[] prefix : prefixes) {
          slices.addAll(range(prefix, restriction, context));
        }
        return normalized(slices);
      }
      prefixes = extended(prefixes, restriction, context);
    }
    for (byte[] prefix : prefixes) {
      slices.add(startingWith(prefix));
    }
    return normalized(slices);
  }

  /** The rows of whole keys, where every clustering column is restricted by an equality. */
  static List<Slice> rows(List<ClusteringRestriction> restrictions, ExecutionContext context) {
    List<Slice> rows = new ArrayList<>();
    for (byte[] key : prefixes(restrictions, context)) {
      rows.add(Slice.ofRow(key));
    }
    return rows.size() < 2 ? rows : normalized(rows);
  }

  /** The keys made by equalities: whole keys when every clustering column is restricted. */
  static List<byte[]> prefixes(List<ClusteringRestriction> restrictions, ExecutionContext context) {
    List<byte[]> prefixes = List.of(EMPTY);
    for (ClusteringRestriction restriction : restrictions) {
      prefixes = extended(prefixes, restriction, context);
    }
    return prefixes;
  }

  private static List<byte[]> extended(
      List<byte[]> prefixes, ClusteringRestriction restriction, ExecutionContext context) {
    Values equal = restriction.equal();
    if (equal == null) {
      throw new IllegalStateException("a range where an equality was expected");
    }
    List<byte[]> result = new ArrayList<>();
    for (byte[] value : equal.evaluate(context)) {
      List<byte[]> components = restriction.split(value);
      if (components.size() != restriction.columns().size()) {
        throw RequestException.invalid(
            "Expected "
                + restriction.columns().size()
                + " elements in value tuple, but got "
                + components.size());
      }
      for (byte[] prefix : prefixes) {
        byte[] key = prefix;
        for (int i = 0; i < components.size(); i++) {
          key = append(key, restriction.columns().get(i), components.get(i));
        }
        result.add(key);
      }
    }
    return result;
  }

  private static byte[] append(byte[] prefix, ColumnMetadata column, byte[] value) {
    ByteSink out = new ByteSink(prefix.length + value.length + 8);
    out.write(prefix);
    appendComponent(column, value, 0, value.length, out);
    return out.toByteArray();
  }

  /** Appends one component of a row key, or refuses the value. */
  static void appendComponent(
      ColumnMetadata column, byte[] value, int offset, int length, ByteSink out) {
    try {
      RowKey.append(
          new RowKey.Column(column.type(), column.descending()), value, offset, length, out);
    } catch (InvalidValueException e) {
      throw RequestException.invalid(
          "Invalid value for clustering column " + column.name() + ": " + e.getMessage());
    }
  }

  private static Slice startingWith(byte[] prefix) {
    return prefix.length == 0 ? Slice.ALL : new Slice(prefix, after(prefix));
  }

  /** The smallest bound above every key that begins with a prefix. */
  static byte[] after(byte[] prefix) {
    byte[] bound = Arrays.copyOf(prefix, prefix.length + 1);
    bound[prefix.length] = (byte) RowKey.AFTER_PREFIX;
    return bound;
  }

  private static List<Slice> range(
      byte[] prefix, ClusteringRestriction restriction, ExecutionContext context) {
    List<Slice> slices = List.of(startingWith(prefix));
    ClusteringRestriction.Bound lower = restriction.lower();
    if (lower != null) {
      slices = intersection(slices, bounded(prefix, restriction, lower, true, context));
    }
    ClusteringRestriction.Bound upper = restriction.upper();
    if (upper != null) {
      slices = intersection(slices, bounded(prefix, restriction, upper, false, context));
    }
    return slices;
  }

  private static List<Slice> bounded(
      byte[] prefix,
      ClusteringRestriction restriction,
      ClusteringRestriction.Bound bound,
      boolean greater,
      ExecutionContext context) {
    List<byte[]> components = restriction.split(bound.value().value(context));
    List<Slice> slices = new ArrayList<>();
    byte[] equalSoFar = prefix;
    for (int i = 0; i < components.size(); i++) {
      ColumnMetadata column = restriction.columns().get(i);
      byte[] key = append(equalSoFar, column, components.get(i));
      boolean inclusive = bound.inclusive() && i == components.size() - 1;
      byte[] whole = equalSoFar.length == 0 ? RowKeys.highest() : after(equalSoFar);
      if (greater != column.descending()) {
        slices.add(new Slice(inclusive ? key : after(key), whole));
      } else {
        slices.add(new Slice(equalSoFar, inclusive ? after(key) : key));
      }
      equalSoFar = key;
    }
    return normalized(slices);
  }

  /** Sorted, without empty ones, those that touch joined. */
  static List<Slice> normalized(List<Slice> slices) {
    List<Slice> sorted = new ArrayList<>(slices);
    sorted.removeIf(slice -> Arrays.compareUnsigned(slice.start(), slice.end()) >= 0);
    sorted.sort((left, right) -> Arrays.compareUnsigned(left.start(), right.start()));
    List<Slice> joined = new ArrayList<>();
    for (Slice slice : sorted) {
      Slice last = joined.isEmpty() ? null : joined.get(joined.size() - 1);
      if (last != null && Arrays.compareUnsigned(slice.start(), last.end()) <= 0) {
        byte[] end = Arrays.compareUnsigned(slice.end(), last.end()) > 0 ? slice.end() : last.end();
        joined.set(joined.size() - 1, new Slice(last.start(), end));
      } else {
        joined.add(slice);
      }
    }
    return joined;
  }

  /** What two lists of sorted, disjoint slices have in common. */
  static List<Slice> intersection(List<Slice> left, List<Slice> right) {
    List<Slice> common = new ArrayList<>();
    for (Slice a : left) {
      for (Slice b : right) {
        byte[] start = Arrays.compareUnsigned(a.start(), b.start()) > 0 ? a.start() : b.start();
        byte[] end = Arrays.compareUnsigned(a.end(), b.end()) < 0 ? a.end() : b.end();
        if (Arrays.compareUnsigned(start, end) < 0) {
          common.add(new Slice(start, end));
        }
      }
    }
    return common;
  }
}
