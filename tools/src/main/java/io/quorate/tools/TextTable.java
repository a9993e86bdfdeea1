package io.quorate.tools;

import java.util.ArrayList;
import java.util.List;

/** Columns of text under a heading, two spaces between. Numbers stand to the right. */
public final class TextTable {
  private static final String GAP = "  ";

  private final List<String> heading;
  private final List<List<String>> rows = new ArrayList<>();

  public TextTable(String... heading) {
    this.heading = List.of(heading);
  }

  public TextTable row(Object... cells) {
    if (cells.length != heading.size()) {
      throw new IllegalArgumentException(cells.length + " cells under " + heading);
    }
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(String.valueOf(cell));
    }
    rows.add(row);
    return this;
  }

  public boolean isEmpty() {
    return rows.isEmpty();
  }

  @Override
  public String toString() {
    int[] widths = new int[heading.size()];
    boolean[] right = new boolean[heading.size()];
    for (int column = 0; column < widths.length; column++) {
      widths[column] = heading.get(column).length();
      right[column] = !rows.isEmpty();
      for (List<String> row : rows) {
        widths[column] = Math.max(widths[column], row.get(column).length());
        right[column] &= isAmount(row.get(column));
      }
    }
    StringBuilder out = new StringBuilder();
    append(heading, widths, right, out);
    rows.forEach(row -> append(row, widths, right, out));
    return out.toString();
  }

  private static boolean isAmount(String cell) {
    return cell.isEmpty()
        || cell.matches("-?[0-9][0-9,]*([.][0-9]+)?( ?[KMGTPE]?i?B|%|s| ms| us)?");
  }

  private static void append(List<String> cells, int[] widths, boolean[] right, StringBuilder out) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < widths.length; column++) {
      String cell = cells.get(column);
      String padding = " ".repeat(widths[column] - cell.length());
      line.append(column == 0 ? "" : GAP).append(right[column] ? padding + cell : cell + padding);
    }
    out.append(line.toString().stripTrailing()).append('\n');
  }
}
