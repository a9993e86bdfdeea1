package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gives each new SSTable its number. A number is not given again while a file of it is in a table's
 * directory or put aside: or what was put aside long ago would pass for what is damaged now. Safe
 * for concurrent use.
 */
final class SSTableNumbers {
  /** {@code 12.sst} of a table, {@code <table id>-12.sst} and {@code ….scrubbed} put aside. */
  private static final Pattern FILE = Pattern.compile("(?:.*-)?(\\d{1,18})\\.sst(?:\\.scrubbed)?");

  private final AtomicLong next = new AtomicLong(1);

  long next() {
    return next.getAndIncrement();
  }

  /** Leaves out the numbers of all files in a directory. */
  void leaveOutThoseIn(FileSystem files, Path directory) throws IOException {
    for (String name : files.list(directory)) {
      Matcher matcher = FILE.matcher(name);
      if (matcher.matches()) {
        leaveOut(Long.parseLong(matcher.group(1)));
      }
    }
  }

  void leaveOut(long number) {
    next.accumulateAndGet(number + 1, Math::max);
  }
}
