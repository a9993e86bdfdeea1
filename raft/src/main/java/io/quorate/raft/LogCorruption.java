package io.quorate.raft;

import java.io.IOException;

/**
 * What is on disk cannot be what was written and synced. The member does not start on it: with a
 * part of its log forgotten it could vote or count against what it promised.
 */
public final class LogCorruption extends IOException {
  private static final long serialVersionUID = 1;

  LogCorruption(String message) {
    super(message);
  }
}
