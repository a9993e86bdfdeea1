package io.quorate.client;

/**
 * No node answered: none could be reached, the connection broke, or time ran out. Whether a write
 * took effect is then unknown.
 */
public final class ConnectionError extends RuntimeException {
  private static final long serialVersionUID = 1;

  ConnectionError(String message) {
    super(message);
  }

  ConnectionError(String message, Throwable cause) {
    super(message, cause);
  }
}
