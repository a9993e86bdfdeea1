package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.sstable.CommitLogSegments.OpenSegment;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Puts records into one segment of the commit log after the other. A write has whole blocks, the
 * last of them filled up with zeros and written again when more has come, so that it can go past
 * the page cache: a sync has nothing to do then but to wait for the disk. A write that is torn
 * leaves what a block had before as it was, since that is written as it was.
 *
 * <p>Each segment begins by saying how far the one before is good. Owned by the log's thread.
 */
final class SegmentWriter {
  private static final int BUFFER_BYTES = 256 << 10;
  private static final int BLOCK_BYTES = FileSystem.BLOCK_BYTES;
  private static final byte[] ZEROS = new byte[BLOCK_BYTES];

  /** What is not yet written, and in front of it the rest of the block in which that begins. */
  private final ByteBuffer buffer;

  private final int segmentBytes;
  private @Nullable OpenSegment segment;

  /** Where in the segment the buffer's first byte stands. */
  private int bufferStart;

  /** How far the buffer was written. */
  private int written;

  /** Up to here, a record's end, all was written; beyond it is what a failure left. */
  private int endBytes;

  private boolean unsynced;

  /** The segment before, and how far it is good; 0 in the first one of a log. */
  private long previousId;

  private int previousEndBytes;

  /** A sync failed. */
  static final class SyncFailure extends IOException {
    private static final long serialVersionUID = 1;

    SyncFailure(String path, IOException cause) {
      super("syncing " + path + " failed: " + cause.getMessage(), cause);
    }
  }

  SegmentWriter(FileSystem files, int segmentBytes, EarlierSegments earlier) {
    this.previousId = earlier.lastId();
    this.previousEndBytes = earlier.lastEnd();
    this.buffer = files.blocks(BUFFER_BYTES);
    this.segmentBytes = segmentBytes;
  }

  /** What is written to; null before the first segment, and after {@link #leave}. */
  @Nullable OpenSegment segment() {
    return segment;
  }

  /** Where the next record will stand. */
  int usedBytes() {
    return bufferStart + buffer.position();
  }

  /** Whether a record of so many bytes fits, with room for a record's head behind it. */
  boolean hasRoom(int bytes) {
    return usedBytes() + bytes + CommitLogFormat.RECORD_HEAD_BYTES <= segmentBytes;
  }

  void begin(OpenSegment next) throws IOException {
    segment = next;
    next.begun = true;
    bufferStart = 0;
    buffer.clear();
    buffer.put(CommitLogFormat.header(next.id));
    written = buffer.position();
    endBytes = written;
    byte[] payload = CommitLogFormat.begin(previousId, previousEndBytes);
    head(CommitLogFormat.BEGIN, CommitLogFormat.crc(payload, 0, payload.length));
    put(payload, 0, payload.length);
  }

  /** Adds the head of a record. */
  void head(int length, int payloadCrc) throws IOException {
    OpenSegment into = segment;
    if (into == null) {
      return;
    }
    if (buffer.remaining() < CommitLogFormat.RECORD_HEAD_BYTES) {
      write();
    }
    int position = usedBytes();
    buffer.putInt(length);
    buffer.putInt(CommitLogFormat.headCrc(into.id, position, length));
    buffer.putInt(payloadCrc);
  }

  /** Adds to the record that was begun. */
  void put(byte[] bytes, int from, int length) throws IOException {
    int at = from;
    int end = from + length;
    while (at < end) {
      if (!buffer.hasRemaining()) {
        write();
      }
      int part = Math.min(end - at, buffer.remaining());
      buffer.put(bytes, at, part);
      at += part;
    }
  }

  /** All that was added is whole records: writes them. */
  void endRound() throws IOException {
    write();
    endBytes = usedBytes();
  }

  private void write() throws IOException {
    OpenSegment into = segment;
    int used = buffer.position();
    if (into == null || used == written) {
      return;
    }
    int whole = used & -BLOCK_BYTES;
    int padded = Math.min((used + BLOCK_BYTES - 1) & -BLOCK_BYTES, segmentBytes - bufferStart);
    buffer.put(used, ZEROS, 0, padded - used);
    unsynced = true;
    into.file.write(buffer.position(0).limit(padded), bufferStart);
    buffer.clear();
    buffer.put(0, buffer, whole, used - whole);
    buffer.position(used - whole);
    bufferStart += whole;
    written = used - whole;
  }

  void sync() throws SyncFailure {
    OpenSegment into = segment;
    if (into != null && unsynced) {
      try {
        into.file.sync();
      } catch (IOException e) {
        throw new SyncFailure(into.path.toString(), e);
      }
      unsynced = false;
    }
  }

  /** Nothing is written to the segment any more. What was added and not written is given up. */
  @Nullable OpenSegment leave() {
    OpenSegment left = segment;
    if (left != null && endBytes > CommitLogFormat.HEADER_BYTES) {
      previousId = left.id;
      previousEndBytes = endBytes;
    }
    segment = null;
    unsynced = false;
    return left;
  }
}
