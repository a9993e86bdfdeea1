package io.quorate.sstable;

import io.quorate.sstable.CommitLogFormat.Segment;
import java.util.List;

/**
 * What earlier runs left of the commit log and the next one begins behind: what these segments hold
 * is in memtables, not in SSTables, or not in all of them.
 *
 * @param segments sorted by number, each with records
 * @param lastEnd up to where the last of them is good; 0 without any
 */
record EarlierSegments(List<Segment> segments, int lastEnd) {
  static final EarlierSegments NONE = new EarlierSegments(List.of(), 0);

  EarlierSegments {
    segments = List.copyOf(segments);
  }

  /** The number of the last one; 0 without any. */
  long lastId() {
    return segments.isEmpty() ? 0 : segments.getLast().id();
  }
}
