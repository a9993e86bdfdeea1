package io.quorate.sstable;

/**
 * How much of an SSTable can go as time passes: when its tombstones were made and its values
 * expire, about. Times are counted in stretches of one length, the least power of two seconds with
 * which {@value #MOST_STRETCHES} are enough.
 *
 * <pre>
 * DropTimes := writtenSeconds i64 | itemCount i64
 *            | lengthBits u8 | stretchCount u32 | (stretch i64 | count i64) * stretchCount
 * </pre>
 *
 * @param writtenSeconds when the SSTable was written, by the wall clock
 * @param itemCount cells, row markers and deletions, also those that stay
 * @param lengthBits a stretch has two to the power of so many seconds; stretch 0 begins at the
 *     epoch
 * @param stretches those in which something can go, ascending
 * @param counts how much, of each
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record DropTimes(
    long writtenSeconds, long itemCount, int lengthBits, long[] stretches, long[] counts) {
  static final int MOST_STRETCHES = 64;

  /**
   * The share of what is in the SSTable that was deleted, or expired, before some second: not less
   * than what is told, for a stretch counts once all of it has passed.
   */
  double shareBefore(long seconds) {
    long gone = 0;
    for (int i = 0; i < stretches.length && (stretches[i] + 1) << lengthBits <= seconds; i++) {
      gone += counts[i];
    }
    return itemCount == 0 ? 0 : (double) gone / itemCount;
  }

  void write(ByteWriter out) {
    out.putLong(writtenSeconds);
    out.putLong(itemCount);
    out.putByte(lengthBits);
    out.putInt(stretches.length);
    for (int i = 0; i < stretches.length; i++) {
      out.putLong(stretches[i]);
      out.putLong(counts[i]);
    }
  }

  static DropTimes read(ByteReader in) {
    long writtenSeconds = in.readLong();
    long itemCount = in.readLong();
    int lengthBits = in.readByte();
    int count = in.readInt();
    if (lengthBits >= Long.SIZE || count < 0 || count > MOST_STRETCHES) {
      throw new MalformedException("its drop times are out of range");
    }
    long[] stretches = new long[count];
    long[] counts = new long[count];
    for (int i = 0; i < count; i++) {
      stretches[i] = in.readLong();
      counts[i] = in.readLong();
    }
    return new DropTimes(writtenSeconds, itemCount, lengthBits, stretches, counts);
  }
}
