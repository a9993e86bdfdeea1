package io.quorate.sstable;

import io.quorate.environment.FileSystem.StoredFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * How every block of an SSTable stands in the file.
 *
 * <pre>
 * StoredBlock := content | contentLength u32 | compression u8 (0 none, 1 LZ4) | crc32c u32
 * </pre>
 *
 * <p>The content is compressed when that saves an eighth of it; {@code contentLength} is that of
 * the uncompressed content; the checksum is over everything before it.
 */
final class StoredBlock {
  static final int TRAILER_BYTES = 9;

  /** Larger than any block that is written; a length beyond is damage. */
  private static final int MAX_CONTENT_BYTES = 1 << 30;

  private static final int NONE = 0;
  private static final int LZ4 = 1;
  private static final LZ4Compressor COMPRESSOR = LZ4Factory.fastestInstance().fastCompressor();
  private static final LZ4SafeDecompressor DECOMPRESSOR =
      LZ4Factory.fastestInstance().safeDecompressor();

  private StoredBlock() {}

  /** Appends a block to {@code out} and returns its stored length. */
  static int append(ByteWriter out, byte[] content, int contentLength, Compression wanted) {
    int start = out.length;
    int compression = NONE;
    if (wanted == Compression.LZ4) {
      int bound = COMPRESSOR.maxCompressedLength(contentLength);
      out.reserve(bound);
      int length = COMPRESSOR.compress(content, 0, contentLength, out.bytes, start, bound);
      if (length < contentLength - contentLength / 8) {
        out.length += length;
        compression = LZ4;
      }
    }
    if (compression == NONE) {
      out.put(content, 0, contentLength);
    }
    out.putInt(contentLength);
    out.putByte(compression);
    CRC32C crc = new CRC32C();
    crc.update(out.bytes, start, out.length - start);
    out.putInt((int) crc.getValue());
    return out.length - start;
  }

  /** Checks a stored block and returns its content. */
  static byte[] content(Path file, long position, byte[] stored, int offset, int length)
      throws IOException {
    verify(file, position, stored, offset, length);
    int contentLength = ByteReader.intAt(stored, offset + length - TRAILER_BYTES);
    int storedLength = length - TRAILER_BYTES;
    byte[] content = new byte[contentLength];
    if (stored[offset + length - 5] == NONE) {
      System.arraycopy(stored, offset, content, 0, contentLength);
      return content;
    }
    try {
      int got = DECOMPRESSOR.decompress(stored, offset, storedLength, content, 0, contentLength);
      if (got != contentLength) {
        throw new CorruptFileException(file, "block at " + position + " has " + got + " bytes");
      }
    } catch (LZ4Exception e) {
      throw new CorruptFileException(file, "block at " + position + " does not decompress");
    }
    return content;
  }

  private static void verify(Path file, long position, byte[] stored, int offset, int length)
      throws IOException {
    if (length < TRAILER_BYTES) {
      throw new CorruptFileException(file, "block of " + length + " bytes at " + position);
    }
    CRC32C crc = new CRC32C();
    crc.update(stored, offset, length - 4);
    if ((int) crc.getValue() != ByteReader.intAt(stored, offset + length - 4)) {
      throw new CorruptFileException(file, "checksum of the block at " + position + " is wrong");
    }
    int contentLength = ByteReader.intAt(stored, offset + length - TRAILER_BYTES);
    int compression = stored[offset + length - 5];
    boolean plain = compression == NONE && contentLength == length - TRAILER_BYTES;
    boolean compressed =
        compression == LZ4 && contentLength > 0 && contentLength <= MAX_CONTENT_BYTES;
    if (!plain && !compressed) {
      throw new CorruptFileException(file, "block at " + position + " has a wrong trailer");
    }
  }

  /** Reads one block with one read of the file. */
  static byte[] read(Path path, StoredFile file, long position, int length) throws IOException {
    byte[] stored = new byte[length];
    try {
      file.readFully(ByteBuffer.wrap(stored), position);
    } catch (EOFException e) {
      throw new CorruptFileException(path, "it ends within the block at " + position);
    }
    return content(path, position, stored, 0, length);
  }
}
