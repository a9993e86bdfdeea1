package io.quorate.cql.parser;

import io.quorate.cql.parser.CqlParser.QueryContext;
import java.util.List;
import org.antlr.v4.runtime.BailErrorStrategy;
import org.antlr.v4.runtime.BaseErrorListener;
import org.antlr.v4.runtime.CharStreams;
import org.antlr.v4.runtime.CommonTokenStream;
import org.antlr.v4.runtime.DefaultErrorStrategy;
import org.antlr.v4.runtime.ParserRuleContext;
import org.antlr.v4.runtime.RecognitionException;
import org.antlr.v4.runtime.Recognizer;
import org.antlr.v4.runtime.Token;
import org.antlr.v4.runtime.atn.PredictionMode;
import org.antlr.v4.runtime.misc.ParseCancellationException;
import org.antlr.v4.runtime.tree.ErrorNode;
import org.antlr.v4.runtime.tree.ParseTreeListener;
import org.antlr.v4.runtime.tree.TerminalNode;
import org.jspecify.annotations.Nullable;

/** Reads CQL. Stateless, safe for concurrent use. */
public final class CqlText {
  private CqlText() {}

  /** Deeper nesting would take the parser's stack. */
  private static final int MAX_NESTING = 200;

  /** Rules within rules: what nests without brackets, such as a cast of a cast, nests in these. */
  private static final int MAX_RULE_DEPTH = 1_000;

  /** Tokens shown before the one that is wrong. */
  private static final int CONTEXT_TOKENS = 8;

  /**
   * A statement with its markers.
   *
   * @param markerCount question marks and names, counted in the order of the text
   */
  public record Parsed(Statement statement, int markerCount) {}

  /**
   * Reads one statement.
   *
   * @throws SyntaxException in the words of Cassandra
   */
  public static Parsed parse(String text) {
    CqlLexer lexer = new CqlLexer(CharStreams.fromString(text));
    lexer.removeErrorListeners();
    CommonTokenStream tokens = new CommonTokenStream(lexer);
    tokens.fill();
    checkNesting(tokens.getTokens());
    QueryContext query = query(tokens);
    TermBuilder terms = new TermBuilder(query);
    return new Parsed(
        new StatementBuilder(terms).statement(query.statement()), terms.markerCount());
  }

  /**
   * Parses in two stages, as ANTLR's manual advises: the quick prediction is right for nearly every
   * text, and where it fails the full one decides, and words the error.
   */
  private static QueryContext query(CommonTokenStream tokens) {
    CqlParser parser = new CqlParser(tokens);
    parser.removeErrorListeners();
    parser.addParseListener(new RuleDepth());
    parser.setErrorHandler(new BailErrorStrategy());
    parser.getInterpreter().setPredictionMode(PredictionMode.SLL);
    try {
      return parser.query();
    } catch (ParseCancellationException quickFailed) {
      tokens.seek(0);
      parser.reset();
      parser.removeParseListeners();
      parser.addParseListener(new RuleDepth());
      parser.addErrorListener(new FirstError(tokens));
      parser.setErrorHandler(new DefaultErrorStrategy());
      parser.getInterpreter().setPredictionMode(PredictionMode.LL);
      return parser.query();
    }
  }

  private static void checkNesting(List<Token> tokens) {
    int depth = 0;
    for (Token token : tokens) {
      switch (token.getText()) {
        case "(", "[", "{", "<" -> depth++;
        case ")", "]", "}", ">" -> depth--;
        default -> {}
      }
      if (depth > MAX_NESTING) {
        throw new SyntaxException(position(token) + " nested deeper than " + MAX_NESTING);
      }
    }
  }

  private static String position(Token token) {
    return "line " + token.getLine() + ":" + token.getCharPositionInLine();
  }

  /** Ends a parse whose tree grows so deep that walking it would take the stack. */
  private static final class RuleDepth implements ParseTreeListener {
    private int depth;
    private int chained;

    @Override
    public void enterEveryRule(ParserRuleContext rule) {
      depth++;
      if (rule.getChildCount() > 0) {
        // A left-recursive rule took what it had parsed as its first child: `a.b` in `a.b.c`. It
        // left the child before, so depth does not see it. A statement has few: count them all.
        chained++;
      }
      if (depth + chained > MAX_RULE_DEPTH) {
        throw new SyntaxException(
            position(rule.getStart()) + " nested deeper than " + MAX_RULE_DEPTH + " rules");
      }
    }

    @Override
    public void exitEveryRule(ParserRuleContext rule) {
      depth--;
    }

    @Override
    public void visitTerminal(TerminalNode node) {}

    @Override
    public void visitErrorNode(ErrorNode node) {}
  }

  /** Turns the first error into an exception. */
  private static final class FirstError extends BaseErrorListener {
    private final CommonTokenStream tokens;

    FirstError(CommonTokenStream tokens) {
      this.tokens = tokens;
    }

    @Override
    public void syntaxError(
        Recognizer<?, ?> recognizer,
        @Nullable Object symbol,
        int line,
        int column,
        String message,
        @Nullable RecognitionException error) {
      Token token = symbol instanceof Token wrong ? wrong : tokens.get(tokens.size() - 1);
      throw new SyntaxException(
          "line "
              + line
              + ":"
              + column
              + " no viable alternative at input '"
              + token.getText()
              + "' ("
              + context(token)
              + ")");
    }

    private String context(Token wrong) {
      int at = wrong.getTokenIndex();
      int from = Math.max(0, at - CONTEXT_TOKENS);
      StringBuilder text = new StringBuilder(from > 0 ? "..." : "");
      for (int i = from; i < at; i++) {
        text.append(tokens.get(i).getText()).append(' ');
      }
      text.append('[').append(wrong.getText()).append(']');
      return text.append(at < tokens.size() - 2 ? "..." : "").toString();
    }
  }
}
