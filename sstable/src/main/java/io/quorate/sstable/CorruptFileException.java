package io.quorate.sstable;

import java.io.IOException;
import java.nio.file.Path;

/** A file's bytes are not what was written. What stood in it must not be answered for. */
public final class CorruptFileException extends IOException {
  private static final long serialVersionUID = 1;

  private final String file;

  public CorruptFileException(Path file, String reason) {
    super(file + " is corrupt: " + reason);
    this.file = file.toString();
  }

  public Path file() {
    return Path.of(file);
  }
}
