package io.quorate.cql;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * If this breaks, a WHERE clause on clustering columns finds rows that it should not, or misses.
 */
class ClusteringSlicesTest {
  private static final long SEED = 20_261_120L;
  private static final String[] NAMES = {"a", "b", "c"};

  private record Row(int a, int b, int c) {
    int column(int index) {
      return index == 0 ? a : index == 1 ? b : c;
    }

    @Override
    public String toString() {
      return a + " " + b + " " + c;
    }
  }

  /** A clause with what it means. */
  private record Clause(String text, Predicate<Row> holds) {}

  @ParameterizedTest
  @ValueSource(strings = {"a ASC, b ASC, c ASC", "a DESC, b DESC, c DESC", "a DESC, b ASC, c DESC"})
  void anyClauseFindsExactlyTheRowsForWhichItHolds(String order) {
    Cql cql = new Cql();
    cql.run(
        "CREATE TABLE t (k int, a int, b int, c int, PRIMARY KEY (k, a, b, c)) WITH CLUSTERING"
            + " ORDER BY ("
            + order
            + ")");
    List<Row> all = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      Row row = new Row(i / 16, i / 4 % 4, i % 4);
      all.add(row);
      cql.run("INSERT INTO t (k, a, b, c) VALUES (1, " + row.toString().replace(" ", ", ") + ")");
    }
    all.sort(inOrder(order));
    Random random = new Random(SEED);
    for (int round = 0; round < 400; round++) {
      Clause clause = clause(random);
      boolean reversed = random.nextInt(3) == 0;
      List<String> expected = new ArrayList<>();
      for (Row row : reversed ? all.reversed() : all) {
        if (clause.holds().test(row)) {
          expected.add(row.toString());
        }
      }
      String query =
          "SELECT a, b, c FROM t WHERE k = 1" + clause.text() + (reversed ? orderBy(order) : "");
      assertThat(cql.rows(query))
          .as("%s, round %d of seed %d", query, round, SEED)
          .isEqualTo(expected);
      assertThat(cql.pages(query, 1 + random.nextInt(5)))
          .as("%s in pages, round %d of seed %d", query, round, SEED)
          .isEqualTo(expected);
    }
  }

  private static String orderBy(String order) {
    return " ORDER BY " + order.replace("ASC", "x").replace("DESC", "ASC").replace("x", "DESC");
  }

  private static Comparator<Row> inOrder(String order) {
    String[] parts = order.split(", ", -1);
    Comparator<Row> comparator = Comparator.comparingInt(row -> 0);
    for (int i = 0; i < 3; i++) {
      int column = i;
      Comparator<Row> byColumn = Comparator.comparingInt(row -> row.column(column));
      comparator =
          comparator.thenComparing(parts[i].endsWith("DESC") ? byColumn.reversed() : byColumn);
    }
    return comparator;
  }

  /** Equalities on some leading columns, then perhaps a range over one or several. */
  private static Clause clause(Random random) {
    StringBuilder text = new StringBuilder();
    Predicate<Row> holds = row -> true;
    int column = 0;
    while (column < 3 && random.nextInt(3) == 0) {
      int at = column;
      int value = random.nextInt(4);
      int other = random.nextInt(4);
      if (random.nextBoolean()) {
        text.append(" AND ").append(NAMES[at]).append(" = ").append(value);
        holds = holds.and(row -> row.column(at) == value);
      } else {
        text.append(" AND ").append(NAMES[at]);
        text.append(" IN (").append(value).append(", ").append(other).append(")");
        holds = holds.and(row -> row.column(at) == value || row.column(at) == other);
      }
      column++;
    }
    if (column == 3) {
      return new Clause(text.toString(), holds);
    }
    int count = 1 + random.nextInt(3 - column);
    for (String operators : List.of("> >=", "< <=")) {
      if (random.nextInt(3) > 0) {
        String operator = operators.split(" ", -1)[random.nextInt(2)];
        Clause bound = bound(random, column, count, operator);
        text.append(bound.text());
        holds = holds.and(bound.holds());
      }
    }
    return new Clause(text.toString(), holds);
  }

  private static Clause bound(Random random, int first, int count, String operator) {
    List<Integer> values = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(random.nextInt(5) - 1 + (random.nextInt(4) == 0 ? 1 : 0));
      names.add(NAMES[first + i]);
    }
    Predicate<Row> holds =
        row -> {
          int order = 0;
          for (int i = 0; i < count && order == 0; i++) {
            order = Integer.compare(row.column(first + i), values.get(i));
          }
          return switch (operator) {
            case ">" -> order > 0;
            case ">=" -> order >= 0;
            case "<" -> order < 0;
            default -> order <= 0;
          };
        };
    String text =
        count == 1
            ? names.get(0) + " " + operator + " " + values.get(0)
            : "("
                + String.join(", ", names)
                + ") "
                + operator
                + " "
                + values.toString().replace('[', '(').replace(']', ')');
    return new Clause(" AND " + text, holds);
  }
}
