package io.quorate.environment;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A write found no space. What was there before is as it was; what was to be written is not. */
public final class DiskFullException extends IOException {
  private static final long serialVersionUID = 1;

  public DiskFullException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
