package io.quorate.node;

/** Why a node does not start, in one line for the operator. */
public final class StartupException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public StartupException(String message) {
    super(message);
  }
}
