package io.quorate.sstable;

import java.nio.file.Path;
import java.util.Arrays;

/**
 * Makes of a data block as it stands in a file (drawn at {@link BlockPacker}) one that can be
 * searched, as it is kept in memory. A key leaves out what it shares with the one before, except at
 * a restart, every 16 entries, where a search can begin.
 *
 * <pre>
 * Block := entry* | restartOffset u32 * restartCount | restartCount u32
 * Entry := sharedLength uvarint | restLength uvarint | valueLength uvarint | rest of key | value
 * </pre>
 *
 * <p>In files of versions 1 and 2 data blocks stand like this, too.
 *
 * <p>The block's checksum was verified, so its structure is trusted as far as bounds checks of
 * arrays go. Reused, not thread-safe.
 */
final class BlockUnpacker {
  private static final int RESTART_INTERVAL = 16;

  private final Partitioner partitioner;
  private final ByteReader in = new ByteReader();
  private int[] restarts = new int[8];

  /** The partition of the entry that was unpacked last; its key stands in the packed block. */
  private long token;

  private int partitionKeyAt;
  private int partitionKeyLength;

  /** The row of that entry, and how much of it is that of the entry before. */
  private byte[] row = new byte[32];

  private int rowLength;
  private int rowShared;

  /** What is made, and where it goes on. */
  private byte[] out = RowKeys.LOWEST;

  private int at;

  BlockUnpacker(Partitioner partitioner) {
    this.partitioner = partitioner;
  }

  /** Whether the entry behind so many others begins anew. */
  static boolean isRestart(int entriesBefore) {
    return entriesBefore % RESTART_INTERVAL == 0;
  }

  /** How many bytes an entry takes that leaves out some of its key. */
  static int entryBytes(int shared, int keyLength, int valueLength) {
    int rest = keyLength - shared;
    int lengths =
        (shared | rest | valueLength) < 0x80
            ? 3
            : ByteWriter.uvarintSize(shared)
                + ByteWriter.uvarintSize(rest)
                + ByteWriter.uvarintSize(valueLength);
    return lengths + rest + valueLength;
  }

  /** How many bytes stand behind so many entries. */
  static int restartBytes(int entryCount) {
    return Integer.BYTES * (restartCount(entryCount) + 1);
  }

  private static int restartCount(int entryCount) {
    return (entryCount + RESTART_INTERVAL - 1) / RESTART_INTERVAL;
  }

  /** The block of a file's content, which in versions 1 and 2 is not packed. */
  static byte[] searchable(Path file, byte[] content, Partitioner partitioner)
      throws CorruptFileException {
    return isPacked(content) ? unpacked(file, content, content.length, partitioner) : content;
  }

  /** The block of the first bytes of an array. */
  static byte[] unpacked(Path file, byte[] packed, int length, Partitioner partitioner)
      throws CorruptFileException {
    byte[] out = new byte[unpackedLength(packed, length)];
    new BlockUnpacker(partitioner).unpack(file, packed, length, out);
    return out;
  }

  static boolean isPacked(byte[] content) {
    return content[0] < 0;
  }

  private static int unpackedLength(byte[] packed, int length) {
    return ByteReader.intAt(packed, length - Integer.BYTES);
  }

  /** Replaces what {@code unpacked} has by the block of the first bytes of an array. */
  void unpack(Path file, byte[] packed, int length, ByteWriter unpacked)
      throws CorruptFileException {
    unpacked.clear();
    unpacked.reserve(unpackedLength(packed, length));
    unpack(file, packed, length, unpacked.bytes);
    unpacked.length = at;
  }

  private void unpack(Path file, byte[] packed, int length, byte[] unpacked)
      throws CorruptFileException {
    out = unpacked;
    at = 0;
    try {
      in.over(packed, 0, length - Integer.BYTES);
      unpackEntries();
    } catch (MalformedException | IndexOutOfBoundsException e) {
      throw new CorruptFileException(file, "a block cannot be unpacked: " + e.getMessage());
    }
    if (at != unpackedLength(packed, length)) {
      throw new CorruptFileException(file, "a block has another length than it says");
    }
  }

