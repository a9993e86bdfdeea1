package io.quorate.node;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which pieces of a transition are here already, in {@code data/streaming-NUMBER}. A file that is
 * damaged, or of another transition, counts as none: what is fetched twice changes nothing.
 *
 * <pre>
 * File := number of the transition | '\n' | (name of a piece | '\n')* | crc32c of all before, hex
 * </pre>
 */
final class StreamingLog {
  private static final Logger log = LoggerFactory.getLogger(StreamingLog.class);
  private static final String NAME = "streaming-";

  private final FileSystem files;
  private final Executor background;
  private final Path file;
  private final long transition;
  private final Set<String> done = new LinkedHashSet<>();

  private StreamingLog(FileSystem files, Executor background, Path file, long transition) {
    this.files = files;
    this.background = background;
    this.file = file;
    this.transition = transition;
  }

  /** The name of the file of a transition. */
  static String name(long transition) {
    return NAME + transition;
  }

  /**
   * Deletes the files of transitions that are over.
   *
   * @param epoch of the metadata that say which are under way: of later ones they know nothing
   */
  static void forgetAllBut(
      FileSystem files,
      Executor background,
      Path directory,
      long epoch,
      Collection<Long> underWay) {
    background.execute(() -> {
      try {
        for (String file : files.list(directory)) {
          Long number = number(file);
          if (number != null && number <= epoch && !underWay.contains(number)) {
            files.delete(directory.resolve(file));
          }
        }
      } catch (IOException e) {
        log.warn("what was noted of fetched rows cannot be deleted: {}", e.getMessage());
      }
    });
  }

  private static @Nullable Long number(String file) {
    try {
      return file.startsWith(NAME) ? Long.valueOf(file.substring(NAME.length())) : null;
    } catch (NumberFormatException e) {
      return null; // not one of these
    }
  }

  /** Reads what an earlier life of the node has done for a transition. */
  static StreamingLog open(FileSystem files, Executor background, Path file, long transition) {
    StreamingLog opened = new StreamingLog(files, background, file, transition);
    try {
      if (files.exists(file)) {
        opened.read(new String(files.readAll(file), StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      log.warn("{} cannot be read, everything is fetched anew: {}", file, e.getMessage());
    }
    return opened;
  }

  private void read(String text) {
    int end = text.lastIndexOf('\n') + 1;
    String body = text.substring(0, end);
    if (!checksum(body).equals(text.substring(end))) {
      log.warn("{} is damaged, everything is fetched anew", file);
      return;
    }
    String[] lines = body.split("\n", -1);
    if (lines[0].equals(Long.toString(transition))) {
      for (int i = 1; i < lines.length - 1; i++) {
        done.add(lines[i]);
      }
    }
  }

  private static String checksum(String body) {
    CRC32C crc = new CRC32C();
    crc.update(body.getBytes(StandardCharsets.UTF_8));
    return Long.toHexString(crc.getValue());
  }

  Set<String> done() {
    return Set.copyOf(done);
  }

  /** A piece is here. Not being able to note it costs fetching it again, no more. */
  void add(String piece) {
    done.add(piece);
    String body = transition + "\n" + String.join("\n", done) + "\n";
    background.execute(() -> {
      try {
        files.replace(file, (body + checksum(body)).getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        log.warn("cannot note what was fetched: {}", e.getMessage());
      }
    });
  }
}
