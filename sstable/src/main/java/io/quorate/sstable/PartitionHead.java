package io.quorate.sstable;

import java.util.ArrayList;
import java.util.List;

/**
 * What deletes more than single rows of a partition. Stored in front of the partition's rows, so
 * that a read of any of them finds it with one look.
 *
 * <pre>
 * Head  := timestampMicros i64 (the least value: no deletion) | localSeconds u32 | ranges to the end
 * Range := startLength uvarint | start | endLength uvarint | end
 *        | timestampMicros i64 | localSeconds u32
 * </pre>
 *
 * <p>In a memtable ranges stand in the order in which they came, so that one more is appended; in
 * an SSTable they are in order and disjoint.
 *
 * @param deletion of the whole partition
 */
record PartitionHead(Deletion deletion, List<RangeTombstone> ranges) {
  static final int FIXED_BYTES = 12;

  static PartitionHead read(byte[] bytes, int offset, int length) {
    ByteReader in = new ByteReader();
    in.over(bytes, offset, length);
    Deletion deletion = new Deletion(in.readLong(), in.readUnsignedInt());
    List<RangeTombstone> ranges = new ArrayList<>();
    while (in.hasRemaining()) {
      byte[] start = in.readBytes(in.readLength());
      byte[] end = in.readBytes(in.readLength());
      ranges.add(new RangeTombstone(start, end, new Deletion(in.readLong(), in.readUnsignedInt())));
    }
    return new PartitionHead(deletion, ranges);
  }

  boolean isEmpty() {
    return deletion.isNone() && ranges.isEmpty();
  }

  /** With ranges in order, disjoint, and not covered by the deletion. */
  PartitionHead canonical() {
    return new PartitionHead(deletion, RangeTombstone.canonical(ranges, deletion));
  }

  void write(ByteWriter out) {
    out.putLong(deletion.timestampMicros());
    out.putUnsignedInt(deletion.localSeconds());
    for (RangeTombstone range : ranges) {
      writeRange(out, range);
    }
  }

  byte[] toBytes() {
    ByteWriter out = new ByteWriter(FIXED_BYTES);
    write(out);
    return out.toBytes();
  }

  static void writeRange(ByteWriter out, RangeTombstone range) {
    out.putLengthPrefixed(range.start(), 0, range.start().length);
    out.putLengthPrefixed(range.end(), 0, range.end().length);
    out.putLong(range.deletion().timestampMicros());
    out.putUnsignedInt(range.deletion().localSeconds());
  }
}
