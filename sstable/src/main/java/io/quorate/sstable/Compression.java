package io.quorate.sstable;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.jspecify.annotations.Nullable;

/** How the blocks of a table's SSTables are compressed. */
public enum Compression {
  NONE(0) {
    @Override
    int compress(byte[] content, int length, ByteWriter out) {
      out.put(content, 0, length);
      return length;
    }

    @Override
    int decompress(byte[] stored, int offset, int length, byte[] content, int contentLength) {
      System.arraycopy(stored, offset, content, 0, Math.min(length, contentLength));
      return length;
    }
  },

  LZ4(1) {
    @Override
    int compress(byte[] content, int length, ByteWriter out) {
      int bound = LZ4_COMPRESSOR.maxCompressedLength(length);
      out.reserve(bound);
      int compressed = LZ4_COMPRESSOR.compress(content, 0, length, out.bytes, out.length, bound);
      out.length += compressed;
      return compressed;
    }

    @Override
    int decompress(byte[] stored, int offset, int length, byte[] content, int contentLength) {
      try {
        return LZ4_DECOMPRESSOR.decompress(stored, offset, length, content, 0, contentLength);
      } catch (LZ4Exception e) {
        return DAMAGED;
      }
    }
  },

  /** At level 3. For tables that had rather be small than quick. */
  ZSTD(2) {
    @Override
    int compress(byte[] content, int length, ByteWriter out) {
      int bound = (int) Zstd.compressBound(length);
      out.reserve(bound);
      int compressed =
          ZSTD_COMPRESSOR.get().compressByteArray(out.bytes, out.length, bound, content, 0, length);
      out.length += compressed;
      return compressed;
    }

    @Override
    int decompress(byte[] stored, int offset, int length, byte[] content, int contentLength) {
      try {
        return ZSTD_DECOMPRESSOR
            .get()
            .decompressByteArray(content, 0, contentLength, stored, offset, length);
      } catch (ZstdException e) {
        return DAMAGED;
      }
    }
  };

  static final int DAMAGED = -1;
  private static final int ZSTD_LEVEL = 3;
  private static final LZ4Compressor LZ4_COMPRESSOR = LZ4Factory.fastestInstance().fastCompressor();
  private static final LZ4SafeDecompressor LZ4_DECOMPRESSOR =
      LZ4Factory.fastestInstance().safeDecompressor();

  /** A context costs more than a block, so each thread keeps one. */
  private static final ThreadLocal<ZstdCompressCtx> ZSTD_COMPRESSOR =
      ThreadLocal.withInitial(() -> new ZstdCompressCtx().setLevel(ZSTD_LEVEL));

  private static final ThreadLocal<ZstdDecompressCtx> ZSTD_DECOMPRESSOR =
      ThreadLocal.withInitial(ZstdDecompressCtx::new);

  /** What stands in the file. */
  final int code;

  Compression(int code) {
    this.code = code;
  }

  /** Appends the compressed content, and returns its length in bytes. */
  abstract int compress(byte[] content, int length, ByteWriter out);

  /**
   * Fills the first {@code contentLength} bytes of {@code content}, and returns how many there were
   * or {@link #DAMAGED}.
   */
  abstract int decompress(byte[] stored, int offset, int length, byte[] content, int contentLength);

  static @Nullable Compression ofCode(int code) {
    return switch (code) {
      case 0 -> NONE;
      case 1 -> LZ4;
      case 2 -> ZSTD;
      default -> null;
    };
  }

  /** The compressor that a class of Cassandra's stands for. */
  static Compression ofClass(String name) {
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "", "NoopCompressor" -> NONE;
      case "LZ4Compressor" -> LZ4;
      case "ZstdCompressor" -> ZSTD;
      default ->
          throw new IllegalArgumentException(
              "Could not find compressor '"
                  + name
                  + "'; there are LZ4Compressor, ZstdCompressor and NoopCompressor");
    };
  }
}
