package io.quorate.cql.parser;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** If this breaks, a statement of brackets takes the stack of a shard, and the node with it. */
class NestingTest {
  private static final int HALF_OF_THE_USUAL_STACK = 512 << 10;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "INSERT INTO t (k, li) VALUES (1, | [ | ])",
        "INSERT INTO t (k, li) VALUES (1, | {1: | })",
        "INSERT INTO t (k, tu) VALUES (1, | ( | ))",
        "SELECT i FROM t WHERE k = | (int) | 1",
        "SELECT i FROM t WHERE k = | f( | )",
        "SELECT i | .f | FROM t",
        "SELECT i | [1] | FROM t",
        "SELECT i FROM t WHERE k = | - | 1",
        "SELECT i FROM t WHERE | ( | k = 1)",
        "CREATE TABLE t (k int PRIMARY KEY, v | list< | >)",
        "CREATE TABLE t (k int PRIMARY KEY, v | tuple<int, | >)",
      })
  void whatIsTakenInFitsIntoHalfAStack(String start, String nested, String end) throws Exception {
    for (int depth = 10; depth < 1_200; depth += depth / 4) {
      String text = start + nested.repeat(depth) + end;
      Throwable failure = parseOnASmallStack(text);
      assertThat(failure)
          .as("depth %d", depth)
          .satisfiesAnyOf(
              none -> assertThat(none).isNull(),
              refused -> assertThat(refused).isInstanceOf(SyntaxException.class));
    }
  }

  private static @Nullable Throwable parseOnASmallStack(String text) throws InterruptedException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread thread =
        new Thread(null, () -> CqlText.parse(text), "small stack", HALF_OF_THE_USUAL_STACK);
    thread.setUncaughtExceptionHandler((which, thrown) -> failure.set(thrown));
    thread.start();
    thread.join();
    return failure.get();
  }
}
