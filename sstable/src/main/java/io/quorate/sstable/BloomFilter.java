package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells which partitions an SSTable certainly does not have. Keys are 64-bit hashes: a partition's
 * token, which is a Murmur3 hash already, and a scrambled one for a partition that has a head.
 *
 * <p>The bits of one key lie in one run of 512, so that a look costs one cache miss (Putze,
 * Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007). That costs some
 * precision, which is paid for with a tenth more bits.
 *
 * <pre>
 * Filter := probes u8 | word u64 * (8 * runCount)
 * </pre>
 */
final class BloomFilter {
  private static final int WORDS_PER_RUN = 8;
  private static final int BATCH_KEYS = 64;
  private static final long HEAD_SALT = 0x9E37_79B9_7F4A_7C15L;

  /** Gathers the keys of an SSTable until it is known how many they are. Not thread-safe. */
  static final class Builder {
    private static final int PIECE_KEYS = 8 << 10;

    private final List<long[]> fullPieces = new ArrayList<>();
    private long[] piece = new long[PIECE_KEYS];
    private int pieceKeys;

    /** Adds a partition; its rows need no more. */
    void addPartition(long token) {
      add(partitionHash(token));
    }

    /** Adds that a partition has a head. */
    void addHead(long token) {
      add(headHash(token));
    }

    private void add(long hash) {
      if (pieceKeys == PIECE_KEYS) {
        fullPieces.add(piece);
        piece = new long[PIECE_KEYS];
        pieceKeys = 0;
      }
      piece[pieceKeys++] = hash;
    }

    BloomFilter build(double falsePositiveChance) {
      BloomFilter filter = forKeys(fullPieces.size() * PIECE_KEYS + pieceKeys, falsePositiveChance);
      for (long[] full : fullPieces) {
        filter.addAll(full, PIECE_KEYS);
      }
      filter.addAll(piece, pieceKeys);
      return filter;
    }
  }

  private final int probes;
  private final long[] words;
  private final int runCount;

  private BloomFilter(int probes, long[] words) {
    this.probes = probes;
    this.words = words;
    this.runCount = words.length / WORDS_PER_RUN;
  }

  private static BloomFilter forKeys(int keyCount, double falsePositiveChance) {
    Invariant.check(
        falsePositiveChance > 0 && falsePositiveChance <= 1, "a chance is within (0, 1]");
    double bitsPerKey = -Math.log(falsePositiveChance) / (Math.log(2) * Math.log(2)) * 1.1;
    int probes = Math.max(1, (int) Math.round(bitsPerKey * Math.log(2)));
    long runs = Math.max(1, (long) Math.ceil(bitsPerKey * keyCount / 512));
    return new BloomFilter(
        Math.min(probes, 30), new long[(int) Math.min(runs, 1 << 24) * WORDS_PER_RUN]);
  }

  static BloomFilter read(byte[] content) {
    ByteReader in = new ByteReader();
    in.over(content, 0, content.length);
    int probes = in.readByte();
    long[] words = new long[(content.length - 1) / 8];
    for (int i = 0; i < words.length; i++) {
      words[i] = in.readLong();
    }
    return new BloomFilter(probes, words);
  }

  void write(ByteWriter out) {
    out.putByte(probes);
    for (long word : words) {
      out.putLong(word);
    }
  }

  static long partitionHash(long token) {
    return mix(token);
  }

  static long headHash(long token) {
    return mix(token ^ HEAD_SALT);
  }

  /**
   * Adds keys, a bit of each of many, then the next of each: a change of a word waits for the one
   * before it if that may have been of the same word. Which bits they are is worked out beforehand,
   * several at once.
   */
  private void addAll(long[] hashes, int count) {
    long[] runs = new long[BATCH_KEYS];
    long[] states = new long[BATCH_KEYS];
    long[] bits = new long[BATCH_KEYS];
    for (int from = 0; from < count; from += BATCH_KEYS) {
      int batch = Math.min(BATCH_KEYS, count - from);
      for (int i = 0; i < batch; i++) {
        runs[i] = (long) run(hashes[from + i]) * Long.SIZE;
        states[i] = hashes[from + i] * HEAD_SALT;
      }
      for (int probe = 0; probe < probes; probe++) {
        for (int i = 0; i < batch; i++) {
          long state = states[i];
          bits[i] = runs[i] + bit(state);
          states[i] = next(state, probe);
        }
        set(bits, batch);
      }
    }
  }

  private void set(long[] bits, int count) {
    for (int i = 0; i < count; i++) {
      words[(int) (bits[i] >>> 6)] |= 1L << bits[i];
    }
  }

  /** Which bit of a run is the next, in the state of a key's probes. */
  private static long bit(long state) {
    return state >>> 55;
  }

  private static long next(long state, int probe) {
    return (state << 9 | state >>> 55) * 5 + probe;
  }

  boolean mayContain(long hash) {
    int run = run(hash);
    long state = hash * HEAD_SALT;
    for (int i = 0; i < probes; i++) {
      int bit = (int) bit(state);
      if ((words[run + (bit >>> 6)] & 1L << bit) == 0) {
        return false;
      }
      state = next(state, i);
    }
    return true;
  }

  private int run(long hash) {
    return (int) Math.unsignedMultiplyHigh(hash, runCount) * WORDS_PER_RUN;
  }

  /** The finalizer of Murmur3, so that tokens chosen to share high bits still spread. */
  private static long mix(long value) {
    long hash = value;
    hash = (hash ^ hash >>> 33) * 0xFF51_AFD7_ED55_8CCDL;
    hash = (hash ^ hash >>> 33) * 0xC4CE_B9FE_1A85_EC53L;
    return hash ^ hash >>> 33;
  }

  long memoryBytes() {
    return 8L * words.length + 40;
  }
}