  private void unpackEntries() {
    rowLength = 0;
    int valueBefore = 0;
    int entryCount = 0;
    while (in.hasRemaining()) {
      int control = in.readByte();
      int shared = (control & BlockPacker.PARTITION) != 0 ? readPartition(control) : readRow();
      int valueShared = control & BlockPacker.VALUE_SHARED;
      int valueRest = in.readLength();
      if (isRestart(entryCount)) {
        putRestart(entryCount / RESTART_INTERVAL);
        shared = 0;
      }
      entryCount++;
      putLengths(shared, 10 + partitionKeyLength + rowLength - shared, valueShared + valueRest);
      putKey(shared);
      int valueAt = at;
      put(out, valueBefore, valueShared);
      put(in.bytes, in.position, valueRest);
      in.position += valueRest;
      valueBefore = valueAt;
    }
    int restartCount = restartCount(entryCount);
    for (int i = 0; i < restartCount; i++) {
      putInt(restarts[i]);
    }
    putInt(restartCount);
  }

  /** Reads the key of another partition's entry; returns what it shares with the one before. */
  private int readPartition(int control) {
    long tokenBefore = token;
    boolean ownToken = (control & BlockPacker.TOKEN) != 0;
    token = ownToken ? in.readLong() : 0;
    if ((control & BlockPacker.SAME_LENGTH) == 0) {
      partitionKeyLength = in.readUnsignedShort();
    }
    partitionKeyAt = in.position;
    in.skip(partitionKeyLength);
    if (!ownToken) {
      token = partitioner.token(in.bytes, partitionKeyAt, partitionKeyLength) ^ Long.MIN_VALUE;
    }
    if ((control & BlockPacker.SAME_ROW) == 0) {
      takeRow(0, in.readLength());
    }
    return Long.numberOfLeadingZeros(token ^ tokenBefore) / Byte.SIZE;
  }

  /** Reads the key of an entry of the same partition; returns what it shares. */
  private int readRow() {
    int shared = in.readUvarint();
    takeRow(Math.min(shared, rowLength), in.readLength());
    return 10 + partitionKeyLength + rowShared;
  }

  private void takeRow(int shared, int rest) {
    if (shared + rest > row.length) {
      row = Arrays.copyOf(row, 2 * (shared + rest));
    }
    System.arraycopy(in.bytes, in.position, row, shared, rest);
    in.position += rest;
    rowShared = shared;
    rowLength = shared + rest;
  }

  private void putRestart(int index) {
    if (index == restarts.length) {
      restarts = Arrays.copyOf(restarts, 2 * index);
    }
    restarts[index] = at;
  }

  private void putLengths(int shared, int rest, int valueLength) {
    if ((shared | rest | valueLength) < 0x80) {
      out[at] = (byte) shared;
      out[at + 1] = (byte) rest;
      out[at + 2] = (byte) valueLength;
      at += 3;
    } else {
      at = ByteWriter.setUvarint(out, at, shared);
      at = ByteWriter.setUvarint(out, at, rest);
      at = ByteWriter.setUvarint(out, at, valueLength);
    }
  }

  /** Puts the key but for its first bytes, which end within the token or within the row. */
  private void putKey(int shared) {
    if (shared > 8) {
      int sharedOfRow = shared - 10 - partitionKeyLength;
      put(row, sharedOfRow, rowLength - sharedOfRow);
      return;
    }
    // What this writes too much is written over: something follows each key.
    ByteWriter.setLong(out, at, shared == 8 ? 0 : token << (shared * Byte.SIZE));
    at += 8 - shared;
    ByteWriter.setShort(out, at, partitionKeyLength);
    at += 2;
    put(in.bytes, partitionKeyAt, partitionKeyLength);
    put(row, 0, rowLength);
  }

  /** Few bytes are copied as sixteen, where there is room for so many: that is a call less. */
  private void put(byte[] source, int offset, int length) {
    if (length <= 16 && offset + 16 <= source.length && at + 16 <= out.length) {
      long first = ByteReader.longAt(source, offset);
      long second = ByteReader.longAt(source, offset + 8);
      ByteWriter.setLong(out, at, first);
      ByteWriter.setLong(out, at + 8, second);
    } else {
      System.arraycopy(source, offset, out, at, length);
    }
    at += length;
  }

  private void putInt(int value) {
    ByteWriter.setInt(out, at, value);
    at += Integer.BYTES;
  }
}
