package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.environment.Invariant;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * Writes an SSTable (drawn at {@link SSTableFormat}) from entries in order, under a temporary name
 * that {@link #finish} replaces by the real one once all is synced. Runs on a background thread;
 * not thread-safe.
 */
final class SSTableWriter {
  private static final int WRITE_BYTES = 256 << 10;

  /** After so many bytes the disk begins to take them, so that the sync at the end is short. */
  private static final int SYNC_BYTES = 4 << 20;

  private final FileSystem files;
  private final Path path;
  private final Path temporary;
  private final TableSettings settings;
  private final long nowSeconds;
  private final StoredFile file;
  private final ByteWriter waiting = new ByteWriter(WRITE_BYTES + (64 << 10));
  private final KeyStep step = new KeyStep();
  private final BlockPacker block;
  private final ByteWriter index = new ByteWriter(4 << 10);
  private final StatisticsCollector statistics = new StatisticsCollector();
  private final BloomFilter.Builder filter = new BloomFilter.Builder();
  private long writtenBytes;
  private int blockCount;

  /** Position and length of the block that waits for its divider. */
  private long lastBlockPosition;

  private int lastBlockLength;

  /**
   * @param nowSeconds the wall clock's time
   */
  SSTableWriter(
      FileSystem files, Path path, TableSettings settings, Partitioner partitioner, long nowSeconds)
      throws IOException {
    this.files = files;
    this.path = path;
    this.temporary = path.resolveSibling(path.getFileName() + ".tmp");
    this.settings = settings;
    this.block = new BlockPacker(partitioner);
    this.nowSeconds = nowSeconds;
    if (files.exists(temporary)) {
      files.delete(temporary);
    }
    this.file = files.open(temporary, FileSystem.Mode.CREATE);
    block.clear();
    index.putInt(0);
  }

  boolean isEmpty() {
    return statistics.isEmpty();
  }

  /** How large the data of the file is by now. */
  long sizeBytes() {
    return writtenBytes + waiting.length + block.sizeBytes();
  }

  /**
   * Adds a row or a partition's head.
   *
   * @param hasPartitionersToken false also when it is not known
   */
  void add(
      byte[] key,
      int keyOffset,
      int keyLength,
      boolean hasPartitionersToken,
      byte[] value,
      int valueOffset,
      int valueLength)
      throws IOException {
    step.to(key, keyOffset, keyLength);
    if (step.newPartition) {
      filter.addPartition(StoreKey.token(key, keyOffset));
    }
    if (keyLength == step.partitionLength) {
      filter.addHead(StoreKey.token(key, keyOffset));
    }
    if (block.isEmpty() && blockCount > 0) {
      // The shortest prefix that is above the last key of the block before.
      putIndexEntry(key, keyOffset, step.shared + 1);
    }
    statistics.add(step, value, valueOffset, valueLength);
    block.add(step, hasPartitionersToken, value, valueOffset, valueLength);
    if (block.sizeBytes() >= settings.blockBytes()) {
      endBlock();
    }
  }

  private void endBlock() throws IOException {
    ByteWriter content = block.finish();
    lastBlockPosition = writtenBytes + waiting.length;
    lastBlockLength =
        StoredBlock.append(waiting, content.bytes, content.length, settings.compression());
    blockCount++;
    block.clear();
    if (waiting.length >= WRITE_BYTES) {
      writeWaiting();
    }
  }

  private void putIndexEntry(byte[] divider, int offset, int length) {
    index.putLong(lastBlockPosition);
    index.putInt(lastBlockLength);
    index.putLengthPrefixed(divider, offset, length);
  }

  private void writeWaiting() throws IOException {
    file.write(ByteBuffer.wrap(waiting.bytes, 0, waiting.length), writtenBytes);
    long before = writtenBytes;
    writtenBytes += waiting.length;
    waiting.clear();
    if (before / SYNC_BYTES < writtenBytes / SYNC_BYTES) {
      file.beginSync();
    }
  }

  /** Completes the file, makes it durable and gives it its name. */
  SSTableStatistics finish() throws IOException {
    Invariant.check(!isEmpty(), "an SSTable has entries");
    if (!block.isEmpty()) {
      endBlock();
    }
    byte[] beyond = RowKeys.after(step.key, 0, step.keyLength);
    putIndexEntry(beyond, 0, beyond.length);
    index.setInt(0, blockCount);

    SSTableStatistics written = statistics.statistics(settings, nowSeconds);
    writeTail(filter.build(settings.bloomFalsePositiveChance()), written);
    file.sync();
    file.close();
    files.rename(temporary, path);
    files.syncDirectory(directory());
    return written;
  }

  private void writeTail(BloomFilter built, SSTableStatistics written) throws IOException {
    ByteWriter footer = new ByteWriter(SSTableFormat.FOOTER_BYTES);
    ByteWriter content = new ByteWriter((int) built.memoryBytes());
    built.write(content);
    appendBlock(content, Compression.NONE, footer);
    content.clear();
    written.write(content);
    appendBlock(content, Compression.NONE, footer);
    appendBlock(index, settings.compression(), footer);
    footer.putShort(SSTableFormat.VERSION);
    footer.putShort(0);
    CRC32C crc = new CRC32C();
    crc.update(footer.bytes, 0, footer.length);
    footer.putInt((int) crc.getValue());
    footer.putLong(SSTableFormat.MAGIC);
    waiting.put(footer.bytes, 0, footer.length);
    writeWaiting();
  }

  private void appendBlock(ByteWriter content, Compression compression, ByteWriter footer) {
    footer.putLong(writtenBytes + waiting.length);
    footer.putInt(StoredBlock.append(waiting, content.bytes, content.length, compression));
  }

  private Path directory() {
    return Objects.requireNonNull(path.getParent(), "a table has a directory");
  }

  /** Gives up: nothing of the file remains. */
  void abandon() throws IOException {
    file.close();
    for (Path name : List.of(temporary, path)) {
      if (files.exists(name)) {
        files.delete(name);
      }
    }
  }
}
