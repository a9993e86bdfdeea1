package io.quorate.sstable;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The commit log's segments. {@code docs/commit-log-format.md} draws them as a whole.
 *
 * <pre>
 * Segment := header | begin | record* | what the file held before
 * Header  := magic u32 | version u16 | zero u16 | segmentId i64 | crc32c u32 over these
 * Begin   := FF FF FF FF | headCrc u32 | payloadCrc u32 | previousSegmentId i64 | previousEnd u32
 * Record  := length u32 | headCrc u32 | payloadCrc u32 | payload of so many bytes
 * Payload := generation u32 | mutation
 * </pre>
 *
 * <p>{@code previousEnd} says up to where the segment before is good, which was synced before this
 * one was begun, or written anew after a crash; its id is 0 when none was left when this one was
 * begun.
 *
 * <p>The generation is the table's when the write came; a truncation begins the next one, so that
 * replay can tell what was truncated ({@link TableManifest}).
 *
 * <p>{@code headCrc} covers segmentId i64, position u32 and length u32, so that bytes which stood
 * elsewhere never pass for a record, and a length that is damaged is noticed before it is used.
 * {@code payloadCrc} covers the payload. Both are CRC-32C.
 */
final class CommitLogFormat {
  static final int MAGIC = 0x5143_4C47;
  static final int VERSION = 3;
  static final int HEADER_BYTES = 20;
  static final int RECORD_HEAD_BYTES = 12;
  static final int GENERATION_BYTES = 4;

  /** In place of a length: the record that each segment begins with. */
  static final int BEGIN = -1;

  static final int BEGIN_PAYLOAD_BYTES = 12;

  /** Where the first record stands. */
  static final int FIRST_RECORD = HEADER_BYTES + RECORD_HEAD_BYTES + BEGIN_PAYLOAD_BYTES;

  /** What a segment's name ends in until its file is whole. */
  static final String STAGED = ".new";

  private static final String PREFIX = "commitlog-";
  private static final String SUFFIX = ".log";
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private CommitLogFormat() {}

  static String fileName(long segmentId) {
    return PREFIX + HexFormat.of().toHexDigits(segmentId) + SUFFIX;
  }

  /** A segment's file. */
  record Segment(long id, Path path) implements Comparable<Segment> {

    /**
     * Null when the name is not that of a segment.
     *
     * @throws IOException when it is that of another version, which is not to be passed over
     */
    static @Nullable Segment parse(Path directory, String name) throws IOException {
      if (!name.startsWith(PREFIX) || !name.endsWith(SUFFIX)) {
        return null;
      }
      String id = name.substring(PREFIX.length(), name.length() - SUFFIX.length());
      try {
        return new Segment(HexFormat.fromHexDigitsToLong(id), directory.resolve(name));
      } catch (IllegalArgumentException e) {
        throw new IOException(
            directory.resolve(name)
                + " is not a commit log of version "
                + VERSION
                + ": let the version that wrote it drain it, or move it away",
            e);
      }
    }

    @Override
    public int compareTo(Segment other) {
      return Long.compare(id, other.id);
    }
  }

  static byte[] header(long segmentId) {
    ByteWriter out = new ByteWriter(HEADER_BYTES);
    out.putInt(MAGIC);
    out.putShort(VERSION);
    out.putShort(0);
    out.putLong(segmentId);
    out.putInt(crc(out.bytes, 0, out.length));
    return out.toBytes();
  }

  static byte[] begin(long previousId, int previousEnd) {
    ByteWriter out = new ByteWriter(BEGIN_PAYLOAD_BYTES);
    out.putLong(previousId);
    out.putInt(previousEnd);
    return out.toBytes();
  }

  /** The length of a record's payload, by what stands in its head. */
  static int payloadBytes(int length) {
    return length == BEGIN ? BEGIN_PAYLOAD_BYTES : length;
  }

  static int crc(byte[] bytes, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }

  static int headCrc(long segmentId, int position, int length) {
    byte[] covered = new byte[16];
    LONG.set(covered, 0, segmentId);
    INT.set(covered, 8, position);
    INT.set(covered, 12, length);
    return crc(covered, 0, covered.length);
  }
}
