package io.quorate.environment.simulated;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A growable array of bytes in which what was never written is zero and costs next to nothing. */
final class SparseBytes {
  private static final int CHUNK_BYTES = 4096;
  private static final byte[] ZEROS = new byte[CHUNK_BYTES];

  /** Null where nothing was written; as long as the last that was written asks for. */
  private byte[] @Nullable [] chunks = new byte[0][];

  private long size;

  long size() {
    return size;
  }

  SparseBytes copy() {
    SparseBytes copy = new SparseBytes();
    copy.chunks = new byte[chunks.length][];
    for (int i = 0; i < chunks.length; i++) {
      byte[] chunk = chunks[i];
      copy.chunks[i] = chunk == null ? null : chunk.clone();
    }
    copy.size = size;
    return copy;
  }

  void write(long position, byte[] bytes, int length) {
    int done = 0;
    while (done < length) {
      long at = position + done;
      int inChunk = (int) (at % CHUNK_BYTES);
      int count = Math.min(length - done, CHUNK_BYTES - inChunk);
      System.arraycopy(bytes, done, writable(at), inChunk, count);
      done += count;
    }
    size = Math.max(size, position + length);
  }

  /** The chunk that has a byte; made when there is none. */
  private byte[] writable(long at) {
    int index = Math.toIntExact(at / CHUNK_BYTES);
    if (index >= chunks.length) {
      chunks = Arrays.copyOf(chunks, Math.max(index + 1, 2 * chunks.length));
    }
    byte[] chunk = chunks[index];
    if (chunk == null) {
      chunk = new byte[CHUNK_BYTES];
      chunks[index] = chunk;
    }
    return chunk;
  }

  private byte @Nullable [] chunk(long at) {
    long index = at / CHUNK_BYTES;
    return index < chunks.length ? chunks[(int) index] : null;
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
      byte[] chunk = chunk(at);
      target.put(chunk == null ? ZEROS : chunk, inChunk, count);
      done += count;
    }
    return wanted;
  }

  void resize(long newSize) {
    if (newSize < size) {
      long firstGone = (newSize + CHUNK_BYTES - 1) / CHUNK_BYTES;
      if (firstGone < chunks.length) {
        Arrays.fill(chunks, (int) firstGone, chunks.length, null);
      }
      byte[] last = chunk(newSize);
      if (last != null) {
        Arrays.fill(last, (int) (newSize % CHUNK_BYTES), CHUNK_BYTES, (byte) 0);
      }
    }
    size = newSize;
  }

  void flipBit(long bit) {
    writable(bit / 8)[(int) (bit / 8 % CHUNK_BYTES)] ^= (byte) (1 << (bit % 8));
  }

  /** Bytes of memory that stand for bytes on disk. */
  long allocatedBytes() {
    long allocated = 0;
    for (byte[] chunk : chunks) {
      allocated += chunk == null ? 0 : CHUNK_BYTES;
    }
    return allocated;
  }
}
