package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.protocol.types.ByteSink;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One row's values while it is looked at: a slot for each column that the statement needs. Reused
 * from row to row; owned by its execution.
 */
final class RowBuffer {
  private static final byte[] NOTHING = {};

  private final byte[][] bytes;
  private final int[] offsets;
  private final int[] lengths;
  final long[] timestampsMicros;

  /** 0 for a value that does not expire. */
  final long[] expiresAtSeconds;

  long token;
  final long nowSeconds;
  private final ExecutionContext context;

  RowBuffer(int slots, ExecutionContext context) {
    this.context = context;
    this.nowSeconds = context.nowSeconds();
    this.bytes = new byte[slots][];
    Arrays.fill(bytes, NOTHING);
    this.offsets = new int[slots];
    this.lengths = new int[slots];
    this.timestampsMicros = new long[slots];
    this.expiresAtSeconds = new long[slots];
  }

  /** Of the execution that looks at the row. */
  ExecutionContext context() {
    return context;
  }

  void set(int slot, byte[] source, int offset, int length) {
    bytes[slot] = source;
    offsets[slot] = offset;
    lengths[slot] = length;
  }

  void set(int slot, byte @Nullable [] value) {
    if (value == null) {
      clear(slot);
    } else {
      set(slot, value, 0, value.length);
    }
  }

  void clear(int slot) {
    lengths[slot] = -1;
  }

  boolean isNull(int slot) {
    return lengths[slot] < 0;
  }

  byte @Nullable [] copy(int slot) {
    return lengths[slot] < 0
        ? null
        : Arrays.copyOfRange(bytes[slot], offsets[slot], offsets[slot] + lengths[slot]);
  }

  /** Writes the value the way it stands in a result. */
  void write(int slot, ByteSink out) {
    if (lengths[slot] < 0) {
      out.writeInt(-1);
    } else {
      out.writeValue(bytes[slot], offsets[slot], lengths[slot]);
    }
  }

  /** Gives columns their slots while a statement is prepared. */
  static final class Layout {
    private final List<ColumnMetadata> columns = new ArrayList<>();

    int slot(ColumnMetadata column) {
      int known = columns.indexOf(column);
      if (known >= 0) {
        return known;
      }
      columns.add(column);
      return columns.size() - 1;
    }

    List<ColumnMetadata> columns() {
      return List.copyOf(columns);
    }
  }
}
