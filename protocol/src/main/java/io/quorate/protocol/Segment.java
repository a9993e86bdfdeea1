package io.quorate.protocol;

import java.util.zip.CRC32;

/**
 * The unit of transfer of version 5 (native protocol v5, section 2.3). Little-endian throughout.
 *
 * <pre>
 * plain:  u17 length | u1 self-contained | u6 zero                          3 bytes | crc24 | payload | crc32
 * LZ4:    u17 length | u17 uncompressed length | u1 self-contained | u5 zero  5 bytes | crc24 | payload | crc32
 * </pre>
 *
 * <p>Uncompressed length 0 says that the payload is stored as it is. A self-contained segment holds
 * whole envelopes, another one a part of a single large envelope.
 */
final class Segment {
  private Segment() {}

  static final int MAX_PAYLOAD_BYTES = (1 << 17) - 1;
  static final int PLAIN_HEADER_BYTES = 3;
  static final int COMPRESSED_HEADER_BYTES = 5;
  static final int HEADER_CRC_BYTES = 3;
  static final int TRAILER_BYTES = 4;

  private static final int CRC24_START = 0x875060;
  private static final int CRC24_POLYNOMIAL = 0x1974F0B;
  private static final byte[] CRC32_START = {(byte) 0xFA, 0x2D, 0x55, (byte) 0xCA};

  static int headerBytes(boolean compressed) {
    return compressed ? COMPRESSED_HEADER_BYTES : PLAIN_HEADER_BYTES;
  }

  static long plainHeader(int length, boolean selfContained) {
    return length | (selfContained ? 1L << 17 : 0);
  }

  static long compressedHeader(int length, int uncompressedLength, boolean selfContained) {
    return length | (long) uncompressedLength << 17 | (selfContained ? 1L << 34 : 0);
  }

  static int length(long header) {
    return (int) header & MAX_PAYLOAD_BYTES;
  }

  static int uncompressedLength(long header) {
    return (int) (header >>> 17) & MAX_PAYLOAD_BYTES;
  }

  static boolean isSelfContained(long header, boolean compressed) {
    return (header >>> (compressed ? 34 : 17) & 1) != 0;
  }

  /** The checksum of a header's bytes, lowest first. */
  static int crc24(long header, int headerBytes) {
    int crc = CRC24_START;
    long rest = header;
    for (int i = 0; i < headerBytes; i++) {
      crc ^= (int) (rest & 0xFF) << 16;
      rest >>>= 8;
      for (int bit = 0; bit < 8; bit++) {
        crc <<= 1;
        if ((crc & 0x1000000) != 0) {
          crc ^= CRC24_POLYNOMIAL;
        }
      }
    }
    return crc;
  }

  /** The checksum of a payload, as it is sent. */
  static int crc32(byte[] payload, int offset, int length) {
    CRC32 crc = new CRC32();
    crc.update(CRC32_START);
    crc.update(payload, offset, length);
    return (int) crc.getValue();
  }
}
