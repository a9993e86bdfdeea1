package io.quorate.cql;

import io.quorate.protocol.Response;
import io.quorate.protocol.ResultMetadata;
import io.quorate.protocol.types.ByteSink;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gathers the rows of one answer in the form in which they are sent. Owned by its execution. */
final class ResultRows {
  /** Most that is set aside for rows that are to come. */
  private static final int MOST_EXPECTED_BYTES = 1 << 16;

  private final ByteSink rows = new ByteSink(0);
  private int count;

  /** Makes room for rows, that it need not be made row by row. */
  void expect(int bytes) {
    rows.reserve(Math.min(bytes, MOST_EXPECTED_BYTES));
  }

  int count() {
    return count;
  }

  void add(List<ColumnValue> columns, RowBuffer row) {
    for (int i = 0; i < columns.size(); i++) {
      columns.get(i).write(row, rows);
    }
    count++;
  }

  void add(List<byte @Nullable []> values) {
    for (byte[] value : values) {
      if (value == null) {
        rows.writeInt(-1);
      } else {
        rows.writeValue(value, 0, value.length);
      }
    }
    count++;
  }

  /** The answer, which takes over the gathered bytes. */
  Response.Rows toResponse(
      ResultMetadata metadata,
      boolean sendMetadata,
      boolean metadataChanged,
      byte @Nullable [] pagingState) {
    return new Response.Rows(
        metadata, sendMetadata, metadataChanged, pagingState, count, rows.array(), rows.length());
  }
}
