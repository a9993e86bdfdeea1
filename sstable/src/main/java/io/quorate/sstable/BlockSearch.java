package io.quorate.sstable;

import io.quorate.environment.FileSystem.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.zip.CRC32C;

/**
 * Finds the data blocks of an SSTable that has lost its index. They stand one behind the other from
 * the start of the file, and each ends in the checksum of all of itself before: so the end of a
 * block is where the checksum of what was passed stands next. A damaged block has no such end, and
 * what stands behind it is not found. Used once, by one thread.
 */
final class BlockSearch {
  /** Above any block that is written: a block ends with the entry that fills it. */
  private static final int MAX_BLOCK_BYTES = 64 << 20;

  private static final int READ_BYTES = 256 << 10;

  private final Path path;
  private final StoredFile file;
  private final long end;
  private final Partitioner partitioner;
  private final IntConsumer bytesRead;
  private final ByteWriter index = new ByteWriter(4 << 10);
  private final BlockCursor cursor = new BlockCursor();
  private byte[] lastKey = RowKeys.LOWEST;
  private int blockCount;
  private boolean complete;

  /** What was read of the file, of which the first bytes belong to the block that is sought. */
  private byte[] bytes = new byte[READ_BYTES];

  private int length;
  private long position;

  /**
   * @param end of the data; that of the file when it is not known
   */
  BlockSearch(
      Path path, StoredFile file, long end, Partitioner partitioner, IntConsumer bytesRead) {
    this.path = path;
    this.file = file;
    this.end = end;
    this.partitioner = partitioner;
    this.bytesRead = bytesRead;
    index.putInt(0);
  }

  /** Goes on, at least by a block; true when there is nothing more to find. */
  boolean run(BooleanSupplier pause) throws IOException {
    do {
      if (position == end) {
        complete = true;
        return true;
      }
      int block = blockLength();
      if (block == 0 || complete) {
        return true;
      }
      take(block);
    } while (!pause.getAsBoolean());
    return false;
  }

  /** Whether all blocks up to the end of the data were found. */
  boolean isComplete() {
    return complete;
  }

  int blockCount() {
    return blockCount;
  }

  SSTableIndex index() throws IOException {
    index.setInt(0, blockCount);
    return SSTableIndex.read(path, index.toBytes());
  }

  /** The length of the data block that begins here; 0 when none does. */
  private int blockLength() throws IOException {
    CRC32C crc = new CRC32C();
    for (int at = 0; at + 4 <= MAX_BLOCK_BYTES; at++) {
      if (at + 4 > length && !readOn()) {
        return 0;
      }
      if (at + 4 >= StoredBlock.TRAILER_BYTES
          && (int) crc.getValue() == ByteReader.intAt(bytes, at)
          && isBlock(at + 4)) {
        return at + 4;
      }
      crc.update(bytes[at]);
    }
    return 0;
  }

  private boolean readOn() throws IOException {
    long from = position + length;
    int wanted = (int) Math.min(READ_BYTES, end - from);
    if (wanted <= 0) {
      return false;
    }
    if (bytes.length < length + wanted) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + wanted));
    }
    file.readFully(ByteBuffer.wrap(bytes, length, wanted), from);
    length += wanted;
    bytesRead.accept(wanted);
    return true;
  }

  /**
   * Whether what ends here is a data block that may follow; the filter, if it is that, is noted.
   */
  private boolean isBlock(int blockBytes) {
    byte[] content;
    try {
      content = StoredBlock.content(path, position, bytes, 0, blockBytes);
    } catch (IOException e) {
      return false; // the checksum was right by chance
    }
    if (content.length < 5) {
      return false;
    }
    if (content[0] > 0) {
      // A filter begins with how often it probes; a data block with 0 or, packed, a set high bit.
      complete = true;
      return true;
    }
    try {
      cursor.reset(BlockUnpacker.searchable(path, content, partitioner));
      if (!cursor.next() || compareToLast() <= 0) {
        return false;
      }
      while (cursor.next()) {
        // to the last
      }
    } catch (CorruptFileException | IndexOutOfBoundsException | MalformedException e) {
      return false;
    }
    lastKey = Arrays.copyOf(cursor.key, cursor.keyLength);
    return true;
  }

  private int compareToLast() {
    return Arrays.compareUnsigned(cursor.key, 0, cursor.keyLength, lastKey, 0, lastKey.length);
  }

  private void take(int blockBytes) {
    byte[] divider = RowKeys.after(lastKey, 0, lastKey.length);
    index.putLong(position);
    index.putInt(blockBytes);
    index.putLengthPrefixed(divider, 0, divider.length);
    blockCount++;
    position += blockBytes;
    length -= blockBytes;
    System.arraycopy(bytes, blockBytes, bytes, 0, length);
  }
}
