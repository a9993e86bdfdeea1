package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes entries in order into one new SSTable after another: the next begins at a given token, or
 * when one has grown large enough. No manifest lists them yet. Runs on a background thread; not
 * thread-safe.
 */
final class SSTableSeries {
  private final FileSystem files;
  private final Table table;
  private final LongSupplier numbers;
  private final LongSupplier nowSeconds;
  private final BlockCache cache;
  private final Partitioner partitioner;
  private final int level;
  private final long[] boundaries;
  private final long outputBytes;
  private final List<SSTable> finished = new ArrayList<>();
  private int nextBoundary;
  private long number;
  private @Nullable SSTableWriter writer;

  SSTableSeries(
      FileSystem files,
      Table table,
      LongSupplier numbers,
      LongSupplier nowSeconds,
      BlockCache cache,
      Partitioner partitioner,
      int level,
      List<Long> boundaries,
      long outputBytes) {
    this.files = files;
    this.table = table;
    this.numbers = numbers;
    this.nowSeconds = nowSeconds;
    this.cache = cache;
    this.partitioner = partitioner;
    this.level = level;
    this.boundaries = boundaries.stream().mapToLong(Long::longValue).toArray();
    this.outputBytes = outputBytes;
  }

  /** Tells that what is added next belongs to another partition. */
  void beginPartition(long token) throws IOException {
    boolean crossed = false;
    while (nextBoundary < boundaries.length && token >= boundaries[nextBoundary]) {
      nextBoundary++;
      crossed = true;
    }
    if (writer != null && (crossed || writer.sizeBytes() >= outputBytes)) {
      finishWriter(writer);
    }
  }

  /** Adds an entry; see {@link SSTableWriter#add}. */
  void add(
      byte[] key,
      int keyOffset,
      int keyLength,
      boolean hasPartitionersToken,
      byte[] value,
      int valueOffset,
      int valueLength)
      throws IOException {
    SSTableWriter open = writer;
    if (open == null) {
      number = numbers.getAsLong();
      open =
          new SSTableWriter(
              files, table.pathOf(number), table.settings(), partitioner, nowSeconds.getAsLong());
      writer = open;
    }
    open.add(key, keyOffset, keyLength, hasPartitionersToken, value, valueOffset, valueLength);
  }

  private void finishWriter(SSTableWriter open) throws IOException {
    open.finish();
    finished.add(SSTable.open(files, table.pathOf(number), number, level, cache, partitioner));
    writer = null;
  }

  /**
   * Completes the last table; returns all, durable and open. From then on they are the caller's.
   */
  List<SSTable> finish() throws IOException {
    if (writer != null) {
      finishWriter(writer);
    }
    List<SSTable> all = List.copyOf(finished);
    finished.clear();
    return all;
  }

  /** Gives up: nothing that was written, and was not handed over, remains. */
  void abandon() throws IOException {
    SSTableWriter open = writer;
    writer = null;
    if (open != null) {
      open.abandon();
    }
    for (SSTable table : finished) {
      table.obsolete();
      table.release();
    }
    finished.clear();
  }
}
