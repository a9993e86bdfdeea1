package io.quorate.tools.shell;

import io.quorate.client.ResultPage;
import io.quorate.client.Row;
import io.quorate.client.Session;
import io.quorate.client.SessionConfig;
import io.quorate.client.Statement;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.tools.CommandFailed;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs statements, and the commands of the shell itself. Holds what those commands set. Used by one
 * thread.
 */
final class Interpreter implements AutoCloseable {
  private static final int MOST_SOURCES = 16;

  private final PrintWriter out;
  private final BooleanSupplier wantsMore;
  private SessionConfig config;
  private Session session;
  private @Nullable String keyspace;
  private ConsistencyLevel consistency;
  private ResultFormat format;
  private boolean expanded;
  private int pageSize = 100;
  private int sourceDepth;
  private boolean ended;

  /**
   * @param wantsMore asked between two pages whether to go on
   */
  Interpreter(
      SessionConfig config,
      ConsistencyLevel consistency,
      ResultFormat format,
      PrintWriter out,
      BooleanSupplier wantsMore) {
    this.config = config;
    this.session = Session.connect(config);
    this.keyspace = config.keyspace();
    this.consistency = consistency;
    this.format = format;
    this.out = out;
    this.wantsMore = wantsMore;
  }

  /** Whether EXIT was given. */
  boolean hasEnded() {
    return ended;
  }

  @Nullable String keyspace() {
    return keyspace;
  }

  Session session() {
    return session;
  }

  /** Runs all statements of a text. The last may lack its semicolon. */
  void runAll(String text) {
    StatementSplitter.Split split = StatementSplitter.split(text);
    for (String statement : split.statements()) {
      run(statement);
      if (ended) {
        return;
      }
    }
    if (!split.isComplete()) {
      run(split.rest().strip());
    }
  }

  /** Runs one statement or command, without its semicolon. */
  void run(String statement) {
    String plain = StatementSplitter.withoutComments(statement).strip();
    String[] words = plain.split("\\s+");
    switch (words[0].toUpperCase(Locale.ROOT)) {
      case "EXIT", "QUIT" -> ended = true;
      case "HELP", "?" -> out.print(HELP);
      case "CLEAR", "CLS" -> out.print("\u001b[H\u001b[2J");
      case "CONSISTENCY" -> consistency(words);
      case "EXPAND" -> expanded = onOrOff(words, expanded);
      case "PAGING" -> paging(words);
      case "FORMAT" -> format(words);
      case "SOURCE" -> source(plain);
      case "USE" -> use(plain, words);
      default -> query(statement);
    }
    out.flush();
  }

  private void consistency(String[] words) {
    if (words.length > 1) {
      consistency = level(words[1]);
    }
    out.println("consistency level is " + consistency);
  }

  static ConsistencyLevel level(String name) {
    try {
      return ConsistencyLevel.valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new CommandFailed(
          "'" + name + "' is no consistency level: " + List.of(ConsistencyLevel.values()), e);
    }
  }

  private boolean onOrOff(String[] words, boolean now) {
    boolean on =
        words.length < 2
            ? now
            : switch (words[1].toUpperCase(Locale.ROOT)) {
              case "ON" -> true;
              case "OFF" -> false;
              default -> throw new CommandFailed(words[0] + " takes ON or OFF");
            };
    out.println(words[0].toLowerCase(Locale.ROOT) + " is " + (on ? "on" : "off"));
    return on;
  }

  private void paging(String[] words) {
    if (words.length > 1 && words[1].matches("\\d{1,6}")) {
      pageSize = Math.max(1, Integer.parseInt(words[1]));
    } else if (words.length > 1) {
      pageSize = onOrOff(words, pageSize > 0) ? 100 : -1;
      return;
    }
    out.println(pageSize > 0 ? "pages have " + pageSize + " rows" : "paging is off");
  }

  private void format(String[] words) {
    if (words.length > 1) {
      try {
        format = ResultFormat.valueOf(words[1].toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException e) {
        throw new CommandFailed("FORMAT takes TABLE, JSON or CSV", e);
      }
    }
    out.println("format is " + format.name().toLowerCase(Locale.ROOT));
  }

  private void source(String plain) {
    String file = plain.substring("SOURCE".length()).strip().replaceAll("^['\"]|['\"]$", "");
    if (file.isEmpty()) {
      throw new CommandFailed("SOURCE takes a file");
    }
    if (sourceDepth == MOST_SOURCES) {
      throw new CommandFailed("SOURCE goes " + MOST_SOURCES + " files deep: a file names itself?");
    }
    sourceDepth++;
    try {
      runAll(Files.readString(Path.of(file)));
    } catch (IOException e) {
      throw new CommandFailed("cannot read " + file, e);
    } finally {
      sourceDepth--;
    }
  }

  /** A keyspace belongs to a connection: the session is made anew, and the old one goes. */
  private void use(String plain, String[] words) {
    if (words.length != 2) {
      throw new CommandFailed("USE takes the name of a keyspace");
    }
    String name = plain.substring(3).strip();
    SessionConfig next = config.withKeyspace(name);
    Session opened = Session.connect(next);
    session.close();
    session = opened;
    config = next;
    keyspace = name;
  }

  private void query(String statement) {
    Statement query = Statement.of(statement).withConsistency(consistency).withPageSize(pageSize);
    ResultPage page = session.execute(query);
    List<ColumnSpec> columns = page.columns();
    if (columns.stream().anyMatch(column -> column.name().equals("create_statement"))) {
      describe(page);
      return;
    }
    long count = 0;
    boolean first = true;
    while (true) {
      if (expanded && format == ResultFormat.TABLE) {
        ResultFormat.expanded(columns, page.rows(), count, out);
      } else {
        format.page(columns, page.rows(), first, out);
      }
      first = false;
      count += page.rows().size();
      byte[] next = page.pagingState();
      if (next == null || !wantsMore.getAsBoolean()) {
        break;
      }
      page = session.execute(query.withPagingState(next));
    }
    format.end(columns, count, out);
    page.warnings().forEach(warning -> out.println("warning: " + warning));
  }

  /** What DESCRIBE brings is meant to be read and run again, not framed. */
  private void describe(ResultPage page) {
    for (Row row : page) {
      out.println(row.string("create_statement"));
      out.println();
    }
  }

  @Override
  public void close() {
    session.close();
  }

  private static final String HELP =
      """
      Statements are CQL and end with a semicolon. Commands of the shell:
        CONSISTENCY [LEVEL]   the level of statements that follow
        DESCRIBE ...          CLUSTER, KEYSPACES, TABLES, KEYSPACE name, TABLE name, SCHEMA
        USE keyspace          names without a keyspace are of this one
        SOURCE 'file'         runs the statements of a file
        EXPAND ON|OFF         a value a line, for wide rows
        PAGING ON|OFF|rows    how many rows to fetch at a time
        FORMAT TABLE|JSON|CSV
        CLEAR · HELP · EXIT
      """;
}
