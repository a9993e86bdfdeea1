package io.quorate.cql.parser;

/** A text that is no CQL. The message says where and at what. */
public final class SyntaxException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public SyntaxException(String message) {
    super(message);
  }
}
