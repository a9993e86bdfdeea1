package io.quorate.sstable;

import java.util.Map;

/**
 * What the CQL option {@code compression} says.
 *
 * @param blockBytes target size of a data block before compression
 */
public record CompressionSettings(Compression compression, int blockBytes) {
  private static final int DEFAULT_BLOCK_KIB = 4;
  private static final int MAX_BLOCK_KIB = 1 << 14;

  /**
   * Reads the option as Cassandra spells it; an empty map means no compression.
   *
   * @throws IllegalArgumentException with a message for the user when a class or an option is not
   *     known, or a value is out of range
   */
  public static CompressionSettings of(Map<String, String> options) {
    OptionReader in = new OptionReader("compression", options);
    boolean enabled = in.flag("enabled", !options.isEmpty());
    String compressor = in.text("sstable_compression", "");
    compressor = in.text("class", compressor);
    if (enabled && compressor.isEmpty()) {
      throw new IllegalArgumentException(
          "Missing sub-option 'class' for the 'compression' option.");
    }
    int kib = in.whole("chunk_length_kb", DEFAULT_BLOCK_KIB, 1, MAX_BLOCK_KIB);
    kib = in.whole("chunk_length_in_kb", kib, 1, MAX_BLOCK_KIB);
    if (Integer.bitCount(kib) != 1) {
      throw new IllegalArgumentException("chunk_length_in_kb must be a power of 2");
    }
    in.whole("compression_level", 3, 3, 3);
    // These tune compressors. A block that shrinks by less than an eighth is kept as it is.
    in.whole("lz4_high_compressor_level", 9, 1, 17);
    in.choice("lz4_compressor_type", "fast", "fast", "high");
    in.real("min_compress_ratio", 0, 0, Double.MAX_VALUE);
    in.real("crc_check_chance", 1, 0, 1);
    in.end();
    return new CompressionSettings(
        enabled ? Compression.ofClass(compressor) : Compression.NONE, kib << 10);
  }
}
