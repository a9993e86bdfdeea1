package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.StoredFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What can be read of an SSTable whose filter, statistics, index or footer is damaged. With a
 * footer and an index that are whole, the blocks are where the index says; without, they are looked
 * for ({@link BlockSearch}). Used by one background thread.
 */
final class SalvagedTable implements Closeable {
  private final Path path;
  private final StoredFile file;
  private final Partitioner partitioner;
  private final TokenRange tokens;
  private final IntConsumer bytesRead;
  private final @Nullable BlockSearch search;
  private @Nullable SSTableIndex index;

  private SalvagedTable(
      Path path,
      StoredFile file,
      Partitioner partitioner,
      TokenRange tokens,
      IntConsumer bytesRead,
      @Nullable SSTableIndex index,
      @Nullable BlockSearch search) {
    this.path = path;
    this.file = file;
    this.partitioner = partitioner;
    this.tokens = tokens;
    this.bytesRead = bytesRead;
    this.index = index;
    this.search = search;
  }

  /**
   * @param tokens that it may have held
   */
  static SalvagedTable open(
      FileSystem files,
      Path path,
      Partitioner partitioner,
      TokenRange tokens,
      IntConsumer bytesRead)
      throws IOException {
    StoredFile file = files.open(path, FileSystem.Mode.READ);
    try {
      long end = file.size();
      try {
        byte[] footer = SSTable.readFooter(path, file);
        end = ByteReader.longAt(footer, 0);
        byte[] index = SSTable.readSection(path, file, footer, SSTable.INDEX_SECTION);
        return new SalvagedTable(
            path, file, partitioner, tokens, bytesRead, SSTableIndex.read(path, index), null);
      } catch (CorruptFileException e) {
        BlockSearch search = new BlockSearch(path, file, end, partitioner, bytesRead);
        return new SalvagedTable(path, file, partitioner, tokens, bytesRead, null, search);
      }
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /** Looks where blocks are, if need be; true when it is known. */
  boolean findBlocks(BooleanSupplier pause) throws IOException {
    if (index != null || search == null) {
      return true;
    }
    if (!search.run(pause)) {
      return false;
    }
    index = search.blockCount() == 0 ? null : search.index();
    return true;
  }

  /**
   * What can be read, once blocks were found; null when there is nothing.
   *
   * @param lost told of the tokens of what cannot be read
   */
  @Nullable EntryCursor cursor(LostTokens lost) {
    SSTableIndex found = index;
    if (found == null) {
      lost.add(tokens);
      return null;
    }
    if (search != null && !search.isComplete()) {
      // Also rows of the last partition that was found may be lost.
      lost.add(new TokenRange(found.leastToken(found.blockCount() - 1), tokens.last()));
    }
    return new SSTableScan(
        found,
        new BlockStretch(path, file, found, bytesRead),
        partitioner,
        Long.MAX_VALUE,
        block ->
            lost.add(
                new TokenRange(
                    block == 0 ? tokens.first() : found.leastToken(block - 1),
                    found.leastToken(block))));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
