package io.quorate.sstable;

import io.quorate.environment.FileSystem.StoredFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Reads single data blocks. What a block passes through on its way, as it is stored and as it is
 * packed, is kept by each thread for its next block.
 */
final class BlockReader {
  /** Larger blocks, of a large row, take their space with them. */
  private static final int KEPT_BYTES = 256 << 10;

  private static final ThreadLocal<BlockReader> OF_THREAD =
      ThreadLocal.withInitial(BlockReader::new);

  private ByteWriter stored = new ByteWriter(8 << 10);
  private ByteWriter packed = new ByteWriter(8 << 10);

  private BlockReader() {}

  /** Reads a block with one read of the file, checks it and makes it searchable. */
  static byte[] read(Path path, StoredFile file, long position, int length, Partitioner partitioner)
      throws IOException {
    BlockReader reader = OF_THREAD.get();
    byte[] block = reader.readBlock(path, file, position, length, partitioner);
    if (reader.stored.bytes.length + reader.packed.bytes.length > KEPT_BYTES) {
      OF_THREAD.remove();
    }
    return block;
  }

  private byte[] readBlock(
      Path path, StoredFile file, long position, int length, Partitioner partitioner)
      throws IOException {
    stored.clear();
    stored.reserve(length);
    try {
      file.readFully(ByteBuffer.wrap(stored.bytes, 0, length), position);
    } catch (EOFException e) {
      throw new CorruptFileException(path, "it ends within the block at " + position);
    }
    StoredBlock.content(path, position, stored.bytes, 0, length, packed);
    return BlockUnpacker.isPacked(packed.bytes)
        ? BlockUnpacker.unpacked(path, packed.bytes, packed.length, partitioner)
        : Arrays.copyOf(packed.bytes, packed.length);
  }
}
