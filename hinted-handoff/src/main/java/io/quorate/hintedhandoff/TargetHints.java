package io.quorate.hintedhandoff;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The files of one target: delivered from the oldest, written to the youngest. How far the oldest
 * one is delivered is kept beside it when a delivery breaks off:
 *
 * <pre>
 * TARGET.delivered   u64 number of the file | u64 offset | u32 crc32c of both
 * </pre>
 *
 * <p>Losing that file, or finding it damaged, only repeats deliveries.
 *
 * <p>Owned by the {@code hints} thread.
 */
final class TargetHints {
  static final String DELIVERED_SUFFIX = ".delivered";

  /**
   * Hints to deliver, in order.
   *
   * @param hints those that have not expired
   * @param expired how many have
   * @param endOffset behind all of them
   * @param bytes of the mutations
   */
  record Batch(long fileNumber, List<Hint> hints, int expired, long endOffset, long bytes) {}

  private final FileSystem files;
  private final Path directory;
  private final UUID target;
  private final HintQuotas quotas;
  private final ArrayDeque<HintFile> queue = new ArrayDeque<>();
  private @Nullable HintFile writing;
  private long lastNumber;
  private long damagedBytes;

  TargetHints(FileSystem files, Path directory, UUID target, HintQuotas quotas) {
    this.files = files;
    this.directory = directory;
    this.target = target;
    this.quotas = quotas;
  }

  /** Takes in a file of an earlier life. Called in the order of the numbers. */
  void recover(long number) throws IOException {
    lastNumber = Math.max(lastNumber, number);
    Path path = directory.resolve(HintFile.name(target, number));
    long sizeBytes = files.size(path);
    if (sizeBytes == HintFile.HEADER_BYTES) {
      files.delete(path); // nothing was written
      return;
    }
    HintFile file =
        HintFile.recover(files, path, target, number, queue.isEmpty() ? delivered(number) : 0);
    damagedBytes += file.damagedBytes;
    file.close();
    if (file.hints == 0) {
      file.delete();
      return;
    }
    queue.add(file);
    quotas.add(target, file.endOffset);
  }

  private long delivered(long number) throws IOException {
    Path path = deliveredPath();
    if (!files.exists(path)) {
      return 0;
    }
    ByteBuffer bytes = ByteBuffer.wrap(files.readAll(path));
    boolean isGood = bytes.limit() == 20 && bytes.getInt(16) == HintFile.crc(bytes.slice(0, 16));
    return isGood && bytes.getLong(0) == number ? bytes.getLong(8) : 0;
  }

  private Path deliveredPath() {
    return directory.resolve(target + DELIVERED_SUFFIX);
  }

  /** Bytes behind the first damage of the files that were recovered. */
  long damagedBytes() {
    return damagedBytes;
  }

  boolean isEmpty() {
    return queue.isEmpty();
  }

  void append(List<byte[]> mutations, long createdMillis, long expirySeconds, int fileBytes)
      throws IOException {
    HintFile file = writing;
    if (file == null) {
      file = HintFile.create(files, directory, target, ++lastNumber);
      queue.add(file);
      writing = file;
      quotas.add(target, HintFile.HEADER_BYTES);
    }
    file.append(mutations, createdMillis, expirySeconds);
    if (file.endOffset >= fileBytes) {
      seal();
    }
  }

  boolean isDirty() {
    return writing != null && writing.isDirty();
  }

  void sync() throws IOException {
    if (writing != null) {
      writing.sync();
    }
  }

  /** Nothing more is written to the youngest file. */
  void seal() throws IOException {
    HintFile file = writing;
    writing = null;
    if (file != null) {
      file.sync();
      file.close();
    }
  }

  /**
   * After a failure: what the file has is uncertain behind its last sync, so the next one begins.
   */
  void abandonWriting() throws IOException {
    HintFile file = writing;
    writing = null;
    if (file != null) {
      file.close();
    }
  }

  /** The next hints to deliver, or null when there are none. */
  @Nullable Batch next(int maxBytes, long nowSeconds) throws IOException {
    while (!queue.isEmpty()) {
      HintFile oldest = queue.getFirst();
      if (oldest.equals(writing)) {
        seal();
      }
      List<Hint> read = oldest.read(oldest.deliveredOffset, maxBytes);
      if (read.isEmpty()) {
        // Delivered, or damaged since it was written; nothing more can be had from it.
        damagedBytes += Math.max(0, oldest.endOffset - oldest.deliveredOffset);
        remove(oldest);
        continue;
      }
      List<Hint> due = new ArrayList<>();
      long bytes = 0;
      for (Hint hint : read) {
        if (hint.expirySeconds() > nowSeconds) {
          due.add(hint);
          bytes += hint.mutation().length;
        }
      }
      return new Batch(
          oldest.number, due, read.size() - due.size(), read.getLast().endOffset(), bytes);
    }
    return null;
  }

  /** The first {@code count} hints of a file, up to {@code offset}, need no delivery any more. */
  void deliveredTo(long fileNumber, long offset, long count) throws IOException {
    HintFile oldest = queue.peekFirst();
    if (oldest == null || oldest.number != fileNumber || offset <= oldest.deliveredOffset) {
      return; // truncated meanwhile
    }
    oldest.deliveredOffset = offset;
    oldest.hints = Math.max(0, oldest.hints - count);
    if (offset >= oldest.endOffset && !oldest.equals(writing)) {
      remove(oldest);
    }
  }

  private void remove(HintFile oldest) throws IOException {
    queue.removeFirst();
    quotas.add(target, -oldest.endOffset);
    // First the note on it: numbers begin anew when no file is left.
    if (files.exists(deliveredPath())) {
      files.delete(deliveredPath());
    }
    oldest.delete();
    files.syncDirectory(directory);
  }

  /** Writes down how far the oldest file is delivered. */
  void checkpoint() throws IOException {
    HintFile oldest = queue.peekFirst();
    if (oldest == null) {
      return;
    }
    if (oldest.equals(writing)) {
      return; // nothing of it has been delivered
    }
    oldest.close();
    ByteBuffer out = ByteBuffer.allocate(20).putLong(oldest.number);
    out.putLong(oldest.deliveredOffset);
    out.putInt(HintFile.crc(out.slice(0, 16)));
    files.replace(deliveredPath(), out.array());
  }

  /** Throws all hints away; how many there were. */
  long truncate() throws IOException {
    long count = 0;
    writing = null;
    while (!queue.isEmpty()) {
      count += queue.getFirst().hints;
      remove(queue.getFirst());
    }
    return count;
  }

  void close() throws IOException {
    seal();
    for (HintFile file : queue) {
      file.close();
    }
  }

  HintStats.Target stats() {
    long hints = 0;
    long bytes = 0;
    long oldestMillis = 0;
    for (HintFile file : queue) {
      hints += file.hints;
      bytes += file.endOffset - file.deliveredOffset;
      oldestMillis = oldestMillis == 0 ? file.oldestMillis : oldestMillis;
    }
    return new HintStats.Target(target, hints, bytes, queue.size(), oldestMillis);
  }
}
