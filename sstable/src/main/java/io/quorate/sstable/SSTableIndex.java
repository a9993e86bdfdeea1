package io.quorate.sstable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Where each data block stands and the keys that divide them; resident while the table is open.
 * Immutable.
 *
 * <pre>
 * Index := blockCount u32 | block*
 * Block := position i64 | storedLength u32 | dividerLength uvarint | divider
 * </pre>
 *
 * <p>A divider is the shortest key that is above the block's last key and not above the next
 * block's first: with tokens in front a few bytes. The first eight bytes of each stand in an array
 * of their own, where almost every search ends.
 *
 * <p>Tokens are hashes, spread evenly over what the table covers. So a search does not halve the
 * table again and again, but begins near to its end: the range of prefixes is cut into steps of
 * equal width, a quarter as many as there are blocks or up to as many, and for each it is known
 * where it begins.
 */
final class SSTableIndex {
  private final byte[] content;
  private final long[] positions;
  private final int[] lengths;
  private final int[] dividerOffsets;
  private final int[] dividerLengths;

  /** First eight bytes of the dividers, as numbers that compare signed. */
  private final long[] prefixes;

  /** A step is so many bits of the prefixes wide. */
  private final int stepBits;

  /** At a step the first block whose prefix lies in it or above; one more at the end. */
  private final int[] stepStarts;

  private SSTableIndex(byte[] content, int blockCount, ByteReader in) {
    this.content = content;
    this.positions = new long[blockCount];
    this.lengths = new int[blockCount];
    this.dividerOffsets = new int[blockCount];
    this.dividerLengths = new int[blockCount];
    this.prefixes = new long[blockCount];
    for (int i = 0; i < blockCount; i++) {
      positions[i] = in.readLong();
      lengths[i] = in.readInt();
      int length = in.readLength();
      dividerOffsets[i] = in.position;
      dividerLengths[i] = length;
      prefixes[i] = prefix(content, in.position, length);
      in.skip(length);
    }
    long range = prefixes[blockCount - 1] - prefixes[0];
    this.stepBits = Math.max(0, bitsOf(range) - bitsOf(blockCount) + 1);
    this.stepStarts = stepStarts((int) (range >>> stepBits) + 2);
  }

  static SSTableIndex read(Path file, byte[] content) throws IOException {
    ByteReader in = new ByteReader();
    in.over(content, 0, content.length);
    int blockCount = in.readInt();
    if (blockCount <= 0 || blockCount > content.length / 13) {
      throw new CorruptFileException(file, "index of " + blockCount + " blocks");
    }
    return new SSTableIndex(content, blockCount, in);
  }

  private int[] stepStarts(int count) {
    int[] starts = new int[count];
    int block = 0;
    for (int step = 0; step < count; step++) {
      while (block < prefixes.length && stepOf(prefixes[block]) < step) {
        block++;
      }
      starts[step] = block;
    }
    return starts;
  }

  private static int bitsOf(long number) {
    return Long.SIZE - Long.numberOfLeadingZeros(number);
  }

  private int stepOf(long prefix) {
    return (int) ((prefix - prefixes[0]) >>> stepBits);
  }

  int blockCount() {
    return positions.length;
  }

  long position(int block) {
    return positions[block];
  }

  int storedLength(int block) {
    return lengths[block];
  }

  /** The least token that a key not below a block's divider can have. */
  long leastToken(int block) {
    return prefixes[block];
  }

  /** The block that has a key, if any has it; {@link #blockCount} when all entries are below. */
  int blockOf(byte[] key, int length) {
    long prefix = prefix(key, 0, length);
    if (prefix < prefixes[0]) {
      return 0;
    }
    if (prefix > prefixes[prefixes.length - 1]) {
      return prefixes.length;
    }
    int step = stepOf(prefix);
    int low = stepStarts[step];
    int high = stepStarts[step + 1];
    while (low < high) {
      int middle = (low + high) >>> 1;
      int order = Long.compare(prefixes[middle], prefix);
      if (order == 0) {
        order =
            Arrays.compareUnsigned(
                content,
                dividerOffsets[middle],
                dividerOffsets[middle] + dividerLengths[middle],
                key,
                0,
                length);
      }
      if (order <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The last 0 to 7 bytes of a short key count as zeros; then the whole keys decide. */
  private static long prefix(byte[] key, int offset, int length) {
    long prefix = 0;
    if (length >= 8) {
      prefix = ByteReader.longAt(key, offset);
    } else {
      for (int i = 0; i < 8; i++) {
        prefix = prefix << 8 | (i < length ? key[offset + i] & 0xFF : 0);
      }
    }
    return prefix ^ Long.MIN_VALUE;
  }
}
