package io.quorate.protocol;

/** What the peer sent is not a message of the native protocol. Answered with a protocol error. */
public final class ProtocolException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public ProtocolException(String message) {
    super(message);
  }

  public ProtocolException(String message, Throwable cause) {
    super(message, cause);
  }
}
