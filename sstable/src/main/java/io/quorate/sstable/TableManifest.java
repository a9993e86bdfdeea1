package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What a table consists of. One small file a table, replaced as a whole at each change, so that a
 * crash leaves the state before or the state after.
 *
 * <pre>
 * Manifest := magic u32 | version u16 | tableId 16 bytes
 *           | bloomChance f64 bits i64 | compression u8 (0 none, 1 LZ4, 2 Zstandard)
 *           | blockBytes u32 | gcGraceSeconds i64 | durability u8 (Durability.code)
 *           | optionCount u32 | (length uvarint | name | length uvarint | value)* of compaction
 *           | generation u32
 *           | fileCount u32 | (number i64 | minToken i64 | maxToken i64 | level u8 | quarantined u8)*
 *           | crc32c u32
 * </pre>
 *
 * @param generation how often the table was truncated: updates of an earlier generation in the
 *     commit log are not replayed
 */
record TableManifest(UUID tableId, TableSettings settings, int generation, List<Listed> files) {
  static final String FILE_NAME = "MANIFEST";
  private static final int MAGIC = 0x514D_414E;
  private static final int VERSION = 3;

  /**
   * An SSTable of the table.
   *
   * @param level see {@link Leveled}
   * @param quarantined it is damaged and was put aside: what it held is not known here any more
   */
  record Listed(long number, long minToken, long maxToken, int level, boolean quarantined) {
    Listed asQuarantined() {
      return new Listed(number, minToken, maxToken, level, true);
    }

    boolean coversToken(long token) {
      return token >= minToken && token <= maxToken;
    }
  }

  void store(FileSystem fileSystem, Path directory) throws IOException {
    ByteWriter out = new ByteWriter(256);
    out.putInt(MAGIC);
    out.putShort(VERSION);
    out.putLong(tableId.getMostSignificantBits());
    out.putLong(tableId.getLeastSignificantBits());
    out.putLong(Double.doubleToLongBits(settings.bloomFalsePositiveChance()));
    out.putByte(settings.compression().code);
    out.putInt(settings.blockBytes());
    out.putLong(settings.gcGraceSeconds());
    out.putByte(settings.durability().code);
    out.putInt(settings.compaction().options().size());
    settings
        .compaction()
        .options()
        .forEach((name, value) -> {
          putText(out, name);
          putText(out, value);
        });
    out.putInt(generation);
    out.putInt(files.size());
    for (Listed file : files) {
      out.putLong(file.number());
      out.putLong(file.minToken());
      out.putLong(file.maxToken());
      out.putByte(file.level());
      out.putByte(file.quarantined() ? 1 : 0);
    }
    out.putInt(CommitLogFormat.crc(out.bytes, 0, out.length));
    fileSystem.replace(directory.resolve(FILE_NAME), out.toBytes());
  }

  private static void putText(ByteWriter out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.putLengthPrefixed(bytes, 0, bytes.length);
  }

  private static String readText(ByteReader in) {
    return new String(in.readBytes(in.readLength()), StandardCharsets.UTF_8);
  }

  private static CompactionSettings compaction(ByteReader in) {
    Map<String, String> options = new TreeMap<>();
    for (int i = in.readInt(); i > 0; i--) {
      options.put(readText(in), readText(in));
    }
    return new CompactionSettings(options);
  }

  static TableManifest load(FileSystem fileSystem, Path directory) throws IOException {
    Path path = directory.resolve(FILE_NAME);
    byte[] bytes = fileSystem.readAll(path);
    if (bytes.length < 8
        || ByteReader.intAt(bytes, bytes.length - 4)
            != CommitLogFormat.crc(bytes, 0, bytes.length - 4)) {
      throw new CorruptFileException(path, "its checksum is wrong");
    }
    ByteReader in = new ByteReader();
    in.over(bytes, 0, bytes.length - 4);
    if (in.readInt() != MAGIC) {
      throw new CorruptFileException(path, "it does not begin as a manifest begins");
    }
    int version = in.readUnsignedShort();
    if (version != VERSION) {
      throw new IOException(path + " has version " + version + ", not supported");
    }
    UUID tableId = new UUID(in.readLong(), in.readLong());
    double bloomChance = Double.longBitsToDouble(in.readLong());
    Compression compression = Compression.ofCode(in.readByte());
    if (compression == null) {
      throw new CorruptFileException(path, "it names a compression that there is not");
    }
    int blockBytes = in.readInt();
    long gcGraceSeconds = in.readLong();
    Durability durability = Durability.ofCode(in.readByte());
    if (durability == null) {
      throw new CorruptFileException(path, "it names a durability that there is not");
    }
    TableSettings settings =
        new TableSettings(
            bloomChance, compression, blockBytes, gcGraceSeconds, durability, compaction(in));
    int generation = in.readInt();
    List<Listed> files = new ArrayList<>();
    for (int i = in.readInt(); i > 0; i--) {
      files.add(
          new Listed(
              in.readLong(), in.readLong(), in.readLong(), in.readByte(), in.readByte() == 1));
    }
    return new TableManifest(tableId, settings, generation, files);
  }
}
