package io.quorate.cql;

import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteComparable;
import io.quorate.protocol.types.ByteSink;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.ElementCursor;
import io.quorate.protocol.types.JavaValues;
import io.quorate.protocol.types.ValueFormat;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a selector gives for a row. Made once; immutable. */
sealed interface ColumnValue {

  CqlType type();

  byte @Nullable [] bytes(RowBuffer row);

  /** Writes the value the way it stands in a result. */
  default void write(RowBuffer row, ByteSink out) {
    byte[] value = bytes(row);
    if (value == null) {
      out.writeInt(-1);
    } else {
      out.writeValue(value, 0, value.length);
    }
  }

  /** A column as it is; copied from the fragment straight into the result. */
  record Plain(CqlType type, int slot) implements ColumnValue {
    @Override
    public byte @Nullable [] bytes(RowBuffer row) {
      return row.copy(slot);
    }

    @Override
    public void write(RowBuffer row, ByteSink out) {
      row.write(slot, out);
    }
  }

  record Timestamp(int slot) implements ColumnValue {
    @Override
    public CqlType type() {
      return Scalar.BIGINT;
    }

    @Override
    public byte @Nullable [] bytes(RowBuffer row) {
      return row.isNull(slot) ? null : BigEndian.ofLong(row.timestampsMicros[slot]);
    }
  }

  /** Seconds that are left. */
  record TimeToLive(int slot) implements ColumnValue {
    @Override
    public CqlType type() {
      return Scalar.INT;
    }

    @Override
    public byte @Nullable [] bytes(RowBuffer row) {
      long expiresAt = row.expiresAtSeconds[slot];
      return row.isNull(slot) || expiresAt == 0
          ? null
          : BigEndian.ofInt((int) (expiresAt - row.nowSeconds));
    }
  }

  record Token() implements ColumnValue {
    @Override
    public CqlType type() {
      return Scalar.BIGINT;
    }

    @Override
    public byte[] bytes(RowBuffer row) {
      return BigEndian.ofLong(row.token);
    }
  }

  /** The same for all rows. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Fixed(CqlType type, byte @Nullable [] value) implements ColumnValue {
    @Override
    public byte @Nullable [] bytes(RowBuffer row) {
      return value;
    }
  }

  record Applied(Function function, List<ColumnValue> arguments) implements ColumnValue {
    @Override
    public CqlType type() {
      return function.result();
    }

    @Override
    public byte @Nullable [] bytes(RowBuffer row) {
      @Nullable Object[] values = new Object[arguments.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = arguments.get(i).bytes(row);
      }
      return function.apply(row.context(), values);
    }
  }

  record Cast(CqlType type, ColumnValue of) implements ColumnValue {
    @Override
    public byte @Nullable [] bytes(RowBuffer row) {
      return Casts.cast(of.type(), type, of.bytes(row));
    }
  }

  /** A field of a user type. */
  record Field(CqlType type, ColumnValue of, int index) implements ColumnValue {
    @Override
    public byte @Nullable [] bytes(RowBuffer row) {
      byte[] value = of.bytes(row);
      if (value == null) {
        return null;
      }
      ElementCursor cursor = ElementCursor.ofTuple(value, 0, value.length);
      for (int i = 0; cursor.next(); i++) {
        if (i == index) {
          return element(cursor);
        }
      }
      return null;
    }
  }

  /** The value under a key of a map. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Entry(MapType map, ColumnValue of, byte[] key) implements ColumnValue {
    @Override
    public CqlType type() {
      return map.value();
    }

    @Override
    public byte @Nullable [] bytes(RowBuffer row) {
      byte[] value = of.bytes(row);
      if (value == null) {
        return null;
      }
      ElementCursor cursor = ElementCursor.ofCollection(value, 0, value.length, 2);
      while (cursor.next()) {
        byte[] candidate = element(cursor);
        cursor.next();
        if (candidate != null && ByteComparable.compare(map.key(), candidate, key) == 0) {
          return element(cursor);
        }
      }
      return null;
    }
  }

  /** All columns as one JSON object. */
  record Json(List<String> names, List<ColumnValue> columns) implements ColumnValue {
    @Override
    public CqlType type() {
      return Scalar.TEXT;
    }

    @Override
    public byte[] bytes(RowBuffer row) {
      StringBuilder out = new StringBuilder("{");
      for (int i = 0; i < columns.size(); i++) {
        String name = names.get(i);
        boolean isMixed = !name.equals(name.toLowerCase(Locale.ROOT));
        out.append(i == 0 ? "" : ", ");
        // A name that is not in lower case keeps its quotes, so that it reads back.
        ValueFormat.quote(isMixed ? "\"" + name + "\"" : name, out);
        out.append(": ");
        ColumnValue column = columns.get(i);
        out.append(ValueFormat.toJson(column.type(), column.bytes(row)));
      }
      return JavaValues.encode(Scalar.TEXT, out.append('}').toString());
    }
  }

  private static byte @Nullable [] element(ElementCursor cursor) {
    return cursor.isNull()
        ? null
        : Arrays.copyOfRange(cursor.bytes(), cursor.offset(), cursor.offset() + cursor.length());
  }
}
