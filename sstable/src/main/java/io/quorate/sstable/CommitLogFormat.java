package io.quorate.sstable;

import java.nio.file.Path;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The commit log's segments. {@code docs/commit-log-format.md} draws them as a whole.
 *
 * <pre>
 * Segment := header | record* | end | zeros
 * Header  := magic u32 | version u16 | log u16 | segmentId i64 | crc32c u32 over these
 * Record  := length u32 | headCrc u32 | payloadCrc u32 | payload (a mutation)
 * End     := a record of length 0xFFFFFFFF without payload: the segment was left in good order
 * </pre>
 *
 * <p>{@code headCrc} covers segmentId i64, position u32 and length u32, so that bytes which stood
 * elsewhere never pass for a record, and a length that is damaged is noticed before it is used.
 * {@code payloadCrc} covers the payload. Both are CRC-32C.
 */
final class CommitLogFormat {
  static final int MAGIC = 0x5143_4C47;
  static final int VERSION = 1;
  static final int HEADER_BYTES = 20;
  static final int RECORD_HEAD_BYTES = 12;
  static final int END = -1;
  private static final String SUFFIX = ".log";

  private CommitLogFormat() {}

  static String fileName(int log, long segmentId) {
    return "commitlog-" + log + "-" + HexFormat.of().toHexDigits(segmentId) + SUFFIX;
  }

  /** A segment's file. */
  record Segment(int log, long id, Path path) implements Comparable<Segment> {

    /** Null when the name is not that of a segment. */
    static @Nullable Segment parse(Path directory, String name) {
      String[] parts = name.split("-", -1);
      if (parts.length != 3 || !parts[0].equals("commitlog") || !parts[2].endsWith(SUFFIX)) {
        return null;
      }
      try {
        String id = parts[2].substring(0, parts[2].length() - SUFFIX.length());
        return new Segment(
            Integer.parseInt(parts[1]), HexFormat.fromHexDigitsToLong(id), directory.resolve(name));
      } catch (IllegalArgumentException e) {
        return null;
      }
    }

    @Override
    public int compareTo(Segment other) {
      int byLog = Integer.compare(log, other.log);
      return byLog != 0 ? byLog : Long.compare(id, other.id);
    }
  }

  static byte[] header(int log, long segmentId) {
    ByteWriter out = new ByteWriter(HEADER_BYTES);
    out.putInt(MAGIC);
    out.putShort(VERSION);
    out.putShort(log);
    out.putLong(segmentId);
    out.putInt(crc(out.bytes, 0, out.length));
    return out.toBytes();
  }

  static void writeRecord(ByteWriter out, long segmentId, int position, byte[] payload) {
    out.reserve(RECORD_HEAD_BYTES + payload.length);
    out.putInt(payload.length);
    out.putInt(headCrc(segmentId, position, payload.length));
    out.putInt(crc(payload, 0, payload.length));
    out.put(payload);
  }

  static void writeEnd(ByteWriter out, long segmentId, int position) {
    out.putInt(END);
    out.putInt(headCrc(segmentId, position, END));
    out.putInt(0);
  }

  static int crc(byte[] bytes, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }

  static int headCrc(long segmentId, int position, int length) {
    CRC32C crc = new CRC32C();
    for (int shift = 56; shift >= 0; shift -= 8) {
      crc.update((int) (segmentId >>> shift));
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
      crc.update(position >>> shift);
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
      crc.update(length >>> shift);
    }
    return (int) crc.getValue();
  }
}
