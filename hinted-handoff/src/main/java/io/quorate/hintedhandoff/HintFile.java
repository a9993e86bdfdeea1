package io.quorate.hintedhandoff;

import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One file of hints for one target.
 *
 * <pre>
 * name      TARGET-NUMBER.hints, delivered in the order of numbers
 * file      header | hint*
 * header    u32 magic "QRHF" | u16 version = 1 | u16 0 | u64 target most | u64 target least
 *           | u32 crc32c of all before it
 * hint      u32 crc32c of the rest | u32 length of the mutation | u64 created, wall milliseconds
 *           | u64 expiry, wall seconds | mutation
 * </pre>
 *
 * <p>After a crash the bytes that were not synced may be torn anywhere; all synced bytes lie before
 * them. A hint that fails its checksum is passed over: the next good one is looked for behind it.
 *
 * <p>Owned by the {@code hints} thread.
 */
final class HintFile {
  static final int MAGIC = 0x51524846;
  static final int VERSION = 1;
  static final int HEADER_BYTES = 28;
  static final int HINT_HEADER_BYTES = 24;
  static final String SUFFIX = ".hints";

  /** What a name ends in until the header is on disk. */
  static final String STAGED = ".new";

  private final FileSystem files;
  final Path path;
  final long number;

  private @Nullable StoredFile open;
  private boolean isDirty;

  /** End of what can be read. */
  long endOffset;

  /** Of the file as it was found: what is neither delivered nor good. */
  long damagedBytes;

  /** Everything before it has been delivered. */
  long deliveredOffset = HEADER_BYTES;

  /** Hints that have not been delivered. */
  long hints;

  /** When the first hint was made; 0 when there is none. */
  long oldestMillis;

  private HintFile(FileSystem files, Path path, long number) {
    this.files = files;
    this.path = path;
    this.number = number;
  }

  static String name(UUID target, long number) {
    return target + "-" + String.format(Locale.ROOT, "%010d", number) + SUFFIX;
  }

  static HintFile create(FileSystem files, Path directory, UUID target, long number)
      throws IOException {
    HintFile file = new HintFile(files, directory.resolve(name(target, number)), number);
    Path staged = directory.resolve(name(target, number) + STAGED);
    StoredFile created = files.open(staged, Mode.CREATE);
    file.open = created;
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    header.putInt(MAGIC).putShort((short) VERSION).putShort((short) 0);
    header.putLong(target.getMostSignificantBits()).putLong(target.getLeastSignificantBits());
    header.putInt(crc(header.duplicate().flip()));
    try {
      created.write(header.flip(), 0);
      // A file of this name has its whole header: one that has not was damaged later.
      created.sync();
      files.rename(staged, file.path);
      files.syncDirectory(directory);
    } catch (IOException e) {
      file.discard(List.of(staged, file.path), e);
      throw e;
    }
    file.endOffset = HEADER_BYTES;
    return file;
  }

