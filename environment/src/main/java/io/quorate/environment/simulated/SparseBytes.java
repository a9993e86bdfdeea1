package io.quorate.environment.simulated;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** A growable array of bytes in which what was never written is zero and costs nothing. */
final class SparseBytes {
  private static final int CHUNK_BYTES = 4096;

  private final Map<Long, byte[]> chunks = new HashMap<>();
  private long size;

  long size() {
    return size;
  }

  SparseBytes copy() {
    SparseBytes copy = new SparseBytes();
    chunks.forEach((index, chunk) -> copy.chunks.put(index, chunk.clone()));
    copy.size = size;
    return copy;
  }

  void write(long position, byte[] bytes, int length) {
    int done = 0;
    while (done < length) {
      long at = position + done;
      int inChunk = (int) (at % CHUNK_BYTES);
      int count = Math.min(length - done, CHUNK_BYTES - inChunk);
      byte[] chunk = chunks.computeIfAbsent(at / CHUNK_BYTES, index -> new byte[CHUNK_BYTES]);
      System.arraycopy(bytes, done, chunk, inChunk, count);
      done += count;
    }
    size = Math.max(size, position + length);
  }

  /** Fills up to {@code target.remaining()} bytes; how many, or -1 at the end. */
  int read(ByteBuffer target, long position) {
    if (position >= size) {
      return target.hasRemaining() ? -1 : 0;
    }
    int wanted = (int) Math.min(target.remaining(), size - position);
    int done = 0;
    while (done < wanted) {
      long at = position + done;
      int inChunk = (int) (at % CHUNK_BYTES);
      int count = Math.min(wanted - done, CHUNK_BYTES - inChunk);
      byte[] chunk = chunks.get(at / CHUNK_BYTES);
      if (chunk == null) {
        for (int i = 0; i < count; i++) {
          target.put((byte) 0);
        }
      } else {
        target.put(chunk, inChunk, count);
      }
      done += count;
    }
    return wanted;
  }

  void resize(long newSize) {
    if (newSize < size) {
      long firstGone = (newSize + CHUNK_BYTES - 1) / CHUNK_BYTES;
      chunks.keySet().removeIf(index -> index >= firstGone);
      int kept = (int) (newSize % CHUNK_BYTES);
      byte[] last = chunks.get(newSize / CHUNK_BYTES);
      if (last != null) {
        Arrays.fill(last, kept, CHUNK_BYTES, (byte) 0);
      }
    }
    size = newSize;
  }

  void flipBit(long bit) {
    byte[] chunk = chunks.computeIfAbsent(bit / 8 / CHUNK_BYTES, index -> new byte[CHUNK_BYTES]);
    chunk[(int) (bit / 8 % CHUNK_BYTES)] ^= (byte) (1 << (bit % 8));
  }

  /** Bytes of memory that stand for bytes on disk. */
  long allocatedBytes() {
    return (long) chunks.size() * CHUNK_BYTES;
  }
}
