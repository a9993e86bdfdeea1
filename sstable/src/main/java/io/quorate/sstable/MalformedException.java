package io.quorate.sstable;

/**
 * Bytes that should be a mutation, a fragment or a row are not; the message says what and where.
 */
public final class MalformedException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public MalformedException(String message) {
    super(message);
  }
}
