package io.quorate.cql;

import io.quorate.protocol.BoundValues;
import io.quorate.protocol.types.ByteComparable;
import io.quorate.protocol.types.ByteSink;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.InvalidValueException;
import io.quorate.protocol.types.ValueCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A term that is checked against its type and waits for the markers' values. Made once, when a
 * statement is prepared; immutable.
 */
sealed interface Expression {

  CqlType type();

  /** Puts the value into {@code out}. */
  void evaluate(ExecutionContext context, ValueSlot out);

  /** The value as an array of its own; null for null and unset. */
  default byte @Nullable [] bytes(ExecutionContext context) {
    ValueSlot slot = new ValueSlot();
    evaluate(context, slot);
    return slot.copy();
  }

  /** A value known when the statement was prepared. */
  record Constant(CqlType type, @Nullable Value value) implements Expression {
    /** Bytes that are never changed. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Value(byte[] bytes) {}

    static Constant of(CqlType type, byte @Nullable [] bytes) {
      return new Constant(type, bytes == null ? null : new Value(bytes));
    }

    @Override
    public void evaluate(ExecutionContext context, ValueSlot out) {
      out.set(value == null ? null : value.bytes());
    }
  }

  /** A marker. */
  record Bound(CqlType type, int index, String column) implements Expression {
    @Override
    public void evaluate(ExecutionContext context, ValueSlot out) {
      BoundValues values = context.values();
      int length = values.length(index);
      out.set(values.bytes(), values.offset(index), length);
      if (length >= 0) {
        try {
          ValueCheck.check(type, values.bytes(), values.offset(index), length);
        } catch (InvalidValueException e) {
          throw RequestException.invalid(String.valueOf(e.getMessage()));
        }
      }
    }
  }

  /** A function of other values. Null goes in as null. */
  record Applied(Function function, List<Expression> arguments) implements Expression {
    @Override
    public CqlType type() {
      return function.result();
    }

    @Override
    public void evaluate(ExecutionContext context, ValueSlot out) {
      @Nullable Object[] values = new Object[arguments.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = arguments.get(i).bytes(context);
      }
      out.set(function.apply(context, values));
    }
  }

  /** A list, set, map, tuple, vector or user type made of other values. */
  record Composite(CqlType type, List<Expression> parts) implements Expression {
    @Override
    public void evaluate(ExecutionContext context, ValueSlot out) {
      List<byte @Nullable []> values = new ArrayList<>(parts.size());
      for (Expression part : parts) {
        byte[] value = part.bytes(context);
        boolean mayBeNull = type.kind() == CqlType.Kind.TUPLE || type.kind() == CqlType.Kind.USER;
        if (value == null && !mayBeNull) {
          throw RequestException.invalid("null is not supported inside collections");
        }
        values.add(value);
      }
      out.set(encode(type, values));
    }

    static byte[] encode(CqlType type, List<byte @Nullable []> parts) {
      ByteSink out = new ByteSink();
      switch (type.kind()) {
        case LIST -> {
          out.writeInt(parts.size());
          parts.forEach(part -> write(part, out));
        }
        case SET -> sorted(((CqlType.SetType) type).element(), parts, 1, out);
        case MAP -> sorted(((MapType) type).key(), parts, 2, out);
        case TUPLE, USER -> parts.forEach(part -> write(part, out));
        case VECTOR ->
            parts.forEach(part -> {
              if (part != null) {
                out.write(part);
              }
            });
        case SCALAR -> throw new IllegalStateException("a scalar has no parts");
      }
      return out.toByteArray();
    }

    /** Entries in the order of their keys; of equal keys the last one counts. */
    private static void sorted(
        CqlType keyType, List<byte @Nullable []> parts, int perEntry, ByteSink out) {
      TreeMap<byte[], Integer> byKey =
          new TreeMap<>((left, right) -> ByteComparable.compare(keyType, left, right));
      for (int i = 0; i < parts.size(); i += perEntry) {
        byte[] key = parts.get(i);
        if (key != null) {
          byKey.put(key, i);
        }
      }
      out.writeInt(byKey.size());
      for (int at : byKey.values()) {
        for (int i = 0; i < perEntry; i++) {
          write(parts.get(at + i), out);
        }
      }
    }

    private static void write(byte @Nullable [] part, ByteSink out) {
      if (part == null) {
        out.writeInt(-1);
      } else {
        out.writeValue(part, 0, part.length);
      }
    }
  }
}
