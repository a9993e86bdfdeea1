package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.Arrays;

/**
 * Bytes handed out from large arrays and never taken back: the memory of one memtable. An address
 * is a chunk's number and an offset in it, in units of four bytes, in one int. Chunks grow from
 * small to large, so that a table with few rows costs little. Owned by its memtable; not
 * thread-safe.
 */
final class Slab {
  private static final int OFFSET_BITS = 16;
  private static final int LARGEST_CHUNK_BYTES = 4 << OFFSET_BITS;
  private static final int FIRST_CHUNK_BYTES = 4 << 10;
  private static final int MAX_CHUNKS = 1 << (32 - OFFSET_BITS);
  private static final int ARRAY_HEADER_BYTES = 16;

  private byte[][] chunks = new byte[8][];
  private int chunkCount;
  private int fillingChunk;
  private int freeOffset;
  private int freeEnd;
  private long memoryBytes;

  int allocate(int length) {
    int rounded = rounded(length);
    if (rounded > freeEnd - freeOffset) {
      if (rounded > LARGEST_CHUNK_BYTES / 4) {
        return allocateAlone(rounded);
      }
      int size = FIRST_CHUNK_BYTES << Math.min(chunkCount, 6);
      addChunk(Math.max(rounded, size));
      freeOffset = 0;
      freeEnd = chunks[chunkCount - 1].length;
      fillingChunk = chunkCount - 1;
    }
    int address = fillingChunk << OFFSET_BITS | freeOffset >>> 2;
    freeOffset += rounded;
    return address;
  }

  /** Large records get a chunk to themselves; the current one goes on being filled. */
  private int allocateAlone(int length) {
    addChunk(length);
    return (chunkCount - 1) << OFFSET_BITS;
  }

  private void addChunk(int size) {
    Invariant.check(chunkCount < MAX_CHUNKS, "a memtable is flushed in time", chunkCount, size);
    if (chunkCount == chunks.length) {
      chunks = Arrays.copyOf(chunks, 2 * chunkCount);
    }
    chunks[chunkCount++] = new byte[size];
    memoryBytes += size + ARRAY_HEADER_BYTES;
  }

  /** What is taken up by so many bytes. */
  static int rounded(int length) {
    return (length + 3) & -4;
  }

  byte[] chunk(int address) {
    return chunks[address >>> OFFSET_BITS];
  }

  static int offset(int address) {
    return (address & ((1 << OFFSET_BITS) - 1)) << 2;
  }

  long memoryBytes() {
    return memoryBytes;
  }
}
