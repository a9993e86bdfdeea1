package io.quorate.tools.shell;

import io.quorate.client.ConnectionError;
import io.quorate.client.RequestError;
import io.quorate.client.SessionConfig;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.HostPort;
import io.quorate.tools.Quorate;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quorate shell}. */
@Command(
    name = "shell",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Runs CQL, typed or from a file, a pipe or an option.",
      "Asks the one node that it is pointed to; a script stops at the first error."
    })
public final class ShellCommand implements Callable<Integer> {
  private static final int DEFAULT_PORT = 9042;

  @Parameters(
      arity = "0..1",
      paramLabel = "HOST[:PORT]",
      description = "the node to ask (default: ${DEFAULT-VALUE})")
  private String node = "127.0.0.1:9042";

  @Option(
      names = {"-e", "--execute"},
      paramLabel = "CQL",
      description = "runs these statements and ends")
  private @Nullable String cql;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "runs the statements of this file and ends")
  private @Nullable Path file;

  @Option(
      names = {"-k", "--keyspace"},
      description = "names without a keyspace are of this one")
  private @Nullable String keyspace;

  @Option(names = "--format", description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private ResultFormat format = ResultFormat.TABLE;

  @Option(
      names = "--consistency",
      paramLabel = "LEVEL",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private ConsistencyLevel consistency = ConsistencyLevel.ONE;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "of one statement (default: ${DEFAULT-VALUE})")
  private int timeoutSeconds = 20;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    SessionConfig config =
        SessionConfig.of(HostPort.parse(node, DEFAULT_PORT))
            .withRequestTimeout(Duration.ofSeconds(timeoutSeconds))
            .withOnlyContactPoints();
    if (keyspace != null) {
      config = config.withKeyspace(keyspace);
    }
    boolean typed = cql == null && file == null && isTerminal();
    if (typed) {
      type(config);
    } else {
      try (Interpreter interpreter =
          new Interpreter(config, consistency, format, spec.commandLine().getOut(), () -> true)) {
        interpreter.runAll(script());
      }
    }
    return 0;
  }

  private static boolean isTerminal() {
    return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
  }

  private String script() {
    if (cql != null) {
      return cql;
    }
    try {
      return file != null
          ? Files.readString(file)
          : new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new CommandFailed("cannot read " + (file == null ? "standard input" : file), e);
    }
  }

  private void type(SessionConfig config) throws IOException {
    try (Terminal terminal = TerminalBuilder.builder().system(true).build()) {
      PrintWriter out = terminal.writer();
      LineReader reader = reader(terminal, null);
      try (Interpreter interpreter =
          new Interpreter(config, consistency, format, out, () -> wantsMore(reader))) {
        LineReader typed = reader(terminal, interpreter);
        out.println("Quorate shell at " + node + ". HELP tells more; EXIT ends.");
        while (!interpreter.hasEnded()) {
          try {
            String keyspaceNow = interpreter.keyspace();
            String prompt = keyspaceNow == null ? "cql> " : "cql:" + keyspaceNow + "> ";
            interpreter.runAll(typed.readLine(prompt));
          } catch (UserInterruptException e) {
            continue; // Ctrl-C drops what was typed
          } catch (EndOfFileException e) {
            return;
          } catch (RequestError | ConnectionError | CommandFailed e) {
            out.println(Quorate.describe(e));
          }
          out.flush();
        }
      }
    }
  }

  private static boolean wantsMore(LineReader reader) {
    try {
      return !reader.readLine("--- Enter for more, q to stop ---").strip().equals("q");
    } catch (UserInterruptException | EndOfFileException e) {
      return false;
    }
  }

  /** A reader of statements; without an interpreter, of plain lines. */
  private static LineReader reader(Terminal terminal, @Nullable Interpreter interpreter) {
    LineReaderBuilder builder = LineReaderBuilder.builder().terminal(terminal).appName("quorate");
    if (interpreter != null) {
      builder
          .parser(new StatementParser())
          .completer(new Completions(interpreter))
          .variable(LineReader.SECONDARY_PROMPT_PATTERN, "...> ")
          .variable(
              LineReader.HISTORY_FILE,
              Path.of(System.getProperty("user.home", "."), ".quorate_history"))
          .option(LineReader.Option.CASE_INSENSITIVE, true)
          .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true);
    }
    return builder.build();
  }

  /** Asks for another line until a statement is complete. */
  private static final class StatementParser implements Parser {
    private final DefaultParser words =
        new DefaultParser().quoteChars(new char[0]).escapeChars(new char[0]);

    @Override
    public ParsedLine parse(String line, int cursor, ParseContext context) {
      if (context == ParseContext.ACCEPT_LINE && !StatementSplitter.split(line).isComplete()) {
        throw new EOFError(-1, -1, "the statement has no semicolon yet");
      }
      return words.parse(line, cursor, ParseContext.COMPLETE);
    }
  }
}
