package io.quorate.node;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;

/** Why a file could not be used, for the operator: the platform's exceptions often name it only. */
final class FileFailure {
  private FileFailure() {}

  /** One line. */
  static String describe(IOException failure) {
    return switch (failure) {
      case NoSuchFileException e -> e.getFile() + " does not exist";
      case AccessDeniedException e -> e.getFile() + ": permission denied";
      case FileAlreadyExistsException e -> e.getFile() + " is in the way: it is no directory";
      case NotDirectoryException e -> e.getFile() + " is no directory";
      case FileSystemException e when e.getReason() == null -> e.getFile() + ": " + name(e);
      default -> messageOf(failure);
    };
  }

  private static String messageOf(IOException failure) {
    @Nullable String message = failure.getMessage();
    return message == null ? name(failure) : message.lines().findFirst().orElse("");
  }

  private static String name(IOException failure) {
    return failure.getClass().getSimpleName();
  }
}
