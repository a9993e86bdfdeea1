package io.quorate.client;

import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.types.JavaValues;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One row of a result: its values as slices of the response. Immutable. */
public final class Row {
  private final List<ColumnSpec> columns;
  private final byte[] bytes;
  private final int[] offsets;

  /**
   * @param offsets of each value's length field
   */
  Row(List<ColumnSpec> columns, byte[] bytes, int[] offsets) {
    this.columns = columns;
    this.bytes = bytes;
    this.offsets = offsets;
  }

  public List<ColumnSpec> columns() {
    return columns;
  }

  private int index(String name) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).name().equals(name)) {
        return i;
      }
    }
    throw new IllegalArgumentException("there is no column " + name + " in the result");
  }

  public boolean isNull(int index) {
    return ResultPage.readInt(bytes, offsets[index]) < 0;
  }

  /** The value's bytes; null for null. */
  public byte @Nullable [] bytes(int index) {
    int length = ResultPage.readInt(bytes, offsets[index]);
    int start = offsets[index] + 4;
    return length < 0 ? null : Arrays.copyOfRange(bytes, start, start + length);
  }

  /** The value as an object of the type that its CQL type maps to; null for null. */
  public @Nullable Object value(int index) {
    int length = ResultPage.readInt(bytes, offsets[index]);
    return length < 0
        ? null
        : JavaValues.decode(columns.get(index).type(), bytes, offsets[index] + 4, length);
  }

  public @Nullable Object value(String name) {
    return value(index(name));
  }

  private Object present(String name) {
    Object value = value(name);
    if (value == null) {
      throw new IllegalStateException("column " + name + " is null");
    }
    return value;
  }

  /** The text of a text or ascii column; null for null. */
  public @Nullable String string(String name) {
    return (String) value(name);
  }

  /** The value of an integer column that is not null. */
  public int integer(String name) {
    return ((Number) present(name)).intValue();
  }

  /** The value of a bigint, counter or smaller column that is not null. */
  public long bigint(String name) {
    return ((Number) present(name)).longValue();
  }

  public boolean bool(String name) {
    return (Boolean) present(name);
  }

  public @Nullable UUID uuid(String name) {
    return (UUID) value(name);
  }
}
