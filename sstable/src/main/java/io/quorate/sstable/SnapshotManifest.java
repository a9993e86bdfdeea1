package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What a snapshot consists of. Written last and as a whole: a snapshot without one is not complete.
 *
 * <pre>
 * Manifest := magic u32 (51 53 4E 50, "QSNP") | version u16 (1)
 *           | name text | series text | createdMillis i64 | expiresMillis i64 (0: never)
 *           | hostId 16 bytes | cluster text | epoch i64
 *           | tokenCount u32 | token i64 * | hostCount u32 | hostId 16 bytes *
 *           | schema text
 *           | tableCount u32 | table *
 *           | crc32c u32 over all before
 * table    := id 16 bytes | name text | layout text | fileCount u32 | file *
 * file     := number i64 | bytes i64 | crc32c u32 over the whole file
 *           | minToken i64 | maxToken i64 | missing u8
 * text     := length uvarint | UTF-8
 * </pre>
 *
 * @param series snapshots of one series replace each other; empty for one that stands alone
 * @param createdMillis since the Unix epoch
 * @param expiresMillis since the Unix epoch, from when on it may be cleared; 0 for never
 */
public record SnapshotManifest(
    String name,
    String series,
    long createdMillis,
    long expiresMillis,
    Origin origin,
    List<TableFiles> tables) {
  static final String FILE_NAME = "MANIFEST";
  private static final int MAGIC = 0x5153_4E50;
  private static final int VERSION = 1;

  public SnapshotManifest {
    tables = List.copyOf(tables);
  }

  /**
   * Where it was made. The engine keeps it and does not look at it.
   *
   * @param epoch of the metadata
   * @param tokens that the node had
   * @param hosts all nodes of the cluster
   * @param schema as CQL, enough to make the tables again
   */
  public record Origin(
      UUID hostId, String cluster, long epoch, List<Long> tokens, List<UUID> hosts, String schema) {
    public Origin {
      tokens = List.copyOf(tokens);
      hosts = List.copyOf(hosts);
    }
  }

  /**
   * One table's part.
   *
   * @param name keyspace and table, with a dot between
   * @param layout what the bytes of its rows mean; compared for equality before an import
   */
  public record TableFiles(UUID id, String name, String layout, List<DataFile> files) {
    public TableFiles {
      files = List.copyOf(files);
    }
  }

  /**
   * An SSTable.
   *
   * @param crc CRC-32C of the whole file
   * @param missing it was damaged when the snapshot was made, and is not in it
   */
  public record DataFile(
      long number, long bytes, int crc, long minToken, long maxToken, boolean missing) {
    String fileName() {
      return number + ".sst";
    }

    /** Unlike the number, never that of another content. */
    String exportedName() {
      return String.format("%d-%08x.sst", number, crc);
    }
  }

  /** How many files it has. */
  public int fileCount() {
    return tables.stream().mapToInt(table -> table.files().size()).sum();
  }

  /** Bytes of all its files. */
  public long bytes() {
    return tables.stream()
        .flatMap(table -> table.files().stream())
        .mapToLong(DataFile::bytes)
        .sum();
  }

  /** Bytes of its files that {@code earlier} does not have. */
  public long bytesNotIn(SnapshotManifest earlier) {
    List<DataFile> known =
        earlier.tables.stream().flatMap(table -> table.files().stream()).toList();
    return tables.stream()
        .flatMap(table -> table.files().stream())
        .filter(file -> !known.contains(file))
        .mapToLong(DataFile::bytes)
        .sum();
  }

  boolean has(UUID table, DataFile file) {
    return tables.stream().anyMatch(t -> t.id().equals(table) && t.files().contains(file));
  }

  byte[] encode() {
    ByteWriter out = new ByteWriter(1024);
    out.putInt(MAGIC);
    out.putShort(VERSION);
    putText(out, name);
    putText(out, series);
    out.putLong(createdMillis);
    out.putLong(expiresMillis);
    putUuid(out, origin.hostId());
    putText(out, origin.cluster());
    out.putLong(origin.epoch());
    out.putInt(origin.tokens().size());
    origin.tokens().forEach(out::putLong);
    out.putInt(origin.hosts().size());
    origin.hosts().forEach(host -> putUuid(out, host));
    putText(out, origin.schema());
    out.putInt(tables.size());
    for (TableFiles table : tables) {
      putUuid(out, table.id());
      putText(out, table.name());
      putText(out, table.layout());
      out.putInt(table.files().size());
      for (DataFile file : table.files()) {
        out.putLong(file.number());
        out.putLong(file.bytes());
        out.putInt(file.crc());
        out.putLong(file.minToken());
        out.putLong(file.maxToken());
        out.putByte(file.missing() ? 1 : 0);
      }
    }
    out.putInt(CommitLogFormat.crc(out.bytes, 0, out.length));
    return out.toBytes();
  }

  /**
   * Reads the manifest in a directory.
   *
   * @throws CorruptFileException when it is damaged
   */
  static SnapshotManifest load(FileSystem files, Path directory) throws IOException {
    Path path = directory.resolve(FILE_NAME);
    byte[] bytes = files.readAll(path);
    if (bytes.length < 10
        || ByteReader.intAt(bytes, bytes.length - 4)
            != CommitLogFormat.crc(bytes, 0, bytes.length - 4)) {
      throw new CorruptFileException(path, "its checksum is wrong");
    }
    ByteReader in = new ByteReader();
    in.over(bytes, 0, bytes.length - 4);
    if (in.readInt() != MAGIC) {
      throw new CorruptFileException(path, "it does not begin as a snapshot's manifest begins");
    }
    int version = in.readUnsignedShort();
    if (version != VERSION) {
      throw new IOException(path + " has version " + version + ", not supported");
    }
    return decode(in);
  }

  private static SnapshotManifest decode(ByteReader in) {
    String name = readText(in);
    String series = readText(in);
    long createdMillis = in.readLong();
    long expiresMillis = in.readLong();
    UUID hostId = readUuid(in);
    String cluster = readText(in);
    long epoch = in.readLong();
    List<Long> tokens = new ArrayList<>();
    for (int i = in.readInt(); i > 0; i--) {
      tokens.add(in.readLong());
    }
    List<UUID> hosts = new ArrayList<>();
    for (int i = in.readInt(); i > 0; i--) {
      hosts.add(readUuid(in));
    }
    Origin origin = new Origin(hostId, cluster, epoch, tokens, hosts, readText(in));
    List<TableFiles> tables = new ArrayList<>();
    for (int i = in.readInt(); i > 0; i--) {
      tables.add(new TableFiles(readUuid(in), readText(in), readText(in), readFiles(in)));
    }
    return new SnapshotManifest(name, series, createdMillis, expiresMillis, origin, tables);
  }

  private static List<DataFile> readFiles(ByteReader in) {
    List<DataFile> files = new ArrayList<>();
    for (int i = in.readInt(); i > 0; i--) {
      files.add(
          new DataFile(
              in.readLong(),
              in.readLong(),
              in.readInt(),
              in.readLong(),
              in.readLong(),
              in.readByte() == 1));
    }
    return files;
  }

  private static void putText(ByteWriter out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.putLengthPrefixed(bytes, 0, bytes.length);
  }

  private static String readText(ByteReader in) {
    return new String(in.readBytes(in.readLength()), StandardCharsets.UTF_8);
  }

  private static void putUuid(ByteWriter out, UUID id) {
    out.putLong(id.getMostSignificantBits());
    out.putLong(id.getLeastSignificantBits());
  }

  private static UUID readUuid(ByteReader in) {
    return new UUID(in.readLong(), in.readLong());
  }
}
