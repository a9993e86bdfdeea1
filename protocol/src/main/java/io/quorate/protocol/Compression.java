package io.quorate.protocol;

import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteSink;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * LZ4 blocks, the one compression spoken. Stateless, safe for concurrent use.
 *
 * <pre>
 * version 4, each body:    i32 uncompressed length | LZ4 block
 * version 5, each segment: LZ4 block; the length stands in the segment's header
 * </pre>
 */
public final class Compression {
  /** As STARTUP and SUPPORTED name it. */
  public static final String NAME = "lz4";

  private static final Compression LZ4 = new Compression(LZ4Factory.fastestInstance());

  private final LZ4Compressor compressor;
  private final LZ4SafeDecompressor decompressor;

  private Compression(LZ4Factory factory) {
    this.compressor = factory.fastCompressor();
    this.decompressor = factory.safeDecompressor();
  }

  public static Compression lz4() {
    return LZ4;
  }

  /** Appends the block of these bytes and returns its length. */
  int compress(byte[] source, int offset, int length, ByteSink out) {
    byte[] block = new byte[compressor.maxCompressedLength(length)];
    int blockLength = compressor.compress(source, offset, length, block, 0, block.length);
    out.write(block, 0, blockLength);
    return blockLength;
  }

  byte[] decompress(byte[] block, int offset, int length, int uncompressedLength) {
    byte[] result = new byte[uncompressedLength];
    try {
      int written = decompressor.decompress(block, offset, length, result, 0, uncompressedLength);
      if (written == uncompressedLength) {
        return result;
      }
    } catch (LZ4Exception e) {
      throw new ProtocolException("A compressed block that cannot be decompressed", e);
    }
    throw new ProtocolException("A compressed block of another length than it says");
  }

  byte[] decompressBody(byte[] body, int maxLength) {
    int length = body.length < 4 ? -1 : BigEndian.readInt(body, 0);
    if (length < 0 || length > maxLength) {
      throw new ProtocolException("A compressed body of " + length + " bytes");
    }
    return decompress(body, 4, body.length - 4, length);
  }
}
