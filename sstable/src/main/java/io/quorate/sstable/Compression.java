package io.quorate.sstable;

/** How the data blocks of a table's SSTables are compressed. */
public enum Compression {
  NONE,
  LZ4,
  /** In the format, but not written yet: {@link CompressionSettings#of} refuses it. */
  ZSTD;

  /** The compressor that a class of Cassandra's stands for. */
  static Compression ofClass(String name) {
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "", "NoopCompressor" -> NONE;
      case "LZ4Compressor" -> LZ4;
      case "ZstdCompressor" ->
          throw new IllegalArgumentException("ZstdCompressor is not supported yet");
      default ->
          throw new IllegalArgumentException(
              "Could not find compressor '"
                  + name
                  + "'; there are LZ4Compressor, ZstdCompressor and NoopCompressor");
    };
  }
}
