package io.quorate.sstable;

/**
 * A place in one shard's commit log.
 *
 * @param log the shard's number when it was written
 */
record LogPosition(int log, long segmentId, int offset) {

  boolean isAfter(long otherSegmentId, int otherOffset) {
    return segmentId > otherSegmentId || (segmentId == otherSegmentId && offset > otherOffset);
  }
}
