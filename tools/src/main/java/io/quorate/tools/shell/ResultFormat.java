package io.quorate.tools.shell;

import io.quorate.client.Row;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.ValueFormat;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** How rows are printed. A result is begun, printed page by page, and ended. */
enum ResultFormat {
  TABLE {
    @Override
    void page(List<ColumnSpec> columns, List<Row> rows, boolean first, PrintWriter out) {
      if (columns.isEmpty()) {
        return;
      }
      int[] widths = new int[columns.size()];
      for (int column = 0; column < widths.length; column++) {
        widths[column] = width(columns.get(column).name());
      }
      List<List<String>> cells = new ArrayList<>();
      for (Row row : rows) {
        List<String> texts = new ArrayList<>();
        for (int column = 0; column < widths.length; column++) {
          String text = text(columns.get(column).type(), row, column);
          widths[column] = Math.max(widths[column], width(text));
          texts.add(text);
        }
        cells.add(texts);
      }
      if (first) {
        out.println(line(columns.stream().map(ColumnSpec::name).toList(), columns, widths));
        StringBuilder rule = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
          rule.append(column == 0 ? "" : "+").append("-".repeat(widths[column] + 2));
        }
        out.println(rule);
      }
      cells.forEach(row -> out.println(line(row, columns, widths)));
    }

    @Override
    void end(List<ColumnSpec> columns, long rowCount, PrintWriter out) {
      if (!columns.isEmpty()) {
        out.println();
        out.println(rowCount == 1 ? "(1 row)" : "(" + rowCount + " rows)");
      }
    }
  },

  JSON {
    @Override
    void page(List<ColumnSpec> columns, List<Row> rows, boolean first, PrintWriter out) {
      if (columns.isEmpty()) {
        return;
      }
      boolean isFirst = first;
      for (Row row : rows) {
        StringBuilder json = new StringBuilder(isFirst ? "[\n  {" : ",\n  {");
        for (int column = 0; column < columns.size(); column++) {
          json.append(column == 0 ? "" : ", ");
          ValueFormat.quote(columns.get(column).name(), json);
          json.append(": ");
          json.append(ValueFormat.toJson(columns.get(column).type(), row.bytes(column)));
        }
        out.print(json.append('}'));
        isFirst = false;
      }
    }

    @Override
    void end(List<ColumnSpec> columns, long rowCount, PrintWriter out) {
      if (!columns.isEmpty()) {
        out.println(rowCount == 0 ? "[]" : "\n]");
      }
    }
  },

  CSV {
    @Override
    void page(List<ColumnSpec> columns, List<Row> rows, boolean first, PrintWriter out) {
      if (first && !columns.isEmpty()) {
        out.println(
            String.join(",", columns.stream().map(column -> quoted(column.name())).toList()));
      }
      for (Row row : rows) {
        List<String> cells = new ArrayList<>();
        for (int column = 0; column < columns.size(); column++) {
          cells.add(
              row.isNull(column) ? "" : quoted(text(columns.get(column).type(), row, column)));
        }
        out.println(String.join(",", cells));
      }
    }

    @Override
    void end(List<ColumnSpec> columns, long rowCount, PrintWriter out) {
      // A file of values has nothing behind the last.
    }
  };

  abstract void page(List<ColumnSpec> columns, List<Row> rows, boolean first, PrintWriter out);

  abstract void end(List<ColumnSpec> columns, long rowCount, PrintWriter out);

  /** One value a line, for rows that are too wide for the screen. */
  static void expanded(List<ColumnSpec> columns, List<Row> rows, long rowsBefore, PrintWriter out) {
    int widest = columns.stream().mapToInt(column -> width(column.name())).max().orElse(0);
    long number = rowsBefore;
    for (Row row : rows) {
      out.println("@ Row " + ++number);
      for (int column = 0; column < columns.size(); column++) {
        String name = columns.get(column).name();
        out.println(
            " "
                + name
                + " ".repeat(widest - width(name))
                + " | "
                + text(columns.get(column).type(), row, column));
      }
    }
  }

  /** Scalars without quotes, collections as CQL. Line ends are escaped, so that a row is a line. */
  static String text(CqlType type, Row row, int column) {
    Object value = row.value(column);
    if (value == null) {
      return "null";
    }
    String text =
        type instanceof Scalar scalar
            ? ValueFormat.plain(scalar, value)
            : ValueFormat.toCql(type, row.bytes(column));
    return text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t");
  }

  static String quoted(String text) {
    boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }

  private static String line(List<String> cells, List<ColumnSpec> columns, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < widths.length; column++) {
      String cell = cells.get(column);
      String padding = " ".repeat(widths[column] - width(cell));
      boolean right = columns.get(column).type() instanceof Scalar scalar && scalar.isNumeric();
      line.append(column == 0 ? " " : " | ").append(right ? padding + cell : cell + padding);
    }
    return line.toString().stripTrailing();
  }
}