  private void discard(List<Path> names, IOException cause) {
    try {
      close();
      for (Path name : names) {
        if (files.exists(name)) {
          files.delete(name);
        }
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /**
   * Opens a file of an earlier life, read-only, and looks how much of it is good.
   *
   * @throws DamagedHints when it is no hint file, with what is wrong with it
   */
  static HintFile recover(FileSystem files, Path path, UUID target, long number, long delivered)
      throws IOException {
    HintFile file = new HintFile(files, path, number);
    StoredFile opened = files.open(path, Mode.READ);
    file.open = opened;
    try {
      file.checkHeader(opened, target);
      file.endOffset = opened.size();
      file.deliveredOffset = Math.clamp(delivered, HEADER_BYTES, file.endOffset);
      file.scan();
    } catch (IOException e) {
      file.close();
      throw e;
    }
    return file;
  }

  private void checkHeader(StoredFile opened, UUID target) throws IOException {
    if (opened.size() < HEADER_BYTES) {
      throw new DamagedHints(path + " ends within its header");
    }
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    opened.readFully(header, 0);
    header.flip();
    int crc = crc(header.slice(0, HEADER_BYTES - 4));
    boolean isOurs = header.getInt() == MAGIC && header.getInt(HEADER_BYTES - 4) == crc;
    int version = header.getShort();
    header.getShort();
    UUID named = new UUID(header.getLong(), header.getLong());
    if (!isOurs || version != VERSION || !named.equals(target)) {
      throw new DamagedHints(path + " is damaged, of another version, or of another target");
    }
  }

  private void scan() throws IOException {
    long good = deliveredOffset;
    long soundBytes = 0;
    List<Hint> batch = read(good, 1 << 20);
    while (!batch.isEmpty()) {
      oldestMillis = oldestMillis == 0 ? batch.getFirst().createdMillis() : oldestMillis;
      hints += batch.size();
      good = batch.getLast().endOffset();
      for (Hint hint : batch) {
        soundBytes += sizeBytes(hint.mutation());
      }
      batch = read(good, 1 << 20);
    }
    damagedBytes = endOffset - deliveredOffset - soundBytes;
    endOffset = good;
  }

  static long sizeBytes(byte[] mutation) {
    return HINT_HEADER_BYTES + (long) mutation.length;
  }

  /** Writes hints behind each other, all of one creation time, in one disk operation. */
  void append(List<byte[]> mutations, long createdMillis, long expirySeconds) throws IOException {
    int bytes = 0;
    for (byte[] mutation : mutations) {
      bytes = Math.addExact(bytes, Math.toIntExact(sizeBytes(mutation)));
    }
    ByteBuffer out = ByteBuffer.allocate(bytes);
    for (byte[] mutation : mutations) {
      int start = out.position();
      out.putInt(0).putInt(mutation.length).putLong(createdMillis).putLong(expirySeconds);
      out.put(mutation);
      out.putInt(start, crc(out.slice(start + 4, out.position() - start - 4)));
    }
    opened().write(out.flip(), endOffset);
    isDirty = true;
    endOffset += bytes;
    hints += mutations.size();
    oldestMillis = oldestMillis == 0 ? createdMillis : oldestMillis;
  }

  boolean isDirty() {
    return isDirty;
  }

  void sync() throws IOException {
    if (isDirty) {
      opened().sync();
      isDirty = false;
    }
  }

  /** Good hints from an offset on, about {@code maxBytes} of them, at least one if there is one. */
  List<Hint> read(long from, int maxBytes) throws IOException {
    List<Hint> hints = readUpToDamage(from, maxBytes);
    if (hints.isEmpty() && endOffset - from >= HINT_HEADER_BYTES) {
      long next = nextGood(from + 1);
      return next < 0 ? hints : readUpToDamage(next, maxBytes);
    }
    return hints;
  }

  /** Where the next hint stands that is whole; -1 when there is none. */
  private long nextGood(long from) throws IOException {
    ByteBuffer bytes = bytes(from, Math.toIntExact(endOffset - from));
    for (int at = 0; at <= bytes.limit() - HINT_HEADER_BYTES; at++) {
      int length = bytes.getInt(at + 4);
      int left = bytes.limit() - at - HINT_HEADER_BYTES;
      if (length > 0
          && length <= left
          && bytes.getInt(at) == crc(bytes.slice(at + 4, HINT_HEADER_BYTES - 4 + length))) {
        return from + at;
      }
    }
    return -1;
  }

  private List<Hint> readUpToDamage(long from, int maxBytes) throws IOException {
    List<Hint> hints = new ArrayList<>();
    long available = endOffset - from;
    if (available < HINT_HEADER_BYTES) {
      return hints;
    }
    ByteBuffer bytes = bytes(from, (int) Math.min(available, maxBytes));
    int firstLength = bytes.getInt(4);
    long firstBytes = HINT_HEADER_BYTES + (long) firstLength;
    if (firstLength >= 0 && firstBytes > bytes.limit() && firstBytes <= available) {
      bytes = bytes(from, Math.toIntExact(firstBytes));
    }
    int at = 0;
    while (bytes.limit() - at >= HINT_HEADER_BYTES) {
      int length = bytes.getInt(at + 4);
      if (length < 0 || length > bytes.limit() - at - HINT_HEADER_BYTES) {
        break;
      }
      int end = at + HINT_HEADER_BYTES + length;
      if (bytes.getInt(at) != crc(bytes.slice(at + 4, end - at - 4))) {
        break;
      }
      byte[] mutation = new byte[length];
      bytes.get(at + HINT_HEADER_BYTES, mutation);
      hints.add(new Hint(bytes.getLong(at + 8), bytes.getLong(at + 16), mutation, from + end));
      at = end;
    }
    return hints;
  }

  private ByteBuffer bytes(long from, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    opened().readFully(bytes, from);
    return bytes.flip();
  }

  private StoredFile opened() throws IOException {
    if (open == null) {
      open = files.open(path, Mode.READ);
    }
    return open;
  }

  void close() throws IOException {
    StoredFile closing = open;
    open = null;
    if (closing != null) {
      closing.close();
    }
  }

  /** Closes and removes the file. */
  void delete() throws IOException {
    close();
    files.delete(path);
  }

  static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
