package io.quorate.sstable;

import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A memtable of a million rows: what a write and a read cost in it, beside what a skip list and a
 * single wait for memory cost at the same hour.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgs = {"-Xmx3g", "--enable-native-access=ALL-UNNAMED", "-XX:+UseCompactObjectHeaders"})
@State(Scope.Thread)
public class MemtableBenchmark {
  private static final int ROWS = 1_000_000;
  private static final int SLICE_ROWS = 100;

  /** What is put, made beforehand. */
  @State(Scope.Benchmark)
  public static class Updates {
    Mutation[] mutations = {};

    @Setup
    public void make() {
      SplittableRandom random = new SplittableRandom(1);
      mutations = new Mutation[ROWS];
      for (int i = 0; i < ROWS; i++) {
        mutations[i] = BenchmarkRows.mutation(i, i + 1, BenchmarkRows.value(random));
      }
    }
  }

  /** A full memtable. */
  @State(Scope.Thread)
  public static class Full {
    final Memtable points = BenchmarkRows.memtable(0, 1, ROWS);
    final Memtable wide = new Memtable();
    final byte[] wideKey = StoreKey.partition(BenchmarkRows.token(7), BenchmarkRows.key(7));
    final SplittableRandom random = new SplittableRandom(2);
    final PartitionMerger merger = new PartitionMerger();
    final FragmentAssembler assembler = new FragmentAssembler();
    final ReadLimits one = BenchmarkRows.onePartition();

    /** Of all rows, in random order, lying in memory in that order: making a key takes time. */
    final byte[][] keys = new byte[ROWS][];

    int next;

    @Setup
    public void fill() {
      int[] order = new int[ROWS];
      for (int i = 0; i < ROWS; i++) {
        int other = random.nextInt(i + 1);
        order[i] = order[other];
        order[other] = i;
      }
      for (int i = 0; i < ROWS; i++) {
        keys[i] = StoreKey.partition(BenchmarkRows.token(order[i]), BenchmarkRows.key(order[i]));
      }
      for (int row = 0; row < ROWS / 10; row++) {
        wide.put(BenchmarkRows.wideRow(7, row, row + 1, BenchmarkRows.value(random)));
      }
      double payload = BenchmarkRows.KEY_BYTES + BenchmarkRows.VALUE_BYTES;
      double bytes = (double) points.memoryBytes() / ROWS;
      System.out.printf(
          "%n# memory: %.1f bytes a row, %.2f of the payload%n", bytes, bytes / payload);
    }

    byte[] nextKey() {
      next = next + 1 == ROWS ? 0 : next + 1;
      return keys[next];
    }

    ReadResult read(Memtable memtable, byte[] key, ReadLimits limits) throws IOException {
      merger.begin(1, Purge.NONE);
      new PartitionSources(merger, key, limits).add(memtable);
      merger.mergeDeletions();
      return assembler.assemble(merger, limits);
    }
  }

  /** One that begins empty with each round of puts. */
  @State(Scope.Thread)
  public static class Filling {
    Memtable memtable = new Memtable();

    @Setup(Level.Invocation)
    public void empty() {
      memtable = new Memtable();
    }
  }

  @Benchmark
  @OperationsPerInvocation(ROWS)
  public Memtable put(Updates updates, Filling filling) {
    for (Mutation mutation : updates.mutations) {
      filling.memtable.put(mutation);
    }
    return filling.memtable;
  }

  /** Every row anew, with a later timestamp and another value of the same length. */
  @State(Scope.Thread)
  public static class Updated {
    final Memtable memtable = BenchmarkRows.memtable(0, 1, ROWS);
    final Mutation[] mutations = new Mutation[1 << 18];
    int next;

    @Setup
    public void make() {
      SplittableRandom random = new SplittableRandom(3);
      for (int i = 0; i < mutations.length; i++) {
        mutations[i] =
            BenchmarkRows.mutation(random.nextInt(ROWS), ROWS + i, BenchmarkRows.value(random));
      }
    }
  }

  /** Puts a row that is there already. */
  @Benchmark
  public Memtable update(Updated updated) {
    updated.memtable.put(updated.mutations[updated.next++ & updated.mutations.length - 1]);
    return updated.memtable;
  }

  /** Finds a row by its key. */
  @Benchmark
  public int get(Full full) {
    RowCursor row = Objects.requireNonNull(full.points.row(full.nextKey(), BenchmarkRows.ROW));
    return row.bodyBytes[row.bodyOffset + row.bodyLength - 1];
  }

  /** The JDK's ordered map of the same keys, which shows what the hour makes of a lookup. */
  @State(Scope.Thread)
  public static class SkipList {
    final ConcurrentSkipListMap<byte[], byte[]> map =
        new ConcurrentSkipListMap<>(Arrays::compareUnsigned);

    @Setup
    public void fill(Full full) {
      SplittableRandom random = new SplittableRandom(4);
      for (byte[] key : full.keys) {
        map.put(key.clone(), BenchmarkRows.value(random));
      }
    }
  }

  /** Finds a key in a skip list of a million, to compare {@link #get} with. */
  @Benchmark
  public int skipListGet(Full full, SkipList skipList) {
    byte[] value = Objects.requireNonNull(skipList.map.get(full.nextKey()));
    return value[value.length - 1];
  }

  /** As much memory as a memtable of a million rows takes, each word of it a way to another. */
  @State(Scope.Thread)
  public static class Chain {
    final int[] next = new int[40 << 20];
    int at;

    @Setup
    public void link() {
      // One circle through all words (Sattolo's shuffle).
      SplittableRandom random = new SplittableRandom(5);
      Arrays.setAll(next, i -> i);
      for (int i = next.length - 1; i > 0; i--) {
        int other = random.nextInt(i);
        int word = next[i];
        next[i] = next[other];
        next[other] = word;
      }
    }
  }

  /** One wait for memory, which no lookup among so many rows goes below. */
  @Benchmark
  public int oneWait(Chain chain) {
    chain.at = chain.next[chain.at];
    return chain.at;
  }

  /** The same with the fragment that a replica answers. */
  @Benchmark
  public ReadResult read(Full full) throws IOException {
    return full.read(full.points, full.nextKey(), full.one);
  }

  /** The same for 100 consecutive rows. */
  @Benchmark
  public ReadResult slice(Full full) throws IOException {
    int first = full.random.nextInt(ROWS / 10 - SLICE_ROWS);
    return full.read(full.wide, full.wideKey, BenchmarkRows.slice(first, SLICE_ROWS));
  }
}
