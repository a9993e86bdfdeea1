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

  private final PackedEntries entries;
  private int[] restarts = new int[8];

  /** What is made, and where it goes on. */
  private byte[] out = RowKeys.LOWEST;

  private int at;

  BlockUnpacker(Partitioner partitioner) {
    this.entries = new PackedEntries(partitioner);
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

  /**
   * Replaces what {@code unpacked} has by the block of the first bytes of an array, which change.
   */
  void unpack(Path file, byte[] packed, int length, ByteWriter unpacked)
      throws CorruptFileException {
    unpacked.clear();
    unpacked.reserve(unpackedLength(packed, length));
    unpack(file, packed, length, unpacked.bytes);
    unpacked.length = at;
  }

  private void unpack(Path file, byte[] packed, int packedLength, byte[] unpacked)
      throws CorruptFileException {
    out = unpacked;
    at = 0;
    int length = unpackedLength(packed, packedLength);
    try {
      entries.over(packed, packedLength);
      unpackEntries();
    } catch (MalformedException | IndexOutOfBoundsException e) {
      throw new CorruptFileException(file, "a block cannot be unpacked: " + e.getMessage());
    }
    if (at != length) {
      throw new CorruptFileException(file, "a block has another length than it says");
    }
  }

  private void unpackEntries() {
    int entryCount = 0;
    while (entries.next()) {
      int shared = entries.shared;
      if (isRestart(entryCount)) {
        putRestart(entryCount / RESTART_INTERVAL);
        shared = 0;
      }
      entryCount++;
      int rest = entries.keyLength - shared;
      putLengths(shared, rest, entries.valueLength);
      put(entries.key, shared, rest);
      put(entries.bytes(), entries.valueOffset, entries.valueLength);
    }
    int restartCount = restartCount(entryCount);
    for (int i = 0; i < restartCount; i++) {
      putInt(restarts[i]);
    }
    putInt(restartCount);
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

  private void put(byte[] source, int offset, int length) {
    ByteWriter.copy(source, offset, out, at, length);
    at += length;
  }

  private void putInt(int value) {
    ByteWriter.setInt(out, at, value);
    at += Integer.BYTES;
  }
}
