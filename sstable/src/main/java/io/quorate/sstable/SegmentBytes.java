package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.sstable.CommitLogFormat.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A segment of the commit log in memory, and what may be asked of its bytes, whatever they are.
 * Nothing is taken to be a record but by its checksums. Immutable until its array is read into
 * again; safe for concurrent use.
 */
final class SegmentBytes {
  private static final byte[] ZEROS = new byte[64 << 10];

  /** A larger read would take as much memory beside the heap, for each thread that reads. */
  private static final int READ_BYTES = 256 << 10;

  private static final int GENERATION = CommitLogFormat.RECORD_HEAD_BYTES;
  private static final int MUTATION = GENERATION + CommitLogFormat.GENERATION_BYTES;

  private final Segment segment;
  private final byte[] bytes;

  private SegmentBytes(Segment segment, byte[] bytes) {
    this.segment = segment;
    this.bytes = bytes;
  }

  /**
   * Reads a segment's file.
   *
   * @param room taken for it when it is just as long; most segments are of one size
   */
  static SegmentBytes read(FileSystem files, Segment segment, byte[] room) throws IOException {
    try (StoredFile file = files.open(segment.path(), FileSystem.Mode.READ)) {
      int size = Math.toIntExact(file.size());
      byte[] bytes = room.length == size ? room : new byte[size];
      for (int at = 0; at < size; at += READ_BYTES) {
        file.readFully(ByteBuffer.wrap(bytes, at, Math.min(READ_BYTES, size - at)), at);
      }
      return new SegmentBytes(segment, bytes);
    }
  }

  Segment segment() {
    return segment;
  }

  /** For the next segment, when nobody asks for this one any more. */
  byte[] room() {
    return bytes;
  }

  int length() {
    return bytes.length;
  }

  byte[] copy(int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  // ---- its header ----

  /**
   * Looks at the version.
   *
   * @throws IOException when it has a valid header of another one
   */
  void refuseOtherVersions() throws IOException {
    if (bytes.length < CommitLogFormat.HEADER_BYTES) {
      return;
    }
    ByteReader in = new ByteReader();
    in.over(bytes, 0, CommitLogFormat.HEADER_BYTES);
    boolean valid =
        in.readInt() == CommitLogFormat.MAGIC
            && ByteReader.intAt(bytes, CommitLogFormat.HEADER_BYTES - 4)
                == CommitLogFormat.crc(bytes, 0, CommitLogFormat.HEADER_BYTES - 4);
    int version = in.readUnsignedShort();
    if (valid && version != CommitLogFormat.VERSION) {
      throw new IOException(
          segment.path() + " has version " + version + ", not " + CommitLogFormat.VERSION);
    }
  }

  boolean headerIsValid() {
    int length = CommitLogFormat.HEADER_BYTES;
    byte[] header = CommitLogFormat.header(segment.id());
    return bytes.length >= length && Arrays.equals(bytes, 0, length, header, 0, length);
  }

  // ---- its records ----

  /**
   * Whether the file ends before its records do. It never does by itself: it has its size before
   * anything is written to it, and behind the last record room for the head of another.
   */
  boolean isCutOff(int position) {
    int left = bytes.length - position - CommitLogFormat.RECORD_HEAD_BYTES;
    if (left < 0) {
      return true;
    }
    int length = ByteReader.intAt(bytes, position);
    return length > left
        && ByteReader.intAt(bytes, position + 4)
            == CommitLogFormat.headCrc(segment.id(), position, length);
  }

  /** Whether a record of this segment stands here, by its head: then its length is right. */
  boolean headIsValid(int position) {
    int length = ByteReader.intAt(bytes, position);
    int payload = CommitLogFormat.payloadBytes(length);
    return payload > 0
        && payload <= bytes.length - position - CommitLogFormat.RECORD_HEAD_BYTES
        && ByteReader.intAt(bytes, position + 4)
            == CommitLogFormat.headCrc(segment.id(), position, length);
  }

  /** Behind a valid head. */
  boolean payloadIsValid(int position) {
    int payload = CommitLogFormat.payloadBytes(ByteReader.intAt(bytes, position));
    return ByteReader.intAt(bytes, position + 8)
        == CommitLogFormat.crc(bytes, position + CommitLogFormat.RECORD_HEAD_BYTES, payload);
  }

  private int payloadBytes(int position) {
    return CommitLogFormat.payloadBytes(ByteReader.intAt(bytes, position));
  }

  /** Where the record ends whose valid head is here. */
  int endOf(int position) {
    return position + CommitLogFormat.RECORD_HEAD_BYTES + payloadBytes(position);
  }

  /** Whether it is the record that each segment begins with, which has no mutation. */
  boolean isBegin(int position) {
    return ByteReader.intAt(bytes, position) == CommitLogFormat.BEGIN;
  }

  /** The token in a record, as far as its payload is valid; 0 in one that is too short. */
  long token(int position) {
    int needed = CommitLogFormat.GENERATION_BYTES + Mutation.TOKEN_OFFSET + Long.BYTES;
    return payloadBytes(position) < needed
        ? 0
        : ByteReader.longAt(bytes, position + MUTATION + Mutation.TOKEN_OFFSET);
  }

  int generation(int position) {
    return ByteReader.intAt(bytes, position + GENERATION);
  }

  /**
   * The mutation of a valid record.
   *
   * @throws MalformedException when it is none, though its checksum holds
   */
  Mutation mutation(int position) {
    int end = endOf(position);
    if (position + MUTATION >= end) {
      throw new MalformedException("it is too short");
    }
    return Mutation.parse(Arrays.copyOfRange(bytes, position + MUTATION, end));
  }

  /** The next place before an end at which a whole record stands; -1 when there is none. */
  int nextRecord(int from, int end) {
    int last = Math.min(end, bytes.length) - CommitLogFormat.RECORD_HEAD_BYTES;
    for (int at = from; at <= last; at++) {
      if (bytes[at] == 0) {
        // A length has a byte that is not zero, and an unused segment is megabytes of them.
        at = Math.max(at, nextNonZero(at) - 3);
      }
      if (at <= last && headIsValid(at) && payloadIsValid(at)) {
        return at;
      }
    }
    return -1;
  }

  private int nextNonZero(int from) {
    for (int at = from; at < bytes.length; at += ZEROS.length) {
      int length = Math.min(ZEROS.length, bytes.length - at);
      int mismatch = Arrays.mismatch(bytes, at, at + length, ZEROS, 0, length);
      if (mismatch >= 0) {
        return at + mismatch;
      }
    }
    return bytes.length;
  }

  /** Whether the head of a record here would be of zeros: nothing was written. */
  boolean isBlank(int position) {
    for (int i = position; i < position + CommitLogFormat.RECORD_HEAD_BYTES; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }
}
