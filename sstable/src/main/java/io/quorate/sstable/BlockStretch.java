package io.quorate.sstable;

import io.quorate.environment.FileSystem.StoredFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.IntConsumer;

/**
 * Reads an SSTable's data blocks as they stand in the file, many with one read, kept until a block
 * outside them is asked for. Not thread-safe.
 */
final class BlockStretch {
  private static final int READ_BYTES = 256 << 10;

  private final Path path;
  private final StoredFile file;
  private final SSTableIndex index;
  private final IntConsumer bytesRead;
  private byte[] stored = RowKeys.LOWEST;
  private long storedPosition;
  private int storedLength;

  /** One block's content, until the next is asked for. */
  private final ByteWriter content = new ByteWriter(8 << 10);

  /**
   * @param bytesRead told of each read
   */
  BlockStretch(Path path, StoredFile file, SSTableIndex index, IntConsumer bytesRead) {
    this.path = path;
    this.file = file;
    this.index = index;
    this.bytesRead = bytesRead;
  }

  Path path() {
    return path;
  }

  /** A block's content, checked; it may be changed, and is valid until the next is asked for. */
  ByteWriter content(int block) throws IOException {
    long position = index.position(block);
    int length = index.storedLength(block);
    if (position < storedPosition || position + length > storedPosition + storedLength) {
      read(block, position);
    }
    StoredBlock.content(path, position, stored, (int) (position - storedPosition), length, content);
    return content;
  }

  private void read(int first, long position) throws IOException {
    int least = index.storedLength(first);
    int wanted = least;
    for (int next = first + 1; next < index.blockCount() && wanted < READ_BYTES; next++) {
      wanted += index.storedLength(next);
    }
    try {
      read(position, wanted);
    } catch (IOException e) {
      // What stands behind the block may be what cannot be read.
      read(position, least);
    }
  }

  private void read(long position, int length) throws IOException {
    storedLength = 0;
    if (stored.length < length) {
      stored = new byte[length];
    }
    try {
      file.readFully(ByteBuffer.wrap(stored, 0, length), position);
    } catch (EOFException e) {
      throw new CorruptFileException(path, "it ends within its data");
    }
    storedPosition = position;
    storedLength = length;
    bytesRead.accept(length);
  }
}
