package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.environment.Invariant;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntConsumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * An open SSTable: immutable, with its index, filter and statistics resident. Safe for concurrent
 * use.
 *
 * <p>It counts who uses it. The version that lists it holds one reference until no shard can still
 * be in the middle of a read from the cache; a read on a pool thread holds one of its own. With the
 * last one the file is closed and, when it is {@link #obsolete}, deleted.
 */
final class SSTable {
  static final int FILTER_SECTION = 0;
  static final int STATISTICS_SECTION = 1;
  static final int INDEX_SECTION = 2;

  private final FileSystem files;
  private final Path path;
  private final long number;
  private final StoredFile file;
  private final long fileBytes;
  private final SSTableIndex index;
  private final BloomFilter filter;
  private final SSTableStatistics statistics;
  private final BlockCache cache;
  private final BlockCache.OfTable cached;
  private final Partitioner partitioner;

  /** Of the file's format. */
  private final int version;

  private final AtomicInteger references = new AtomicInteger(1);
  private final LongAdder falsePositives = new LongAdder();
  private volatile boolean obsolete;

  /** See {@link Leveled}. Changed by {@link Table} only, with the manifest. */
  private volatile int level;

  private SSTable(
      FileSystem files,
      Path path,
      long number,
      StoredFile file,
      SSTableIndex index,
      BloomFilter filter,
      SSTableStatistics statistics,
      int level,
      BlockCache cache,
      Partitioner partitioner,
      int version)
      throws IOException {
    this.files = files;
    this.path = path;
    this.number = number;
    this.file = file;
    this.fileBytes = file.size();
    this.index = index;
    this.filter = filter;
    this.statistics = statistics;
    this.level = level;
    this.cache = cache;
    this.cached = cache.ofTable(number, index.blockCount());
    this.partitioner = partitioner;
    this.version = version;
  }

  /**
   * Opens a table and checks everything but its data blocks, which are checked as they are read.
   *
   * @throws CorruptFileException when the file is not a whole SSTable
   */
  static SSTable open(
      FileSystem files,
      Path path,
      long number,
      int level,
      BlockCache cache,
      Partitioner partitioner)
      throws IOException {
    StoredFile file = files.open(path, FileSystem.Mode.READ);
    try {
      byte[] footer = readFooter(path, file);
      byte[] filter = readSection(path, file, footer, FILTER_SECTION);
      byte[] statistics = readSection(path, file, footer, STATISTICS_SECTION);
      byte[] index = readSection(path, file, footer, INDEX_SECTION);
      return new SSTable(
          files,
          path,
          number,
          file,
          SSTableIndex.read(path, index),
          BloomFilter.read(filter),
          SSTableStatistics.read(statistics),
          level,
          cache,
          partitioner,
          version(footer));
    } catch (MalformedException e) {
      file.close();
      throw new CorruptFileException(path, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /** Reads everything but the data from the disk again. */
  void verifySections() throws IOException {
    open(files, path, number, level, cache, partitioner).file.close();
  }

  private static void checkFooter(Path path, byte[] footer) throws IOException {
    int crcOffset = footer.length - 12;
    CRC32C crc = new CRC32C();
    crc.update(footer, 0, crcOffset);
    if (ByteReader.longAt(footer, footer.length - 8) != SSTableFormat.MAGIC) {
      throw new CorruptFileException(path, "it does not end as an SSTable ends");
    }
    if ((int) crc.getValue() != ByteReader.intAt(footer, crcOffset)) {
      throw new CorruptFileException(path, "checksum of the footer is wrong");
    }
    int version = version(footer);
    if (version < 1 || version > SSTableFormat.VERSION) {
      throw new IOException(path + " has SSTable version " + version + ", not supported");
    }
  }

  private static int version(byte[] footer) {
    return ByteReader.unsignedShortAt(footer, footer.length - 16);
  }

  /**
   * Reads and checks a footer.
   *
   * @throws CorruptFileException when the file does not end in one
   */
  static byte[] readFooter(Path path, StoredFile file) throws IOException {
    long size = file.size();
    if (size < SSTableFormat.FOOTER_BYTES) {
      throw new CorruptFileException(path, "it has " + size + " bytes");
    }
    byte[] footer = new byte[SSTableFormat.FOOTER_BYTES];
    file.readFully(ByteBuffer.wrap(footer), size - footer.length);
    checkFooter(path, footer);
    return footer;
  }

  /** Reads and checks one of the sections that a footer points to. */
  static byte[] readSection(Path path, StoredFile file, byte[] footer, int section)
      throws IOException {
    int at = section * (Long.BYTES + Integer.BYTES);
    return StoredBlock.read(
        path, file, ByteReader.longAt(footer, at), ByteReader.intAt(footer, at + Long.BYTES));
  }

  long number() {
    return number;
  }

  Path path() {
    return path;
  }

  long fileBytes() {
    return fileBytes;
  }

  int level() {
    return level;
  }

  void moveTo(int next) {
    level = next;
  }

  SSTableStatistics statistics() {
    return statistics;
  }

  /** Whether the file is as it would be written today. */
  boolean isWrittenAs(TableSettings settings) {
    return version == SSTableFormat.VERSION
        && SSTableStatistics.Written.as(settings).equals(statistics.written());
  }

  boolean coversToken(long token) {
    return token >= statistics.minToken() && token <= statistics.maxToken();
  }

  boolean mayContain(long token) {
    return coversToken(token) && filter.mayContain(BloomFilter.partitionHash(token));
  }

  boolean mayHaveHead(long token) {
    return statistics.hasHeads() && filter.mayContain(BloomFilter.headHash(token));
  }

  void countFalsePositive() {
    falsePositives.increment();
  }

  long falsePositives() {
    return falsePositives.sum();
  }

  /**
   * Reads what is in the cache, and ends with {@link BlockNotResident} where that is not enough.
   */
  EntryCursor residentCursor() {
    return cursor((block, cursor) -> cursor.reset(residentBlock(block)));
  }

  /** Reads through the cache. For pool threads; the caller holds a reference. */
  EntryCursor cursor() {
    return cursor((block, cursor) -> cursor.reset(cachedBlock(block)));
  }

  /**
   * Reads ahead and past the cache. For scans of the whole table by one thread.
   *
   * @param bytesRead told of each read
   */
  EntryCursor scanCursor(IntConsumer bytesRead) {
    return scan(bytesRead, null);
  }

  /** Like {@link #scanCursor}, but passes over blocks that are damaged. */
  EntryCursor salvageCursor(IntConsumer bytesRead, LostTokens lost) {
    return scan(
        bytesRead,
        block ->
            lost.add(
                new TokenRange(
                    block == 0 ? statistics.minToken() : index.leastToken(block - 1),
                    index.leastToken(block))));
  }

  private EntryCursor scan(IntConsumer bytesRead, @Nullable IntConsumer passOver) {
    return new SSTableScan(
        index,
        new BlockStretch(path, file, index, bytesRead),
        partitioner,
        statistics.maxTimestampMicros(),
        passOver);
  }

  private EntryCursor cursor(SSTableCursor.Blocks blocks) {
    return new SSTableCursor(index, blocks, statistics.maxTimestampMicros());
  }

  private byte[] residentBlock(int block) throws IOException {
    byte[] content = cached.find(block);
    if (content == null) {
      throw new BlockNotResident();
    }
    return content;
  }

  private byte[] cachedBlock(int block) throws IOException {
    byte[] content = cached.find(block);
    if (content == null) {
      content =
          BlockReader.read(
              path, file, index.position(block), index.storedLength(block), partitioner);
      cached.put(block, content);
    }
    return content;
  }

  void retain() {
    int before = references.getAndIncrement();
    Invariant.check(before > 0, "a table in use is open", before, 1);
  }

  /** Gives a reference back. May close and delete the file, so only on a background thread. */
  void release() throws IOException {
    int left = references.decrementAndGet();
    Invariant.check(left >= 0, "references are given back once", left, 0);
    if (left == 0) {
      cached.clear();
      file.close();
      if (obsolete) {
        files.delete(path);
      }
    }
  }

  /** Its data stands elsewhere or is not wanted any more: the file goes with the last reader. */
  void obsolete() {
    obsolete = true;
  }

  @Override
  public String toString() {
    return String.valueOf(path.getFileName());
  }
}
