package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.sstable.CommitLogFormat.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the beginnings of a commit log's segments say of each other: up to where each is good, and
 * whether one is missing. The last segment has no successor, so that its end is not known and a
 * torn write there is nothing unusual. Immutable.
 */
final class SegmentChain {
  static final int UNKNOWN = -1;

  private final Set<Long> recorded = new HashSet<>();
  private final Map<Long, Integer> ends = new HashMap<>();
  private final Map<Long, Segment> lost = new HashMap<>();

  /**
   * @param segments sorted by number
   */
  SegmentChain(FileSystem files, List<Segment> segments) throws IOException {
    Set<Long> found = new HashSet<>();
    for (Segment segment : segments) {
      byte[] head = read(files, segment);
      if (head.length == CommitLogFormat.FIRST_RECORD && !isZero(head)) {
        recorded.add(segment.id());
        note(segment, head, found);
      }
      found.add(segment.id());
    }
  }

  private static byte[] read(FileSystem files, Segment segment) throws IOException {
    try (FileSystem.StoredFile file = files.open(segment.path(), FileSystem.Mode.READ)) {
      byte[] head = new byte[CommitLogFormat.FIRST_RECORD];
      return file.read(ByteBuffer.wrap(head), 0) == head.length ? head : new byte[0];
    }
  }

  /** A segment is made ahead of its use, with nothing behind its header. */
  private static boolean isZero(byte[] head) {
    for (int i = CommitLogFormat.HEADER_BYTES; i < head.length; i++) {
      if (head[i] != 0) {
        return false;
      }
    }
    return true;
  }

  private void note(Segment segment, byte[] head, Set<Long> before) {
    int at = CommitLogFormat.HEADER_BYTES;
    int payload = at + CommitLogFormat.RECORD_HEAD_BYTES;
    boolean valid =
        ByteReader.intAt(head, at) == CommitLogFormat.BEGIN
            && ByteReader.intAt(head, at + 4)
                == CommitLogFormat.headCrc(segment.id(), at, CommitLogFormat.BEGIN)
            && ByteReader.intAt(head, at + 8)
                == CommitLogFormat.crc(head, payload, CommitLogFormat.BEGIN_PAYLOAD_BYTES);
    long previous = ByteReader.longAt(head, payload);
    if (valid && previous != 0) {
      ends.put(previous, ByteReader.intAt(head, payload + 8));
      // The oldest segments are deleted when nobody needs them, in order; one that was made and not
      // used may stay.
      boolean isOldest = recorded.size() == 1;
      if (!isOldest && !before.contains(previous)) {
        lost.put(previous, segment);
      }
    }
  }

  /** Whether anything was written to a segment behind its header. */
  boolean hasRecords(Segment segment) {
    return recorded.contains(segment.id());
  }

  /** Up to where a segment is good, by its successor; {@link #UNKNOWN} when it has none. */
  int endOf(Segment segment) {
    return ends.getOrDefault(segment.id(), UNKNOWN);
  }

  /** Numbers of segments that are not there though older ones are, each with its successor. */
  Map<Long, Segment> lost() {
    return lost;
  }
}
