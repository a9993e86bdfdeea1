package io.quorate.sstable;

/**
 * The frame of an SSTable file. {@code docs/sstable-format.md} draws it as a whole.
 *
 * <pre>
 * File   := data block* | filter block | statistics block | index block | footer
 * Footer := filterPosition i64 | filterLength u32 | statisticsPosition i64 | statisticsLength u32
 *         | indexPosition i64 | indexLength u32 | version u16 | reserved u16 (0)
 *         | crc32c u32 over the footer so far | magic u64
 * </pre>
 */
final class SSTableFormat {
  /** "QUORATE" and 0x53. */
  static final long MAGIC = 0x5155_4F52_4154_4553L;

  /**
   * Versions 1 and 2 can be read. In them data blocks are not packed ({@link BlockPacker}), and
   * version 1 had less in its statistics.
   */
  static final int VERSION = 3;

  static final int FOOTER_BYTES = 52;

  private SSTableFormat() {}
}
