package io.quorate.protocol.types;

/** A text that names no type, or a type that cannot be built. The message is fit for a user. */
public final class InvalidTypeException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public InvalidTypeException(String message) {
    super(message);
  }
}
