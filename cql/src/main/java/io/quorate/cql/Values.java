package io.quorate.cql;

import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.ElementCursor;
import io.quorate.protocol.types.InvalidValueException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The value or values that a condition with {@code =} or {@code IN} allows. Immutable. */
sealed interface Values {

  /** The values; none of them null or unset. */
  List<byte[]> evaluate(ExecutionContext context);

  /** {@code = value}, or one value of an IN. */
  record One(String column, Expression expression) implements Values {
    @Override
    public List<byte[]> evaluate(ExecutionContext context) {
      return List.of(value(context));
    }

    byte[] value(ExecutionContext context) {
      ValueSlot slot = new ValueSlot();
      expression.evaluate(context, slot);
      byte[] value = present(slot, column).copy();
      return value == null ? new byte[0] : value;
    }

    static ValueSlot present(ValueSlot slot, String column) {
      if (slot.isUnset()) {
        throw RequestException.invalid("Invalid unset value for column " + column);
      }
      if (slot.isNull()) {
        throw RequestException.invalid("Invalid null value in condition for column " + column);
      }
      return slot;
    }
  }

  /** {@code IN (value, ...)}. */
  record Many(List<One> values) implements Values {
    @Override
    public List<byte[]> evaluate(ExecutionContext context) {
      return values.stream().map(one -> one.value(context)).toList();
    }
  }

  /** {@code IN ?}: the marker's value is a list. */
  record Listed(String column, CqlType element, Expression list) implements Values {
    @Override
    public List<byte[]> evaluate(ExecutionContext context) {
      ValueSlot slot = new ValueSlot();
      list.evaluate(context, slot);
      One.present(slot, column);
      List<byte[]> values = new ArrayList<>();
      try {
        ElementCursor cursor = ElementCursor.ofCollection(slot.bytes, slot.offset, slot.length, 1);
        while (cursor.next()) {
          if (cursor.isNull()) {
            throw RequestException.invalid("Invalid null value in condition for column " + column);
          }
          values.add(
              Arrays.copyOfRange(
                  cursor.bytes(), cursor.offset(), cursor.offset() + cursor.length()));
        }
      } catch (InvalidValueException e) {
        throw RequestException.invalid(String.valueOf(e.getMessage()));
      }
      return values;
    }
  }
}
