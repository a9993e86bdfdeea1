package io.quorate.tools.shell;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** If this breaks, the shell sends half a statement, or waits for a semicolon that is there. */
class StatementSplitterTest {
  private static StatementSplitter.Split split(String text) {
    return StatementSplitter.split(text);
  }

  @Test
  void statementsEndAtSemicolons() {
    assertThat(split("SELECT 1; SELECT 2;\nSELECT 3").statements())
        .containsExactly("SELECT 1", "SELECT 2");
    assertThat(split("SELECT 1; SELECT\n 2").rest().strip()).isEqualTo("SELECT\n 2");
    assertThat(split(";;\n;").isComplete()).isTrue();
  }

  @Test
  void notAtThoseInStringsNamesAndComments() {
    assertThat(split("INSERT 'a;''b' \"x;y\" $$ ; $$ -- c;\n /* ; */ // ;\n z;").statements())
        .hasSize(1);
    assertThat(split("SELECT 'open;").isComplete()).isFalse();
    assertThat(split("-- only a comment;").isComplete()).isTrue();
    assertThat(split("/* open").isComplete()).isFalse();
  }

  @Test
  void aBatchIsOneStatement() {
    String batch = "BEGIN UNLOGGED BATCH INSERT a; UPDATE b; APPLY BATCH";
    assertThat(split(batch + ";").statements()).containsExactly(batch);
    assertThat(split("BEGIN BATCH INSERT a;").isComplete()).isFalse();
  }

  @Test
  void aCommandEndsWithItsLine() {
    assertThat(split("consistency quorum\nSELECT 1;\nexit").statements())
        .containsExactly("consistency quorum", "SELECT 1", "exit");
    assertThat(split("-- note\nUSE ks").statements()).hasSize(1);
  }
}
