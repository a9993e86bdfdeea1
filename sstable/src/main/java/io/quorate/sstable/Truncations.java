package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The epoch of each table's last truncation on this node. It stands beside the tables, not among
 * their files: a table that is put back from a snapshot, because it was truncated by mistake, must
 * not be truncated once more for it. One small file, replaced as a whole at each truncation.
 *
 * <pre>
 * Truncations := magic u32 | version u16 | count u32 | (tableId 16 bytes | epoch i64)* | crc32c u32
 * </pre>
 *
 * Safe for concurrent use.
 */
final class Truncations {
  private static final String FILE_NAME = "TRUNCATIONS";
  private static final int MAGIC = 0x5154_524E;
  private static final int VERSION = 1;

  private final FileSystem files;
  private final Path path;
  private final Map<UUID, Long> epochs;

  private Truncations(FileSystem files, Path path, Map<UUID, Long> epochs) {
    this.files = files;
    this.path = path;
    this.epochs = epochs;
  }

  /** Reads what a directory has; without the file no table was truncated. */
  static Truncations load(FileSystem files, Path directory) throws IOException {
    Path path = directory.resolve(FILE_NAME);
    Map<UUID, Long> epochs = new TreeMap<>();
    if (files.exists(path)) {
      read(path, files.readAll(path), epochs);
    }
    return new Truncations(files, path, epochs);
  }

  private static void read(Path path, byte[] bytes, Map<UUID, Long> epochs) throws IOException {
    if (bytes.length < 14
        || ByteReader.intAt(bytes, bytes.length - 4)
            != CommitLogFormat.crc(bytes, 0, bytes.length - 4)) {
      throw new CorruptFileException(path, "its checksum is wrong");
    }
    ByteReader in = new ByteReader();
    in.over(bytes, 0, bytes.length - 4);
    if (in.readInt() != MAGIC) {
      throw new CorruptFileException(path, "it does not begin as it should");
    }
    int version = in.readUnsignedShort();
    if (version != VERSION) {
      throw new IOException(path + " has version " + version + ", not supported");
    }
    for (int left = in.readInt(); left > 0; left--) {
      epochs.put(new UUID(in.readLong(), in.readLong()), in.readLong());
    }
  }

  /** The epoch of a table's last truncation; 0 when there was none. */
  synchronized long epochOf(UUID table) {
    return epochs.getOrDefault(table, 0L);
  }

  /** Notes a truncation, durably. */
  synchronized void note(UUID table, long epoch) throws IOException {
    Map<UUID, Long> next = new TreeMap<>(epochs);
    next.put(table, epoch);
    store(next);
    epochs.put(table, epoch);
  }

  /** A table that is gone is left out with the next truncation. */
  synchronized void forget(UUID table) {
    epochs.remove(table);
  }

  private void store(Map<UUID, Long> next) throws IOException {
    ByteWriter out = new ByteWriter(64);
    out.putInt(MAGIC);
    out.putShort(VERSION);
    out.putInt(next.size());
    next.forEach((table, epoch) -> {
      out.putLong(table.getMostSignificantBits());
      out.putLong(table.getLeastSignificantBits());
      out.putLong(epoch);
    });
    out.putInt(CommitLogFormat.crc(out.bytes, 0, out.length));
    files.replace(path, out.toBytes());
  }
}
