package io.quorate.sstable;

import io.quorate.environment.FileSystem.StoredFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * How every block of an SSTable stands in the file.
 *
 * <pre>
 * StoredBlock := content | contentLength u32 | compression u8 (0 none, 1 LZ4, 2 zstd) | crc32c u32
 * </pre>
 *
 * <p>The content is compressed when that saves an eighth of it; {@code contentLength} is that of
 * the uncompressed content; the checksum is over everything before it.
 */
final class StoredBlock {
  static final int TRAILER_BYTES = 9;

  /** Larger than any block that is written; a length beyond is damage. */
  private static final int MAX_CONTENT_BYTES = 1 << 30;

  private StoredBlock() {}

  /** Appends a block to {@code out} and returns its stored length. */
  static int append(ByteWriter out, byte[] content, int contentLength, Compression wanted) {
    int start = out.length;
    Compression used = wanted;
    if (wanted != Compression.NONE
        && wanted.compress(content, contentLength, out) >= contentLength - contentLength / 8) {
      out.length = start;
      used = Compression.NONE;
    }
    if (used == Compression.NONE) {
      out.put(content, 0, contentLength);
    }
    out.putInt(contentLength);
    out.putByte(used.code);
    CRC32C crc = new CRC32C();
    crc.update(out.bytes, start, out.length - start);
    out.putInt((int) crc.getValue());
    return out.length - start;
  }

  /** Checks a stored block and returns its content. */
  static byte[] content(Path file, long position, byte[] stored, int offset, int length)
      throws IOException {
    Compression compression = verify(file, position, stored, offset, length);
    byte[] content = new byte[contentLength(stored, offset, length)];
    decompress(compression, file, position, stored, offset, length, content, content.length);
    return content;
  }

  /** Checks a stored block and replaces what {@code out} has by its content. */
  static void content(
      Path file, long position, byte[] stored, int offset, int length, ByteWriter out)
      throws IOException {
    Compression compression = verify(file, position, stored, offset, length);
    int contentLength = contentLength(stored, offset, length);
    out.clear();
    out.reserve(contentLength);
    decompress(compression, file, position, stored, offset, length, out.bytes, contentLength);
    out.length = contentLength;
  }

  private static int contentLength(byte[] stored, int offset, int length) {
    return ByteReader.intAt(stored, offset + length - TRAILER_BYTES);
  }

  private static void decompress(
      Compression compression,
      Path file,
      long position,
      byte[] stored,
      int offset,
      int length,
      byte[] content,
      int contentLength)
      throws IOException {
    int got =
        compression.decompress(stored, offset, length - TRAILER_BYTES, content, contentLength);
    if (got != contentLength) {
      throw new CorruptFileException(file, "block at " + position + " does not decompress");
    }
  }

  private static Compression verify(Path file, long position, byte[] stored, int offset, int length)
      throws IOException {
    if (length < TRAILER_BYTES) {
      throw new CorruptFileException(file, "block of " + length + " bytes at " + position);
    }
    CRC32C crc = new CRC32C();
    crc.update(stored, offset, length - 4);
    if ((int) crc.getValue() != ByteReader.intAt(stored, offset + length - 4)) {
      throw new CorruptFileException(file, "checksum of the block at " + position + " is wrong");
    }
    int contentLength = contentLength(stored, offset, length);
    Compression compression = Compression.ofCode(stored[offset + length - 5]);
    boolean plausible =
        compression == Compression.NONE
            ? contentLength == length - TRAILER_BYTES
            : contentLength > 0 && contentLength <= MAX_CONTENT_BYTES;
    if (compression == null || !plausible) {
      throw new CorruptFileException(file, "block at " + position + " has a wrong trailer");
    }
    return compression;
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
