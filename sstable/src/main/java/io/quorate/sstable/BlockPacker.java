package io.quorate.sstable;

/**
 * Packs entries to a data block as it stands in a file. {@link BlockUnpacker} makes of it one that
 * can be searched.
 *
 * <pre>
 * Packed := entry* | unpackedLength u32
 * Entry  := control u8
 *         | [token i64 with its sign bit flipped]                  if TOKEN
 *         | [keyLength u16]                                        if PARTITION, not SAME_LENGTH
 *         | [key]                                                  if PARTITION
 *         | [rowLength uvarint | row]                              if PARTITION, not SAME_ROW
 *         | [rowShared uvarint | rowRest uvarint | rest of row]    unless PARTITION
 *         | valueRest uvarint | rest of value
 *   control: 80 PARTITION (another than that of the entry before), 40 SAME_LENGTH of its key and
 *            20 SAME_ROW as in the entry before, 10 TOKEN (not the one that the {@link Partitioner}
 *            gives); the low four bits tell how many bytes the value shares with the value before,
 *            from its start
 * </pre>
 *
 * <p>The first entry of a block has PARTITION and shares nothing, so a block begins with 80 or more
 * where one of versions 1 and 2 of the file, which is not packed, begins with 0. What values share
 * is mostly their flags and the high bytes of their timestamps.
 *
 * <p>Reused, not thread-safe.
 */
final class BlockPacker {
  static final int PARTITION = 0x80;
  static final int SAME_LENGTH = 0x40;
  static final int SAME_ROW = 0x20;
  static final int TOKEN = 0x10;
  static final int VALUE_SHARED = 0x0F;

  /** Bytes of an entry beside its key and its value: the control and three lengths, at most. */
  private static final int MOST_BESIDES = 1 + 3 * 5;

  private final Partitioner partitioner;
  private final ByteWriter out = new ByteWriter(8 << 10);
  private int entryCount;
  private int unpackedBytes;

  /** Start of the value of the entry before. */
  private long valueStart;

  private long valueSecond;
  private int valueLengthBefore;

  BlockPacker(Partitioner partitioner) {
    this.partitioner = partitioner;
  }

  void clear() {
    out.clear();
    entryCount = 0;
    unpackedBytes = 0;
    valueLengthBefore = 0;
  }

  /**
   * Adds an entry.
   *
   * @param step how the key follows that of the entry before, also where that one stands in another
   *     block
   * @param hasPartitionersToken whether it is known that the key has the partitioner's token
   */
  void add(
      KeyStep step, boolean hasPartitionersToken, byte[] value, int valueOffset, int valueLength) {
    boolean first = entryCount == 0;
    boolean samePartition = !first && !step.newPartition;
    int sharedUnpacked =
        BlockUnpacker.isRestart(entryCount)
            ? 0
            : samePartition ? step.shared : Math.min(step.shared, 8);
    unpackedBytes += BlockUnpacker.entryBytes(sharedUnpacked, step.keyLength, valueLength);
    entryCount++;
    int valueShared = valueShared(value, valueOffset, valueLength);
    // Once for all that follows, which is many short pieces.
    out.reserve(MOST_BESIDES + step.keyLength + valueLength);
    out.length =
        samePartition
            ? addRow(step, valueShared)
            : addPartition(step, first, hasPartitionersToken, valueShared);
    out.length =
        setLengthPrefixed(out.length, value, valueOffset + valueShared, valueLength - valueShared);
  }

  /** Sets bytes and their number in front of them; returns where they end. */
  private int setLengthPrefixed(int at, byte[] bytes, int offset, int length) {
    int start = ByteWriter.setUvarint(out.bytes, at, length);
    ByteWriter.copy(bytes, offset, out.bytes, start, length);
    return start + length;
  }

  /** How many of its first bytes a value shares with that of the entry before. */
  private int valueShared(byte[] value, int offset, int length) {
    long start = start(value, offset, length);
    long second = start(value, offset + 8, length - 8);
    long differing = start ^ valueStart;
    int shared =
        differing != 0
            ? Long.numberOfLeadingZeros(differing) / Byte.SIZE
            : 8 + Long.numberOfLeadingZeros(second ^ valueSecond) / Byte.SIZE;
    int limit = Math.min(length, valueLengthBefore);
    valueStart = start;
    valueSecond = second;
    valueLengthBefore = length;
    return Math.min(shared, Math.min(limit, VALUE_SHARED));
  }

  /** The first eight bytes, as far as there are so many. */
  private static long start(byte[] bytes, int offset, int length) {
    if (length >= 8) {
      return ByteReader.longAt(bytes, offset);
    }
    long start = 0;
    for (int i = 0; i < length; i++) {
      start |= (bytes[offset + i] & 0xFFL) << (56 - 8 * i);
    }
    return start;
  }

  /** Returns where what was added ends. */
  private int addPartition(
      KeyStep step, boolean first, boolean hasPartitionersToken, int valueShared) {
    byte[] key = step.key;
    int partition = step.partitionLength;
    boolean sameLength = step.sameLength && !first;
    boolean sameRow = step.sameRow && !first;
    boolean ownToken =
        !hasPartitionersToken
            && StoreKey.token(key, 0) != partitioner.token(key, 10, partition - 10);
    byte[] to = out.bytes;
    int at = out.length;
    to[at++] =
        (byte)
            (PARTITION
                | (sameLength ? SAME_LENGTH : 0)
                | (sameRow ? SAME_ROW : 0)
                | (ownToken ? TOKEN : 0)
                | valueShared);
    if (ownToken) {
      ByteWriter.setLong(to, at, ByteReader.longAt(key, 0));
      at += Long.BYTES;
    }
    int from = sameLength ? 10 : 8;
    ByteWriter.copy(key, from, to, at, partition - from);
    at += partition - from;
    return sameRow ? at : setLengthPrefixed(at, key, partition, step.keyLength - partition);
  }

  /** Returns where what was added ends. */
  private int addRow(KeyStep step, int valueShared) {
    out.bytes[out.length] = (byte) valueShared;
    int at = ByteWriter.setUvarint(out.bytes, out.length + 1, step.shared - step.partitionLength);
    return setLengthPrefixed(at, step.key, step.shared, step.keyLength - step.shared);
  }

  boolean isEmpty() {
    return entryCount == 0;
  }

  int sizeBytes() {
    return out.length + 4;
  }

  /** Ends the block; its content is the first bytes of the result, valid until cleared. */
  ByteWriter finish() {
    out.putInt(unpackedBytes + BlockUnpacker.restartBytes(entryCount));
    return out;
  }
}
