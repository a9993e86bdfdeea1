package io.quorate.tools.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Cuts text into statements at semicolons, but not at those in strings, quoted names, comments or
 * the middle of a batch. A command of the shell itself ends with its line.
 */
final class StatementSplitter {
  /** Commands that need no semicolon. */
  static final Set<String> COMMANDS =
      Set.of(
          "EXIT",
          "QUIT",
          "HELP",
          "?",
          "CLEAR",
          "CLS",
          "CONSISTENCY",
          "EXPAND",
          "PAGING",
          "SOURCE",
          "DESCRIBE",
          "DESC",
          "USE",
          "FORMAT");

  /**
   * What a text has in it.
   *
   * @param statements without their semicolons
   * @param rest what is not complete yet; blank when nothing is open
   */
  record Split(List<String> statements, String rest) {
    boolean isComplete() {
      return rest.isBlank();
    }
  }

  private StatementSplitter() {}

  static Split split(String text) {
    List<String> statements = new ArrayList<>();
    int begin = 0;
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == ';' || (c == '\n' && isCommand(text.substring(begin, at)))) {
        String statement = text.substring(begin, at);
        if (c == '\n' || !isOpenBatch(statement)) {
          add(statement, statements);
          begin = at + 1;
        }
        at++;
      } else {
        at = afterToken(text, at);
      }
      if (at < 0) {
        return new Split(statements, text.substring(begin));
      }
    }
    String rest = text.substring(begin);
    if (isCommand(rest) || withoutComments(rest).isBlank()) {
      add(rest, statements);
      rest = "";
    }
    return new Split(statements, rest);
  }

  private static void add(String statement, List<String> statements) {
    if (!withoutComments(statement).isBlank()) {
      statements.add(statement.strip());
    }
  }

  /** The position after the string, comment or character here; -1 when it has no end. */
  private static int afterToken(String text, int at) {
    char c = text.charAt(at);
    if (c == '\'' || c == '"') {
      int end = text.indexOf(c, at + 1);
      return end < 0 ? -1 : end + 1;
    }
    if (text.startsWith("$$", at)) {
      int end = text.indexOf("$$", at + 2);
      return end < 0 ? -1 : end + 2;
    }
    if (text.startsWith("--", at) || text.startsWith("//", at)) {
      int end = text.indexOf('\n', at);
      return end < 0 ? text.length() : end;
    }
    if (text.startsWith("/*", at)) {
      int end = text.indexOf("*/", at + 2);
      return end < 0 ? -1 : end + 2;
    }
    return at + 1;
  }

  /** The first words decide, and comments before them do not count. */
  static String withoutComments(String text) {
    StringBuilder out = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      int next = afterToken(text, at);
      boolean comment =
          text.startsWith("--", at) || text.startsWith("//", at) || text.startsWith("/*", at);
      int end = next < 0 ? text.length() : next;
      out.append(comment ? " " : text.substring(at, end));
      at = end;
    }
    return out.toString();
  }

  private static boolean isCommand(String text) {
    return COMMANDS.contains(firstWord(text));
  }

  static String firstWord(String text) {
    String[] words = withoutComments(text).strip().split("\\s+", 2);
    return words[0].toUpperCase(Locale.ROOT);
  }

  private static boolean isOpenBatch(String text) {
    String statement = withoutComments(text).strip().toUpperCase(Locale.ROOT);
    return statement.matches("(?s)BEGIN\\s.*") && !statement.matches("(?s).*APPLY\\s+BATCH");
  }
}
