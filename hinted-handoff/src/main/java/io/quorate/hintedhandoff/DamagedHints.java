package io.quorate.hintedhandoff;

import java.io.IOException;

/** A file is no whole file of hints, which is something else than a disk that does not answer. */
final class DamagedHints extends IOException {
  private static final long serialVersionUID = 1;

  DamagedHints(String message) {
    super(message);
  }
}
