package io.quorate.cql;

import io.quorate.cql.parser.Relation.Operator;
import io.quorate.protocol.types.ByteComparable;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.ElementCursor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The conditions of one execution that each row must meet. Immutable. */
final class RowFilter {
  private static final RowFilter NONE = new RowFilter(List.of());

  private final List<Condition> conditions;

  private record Condition(
      int slot,
      CqlType columnType,
      CqlType type,
      Operator operator,
      @Nullable Key key,
      List<byte[]> values) {}

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Key(byte[] bytes) {}

  private RowFilter(List<Condition> conditions) {
    this.conditions = conditions;
  }

  /** Evaluates the values that rows are compared with. */
  static RowFilter of(
      List<Restrictions.Filter> filters, List<Integer> slots, ExecutionContext context) {
    if (filters.isEmpty()) {
      return NONE;
    }
    List<Condition> conditions = new ArrayList<>(filters.size());
    for (int i = 0; i < filters.size(); i++) {
      Restrictions.Filter filter = filters.get(i);
      Expression keyExpression = filter.elementKey();
      byte[] key = keyExpression == null ? null : keyExpression.bytes(context);
      conditions.add(
          new Condition(
              slots.get(i),
              filter.column().type(),
              filter.comparedType(),
              filter.operator(),
              key == null ? null : new Key(key),
              filter.values().evaluate(context)));
    }
    return new RowFilter(conditions);
  }

  boolean isEmpty() {
    return conditions.isEmpty();
  }

  boolean accepts(RowBuffer row) {
    for (Condition condition : conditions) {
      byte[] value = row.copy(condition.slot());
      if (value == null || !holds(condition, value)) {
        return false;
      }
    }
    return true;
  }

  private static boolean holds(Condition condition, byte[] value) {
    Key key = condition.key();
    if (key != null) {
      return entryHolds(condition, key.bytes(), value);
    }
    return switch (condition.operator()) {
      case CONTAINS -> {
        boolean isMap = condition.columnType() instanceof MapType;
        yield contains(condition, value, isMap ? 2 : 1, isMap ? 1 : 0);
      }
      case CONTAINS_KEY -> contains(condition, value, 2, 0);
      case IN -> condition.values().stream().anyMatch(each -> compare(condition, value, each) == 0);
      case EQUAL -> compare(condition, value, condition.values().get(0)) == 0;
      case LESS -> compare(condition, value, condition.values().get(0)) < 0;
      case LESS_OR_EQUAL -> compare(condition, value, condition.values().get(0)) <= 0;
      case GREATER -> compare(condition, value, condition.values().get(0)) > 0;
      case GREATER_OR_EQUAL -> compare(condition, value, condition.values().get(0)) >= 0;
      case NOT_EQUAL, LIKE, IS_NOT_NULL ->
          throw new IllegalStateException("refused when it was prepared");
    };
  }

  private static int compare(Condition condition, byte[] left, byte[] right) {
    return ByteComparable.compare(condition.type(), left, right);
  }

  private static boolean contains(Condition condition, byte[] value, int perEntry, int which) {
    ElementCursor cursor = ElementCursor.ofCollection(value, 0, value.length, perEntry);
    for (int i = 0; cursor.next(); i++) {
      if (i % perEntry == which
          && compare(condition, element(cursor), condition.values().get(0)) == 0) {
        return true;
      }
    }
    return false;
  }

  private static boolean entryHolds(Condition condition, byte[] key, byte[] value) {
    CqlType keyType = ((MapType) condition.columnType()).key();
    ElementCursor cursor = ElementCursor.ofCollection(value, 0, value.length, 2);
    while (cursor.next()) {
      boolean isKey = ByteComparable.compare(keyType, element(cursor), key) == 0;
      cursor.next();
      if (isKey) {
        return compare(condition, element(cursor), condition.values().get(0)) == 0;
      }
    }
    return false;
  }

  private static byte[] element(ElementCursor cursor) {
    return Arrays.copyOfRange(
        cursor.bytes(), cursor.offset(), cursor.offset() + Math.max(0, cursor.length()));
  }
}
