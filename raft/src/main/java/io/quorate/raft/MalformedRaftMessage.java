package io.quorate.raft;

/** Bytes that are no message: cut short, altered, or of an unknown version. */
public final class MalformedRaftMessage extends Exception {
  private static final long serialVersionUID = 1;

  MalformedRaftMessage(String message) {
    super(message);
  }
}
