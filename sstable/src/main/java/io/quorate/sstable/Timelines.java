package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which writes of an archive were given up by a {@link Restore}. A restore to a time begins a
 * timeline: segments from then on are its own, and of all before only what is not newer than that
 * time belongs to it. So a later restore follows the line that was lived, as PostgreSQL's does by
 * its history files.
 *
 * <pre>
 * TIMELINES := line*, oldest first
 * line      := first segment id, 16 hex digits | ' ' | toMicros, decimal | ' ' | crc32c, 8 hex digits
 *              | '\n'
 * </pre>
 *
 * <p>The CRC covers the line before its last blank.
 */
record Timelines(List<Beginning> beginnings) {
  static final String FILE_NAME = "TIMELINES";
  private static final Pattern LINE =
      Pattern.compile("(([0-9a-f]{16}) (-?[0-9]{1,19})) ([0-9a-f]{8})");

  /**
   * One restore.
   *
   * @param firstSegmentId what was written after it stands in this segment or a later one
   * @param toMicros of earlier segments, mutations with a greater timestamp were given up
   */
  record Beginning(long firstSegmentId, long toMicros) {
    private String line() {
      String what = HexFormat.of().toHexDigits(firstSegmentId) + " " + toMicros;
      return what + " " + crc(what) + "\n";
    }
  }

  Timelines {
    beginnings = List.copyOf(beginnings);
  }

  private static String crc(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().toHexDigits(CommitLogFormat.crc(bytes, 0, bytes.length));
  }

  /**
   * Those of an archive; none when it was never restored from.
   *
   * @throws CorruptFileException when a line is damaged
   */
  static Timelines load(FileSystem files, Path archive) throws IOException {
    Path path = archive.resolve(FILE_NAME);
    List<Beginning> beginnings = new ArrayList<>();
    if (files.exists(path)) {
      for (String line : new String(files.readAll(path), StandardCharsets.UTF_8).lines().toList()) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches() || !crc(matcher.group(1)).equals(matcher.group(4))) {
          throw new CorruptFileException(path, "a line is damaged: " + line);
        }
        beginnings.add(
            new Beginning(
                HexFormat.fromHexDigitsToLong(matcher.group(2)), Long.parseLong(matcher.group(3))));
      }
    }
    return new Timelines(beginnings);
  }

  void store(FileSystem files, Path archive) throws IOException {
    StringBuilder lines = new StringBuilder();
    beginnings.forEach(one -> lines.append(one.line()));
    files.replace(archive.resolve(FILE_NAME), lines.toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * With one more, which takes the place of one after which nothing was written.
   *
   * @param lastSegmentId the last that holds anything
   */
  Timelines beginningAfter(long lastSegmentId, long toMicros) {
    long first = Math.max(lastSegmentId + 1, firstSegmentId());
    List<Beginning> next = new ArrayList<>(beginnings);
    next.removeIf(one -> one.firstSegmentId() == first);
    next.add(new Beginning(first, toMicros));
    return new Timelines(next);
  }

  /** No segment of the last timeline has a lower id. */
  long firstSegmentId() {
    return beginnings.isEmpty() ? 1 : beginnings.getLast().firstSegmentId();
  }

  /** Of a segment, mutations with a greater timestamp are not of the last timeline. */
  long lastMicros(long segmentId) {
    return beginnings.stream()
        .filter(one -> segmentId < one.firstSegmentId())
        .mapToLong(Beginning::toMicros)
        .min()
        .orElse(Long.MAX_VALUE);
  }

  /** Whether all of a mutation is of the last timeline. */
  boolean haveLived(long segmentId, Mutation mutation) {
    return Restore.newestMicros(mutation) <= lastMicros(segmentId);
  }
}
