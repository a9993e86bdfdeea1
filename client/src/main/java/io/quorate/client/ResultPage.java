package io.quorate.client;

import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.Response;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a statement brought: one page of rows, or none. Immutable. */
public final class ResultPage implements Iterable<Row> {
  private final List<ColumnSpec> columns;
  private final List<Row> rows;
  private final byte @Nullable [] pagingState;
  private final List<String> warnings;

  private ResultPage(
      List<ColumnSpec> columns,
      List<Row> rows,
      byte @Nullable [] pagingState,
      List<String> warnings) {
    this.columns = columns;
    this.rows = rows;
    this.pagingState = pagingState;
    this.warnings = warnings;
  }

  static ResultPage of(Response.Result response, List<String> warnings) {
    if (!(response instanceof Response.Rows result)) {
      return new ResultPage(List.of(), List.of(), null, warnings);
    }
    List<ColumnSpec> columns = result.metadata().columns();
    List<Row> rows = new ArrayList<>(result.rowCount());
    int at = 0;
    for (int row = 0; row < result.rowCount(); row++) {
      int[] offsets = new int[columns.size()];
      for (int column = 0; column < offsets.length; column++) {
        offsets[column] = at;
        at += 4 + Math.max(0, readInt(result.rows(), at));
      }
      rows.add(new Row(columns, result.rows(), offsets));
    }
    return new ResultPage(columns, rows, result.pagingState(), warnings);
  }

  static int readInt(byte[] bytes, int at) {
    return (bytes[at] & 0xFF) << 24
        | (bytes[at + 1] & 0xFF) << 16
        | (bytes[at + 2] & 0xFF) << 8
        | (bytes[at + 3] & 0xFF);
  }

  public List<ColumnSpec> columns() {
    return columns;
  }

  /** The rows of this page. */
  public List<Row> rows() {
    return rows;
  }

  /** The first row; null when there is none. */
  public @Nullable Row first() {
    return rows.isEmpty() ? null : rows.get(0);
  }

  /** Leads to the next page; null on the last. */
  public byte @Nullable [] pagingState() {
    return pagingState;
  }

  public List<String> warnings() {
    return warnings;
  }

  @Override
  public Iterator<Row> iterator() {
    return rows.iterator();
  }
}
