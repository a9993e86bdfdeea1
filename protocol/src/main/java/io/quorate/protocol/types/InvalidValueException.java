package io.quorate.protocol.types;

/** Bytes, text or an object that is no value of the type asked for. The message is for a user. */
public final class InvalidValueException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public InvalidValueException(String message) {
    super(message);
  }

  public InvalidValueException(String message, Throwable cause) {
    super(message, cause);
  }
}
