package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.environment.Shard;
import io.quorate.environment.real.RealEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What moves much at once, in bytes a microsecond, which is MB a second, of keys and values:
 * flushing a memtable, compacting four SSTables, replaying a commit log. {@link #limit} is what one
 * core can do at best: LZ4 and CRC-32C of the same bytes in blocks of the same size. A compaction
 * has to read them first: {@link #readLimit}.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(
    value = 1,
    jvmArgs = {"-Xmx3g", "--enable-native-access=ALL-UNNAMED", "-XX:+UseCompactObjectHeaders"})
@State(Scope.Benchmark)
public class WriteBenchmark {
  private static final int ROWS = 250_000;
  private static final int ROW_BYTES =
      10 + BenchmarkRows.KEY_BYTES + 1 + 15 + BenchmarkRows.VALUE_BYTES;
  private static final int DATA_BYTES = ROWS * ROW_BYTES;
  private static final int LOGGED_ROWS = 1_000_000;
  private static final int BLOCK_BYTES = 4 << 10;

  /** Of the node that replays. */
  private static final int SHARDS = 2;

  private final RealEnvironment real = new RealEnvironment(1, Throwable::printStackTrace);
  private final FileSystem files = real.environment().files();
  private final List<SSTable> inputs = new ArrayList<>();
  private Path directory = Path.of("");
  private Memtable memtable = new Memtable();
  private byte[] plain = {};
  private final ByteWriter out = new ByteWriter(DATA_BYTES);

  /** Of the blocks that {@link #limit} leaves in {@link #out}. */
  private final int[] blockLengths = new int[DATA_BYTES / BLOCK_BYTES + 1];

  private final ByteWriter content = new ByteWriter(2 * BLOCK_BYTES);

  @Setup
  public void write() throws Exception {
    directory = Files.createTempDirectory("quorate-benchmark");
    memtable = BenchmarkRows.memtable(0, 1, ROWS);
    for (int i = 0; i < 4; i++) {
      Memtable part = BenchmarkRows.memtable(i, 4, ROWS / 4);
      Path path = directory.resolve(i + ".sst");
      BenchmarkTables.write(files, path, List.of(part.cursor()));
      inputs.add(SSTable.open(files, path, i, 0, new BlockCache(0), BenchmarkRows.PARTITIONER));
    }
    ByteWriter bytes = new ByteWriter(DATA_BYTES);
    EntryCursor cursor = memtable.cursor();
    for (boolean on = cursor.seekAtOrAfter(RowKeys.LOWEST, 0); on; on = cursor.next()) {
      bytes.put(cursor.keyBytes, cursor.keyOffset, cursor.keyLength);
      bytes.put(cursor.valueBytes, cursor.valueOffset, cursor.valueLength);
    }
    plain = bytes.toBytes();
    limit();
  }

  @TearDown
  public void delete() throws IOException {
    for (SSTable table : inputs) {
      table.release();
    }
    BenchmarkTables.deleteAll(directory);
    real.close();
  }

  private Path output() {
    return directory.resolve("output.sst");
  }

  /** The end of a file costs as much as a fifth of its making, and belongs to neither. */
  @TearDown(Level.Invocation)
  public void deleteOutput() throws IOException {
    if (files.exists(output())) {
      files.delete(output());
    }
  }

  @Benchmark
  @OperationsPerInvocation(DATA_BYTES)
  public int limit() {
    out.clear();
    for (int at = 0; at < plain.length; at += BLOCK_BYTES) {
      byte[] block = Arrays.copyOfRange(plain, at, Math.min(plain.length, at + BLOCK_BYTES));
      blockLengths[at / BLOCK_BYTES] =
          StoredBlock.append(out, block, block.length, Compression.LZ4);
    }
    return out.length;
  }

  @Benchmark
  @OperationsPerInvocation(DATA_BYTES)
  public int readLimit() throws IOException {
    int at = 0;
    int read = 0;
    for (int i = 0; at < out.length; i++) {
      StoredBlock.content(directory, at, out.bytes, at, blockLengths[i], content);
      at += blockLengths[i];
      read += content.length;
    }
    return read;
  }

  @Benchmark
  @OperationsPerInvocation(DATA_BYTES)
  public void flush() throws IOException {
    Path path = output();
    BenchmarkTables.flush(files, path, memtable);
  }

  @Benchmark
  @OperationsPerInvocation(DATA_BYTES)
  public void compact() throws IOException {
    Path path = output();
    BenchmarkTables.write(
        files, path, inputs.stream().map(input -> input.scanCursor(bytes -> {})).toList());
  }

  /** How near to {@link #limit} the others came, in rounds in which each had its turn. */
  @State(Scope.Thread)
  public static class Turns {
    private final List<Double> flushes = new ArrayList<>();
    private final List<Double> compactions = new ArrayList<>();
    private final List<Double> compactionsWithReading = new ArrayList<>();

    /** Later rounds only: in the first half the compiler was at work. */
    private static double median(List<Double> ratios) {
      List<Double> late = ratios.subList(ratios.size() / 2, ratios.size());
      return late.stream().sorted().toList().get(late.size() / 2);
    }

    @TearDown
    public void print() {
      System.out.printf(
          "%n# of the limit: flush %.2f, compaction %.2f of writing, %.2f of reading and writing"
              + " (medians of %d rounds)%n",
          median(flushes),
          median(compactions),
          median(compactionsWithReading),
          flushes.size() - flushes.size() / 2);
    }
  }

  /**
   * Prints what flush and compaction are of the limit, 1 being as quick. An hour is not like
   * another, nor one second like the next; so they take turns.
   */
  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  @Warmup(iterations = 0)
  @Measurement(iterations = 100)
  public void turns(Turns turns) throws IOException {
    double limit = nanos(this::limit);
    double readLimit = nanos(this::readLimit);
    turns.flushes.add(limit / nanos(this::flush));
    deleteOutput();
    double compaction = nanos(this::compact);
    turns.compactions.add(limit / compaction);
    turns.compactionsWithReading.add((limit + readLimit) / compaction);
  }

  private interface Work {
    void run() throws IOException;
  }

  private static long nanos(Work work) throws IOException {
    long start = System.nanoTime();
    work.run();
    return System.nanoTime() - start;
  }

  /** A log that no flush has shortened, and a copy of it for each start, which uses it up. */
  @State(Scope.Thread)
  public static class Crashed {
    private RealEnvironment real = new RealEnvironment(SHARDS, Throwable::printStackTrace);
    private Path logged = Path.of("");
    private Path copy = Path.of("");
    private @Nullable StorageEngine started;

    @Setup(Level.Trial)
    public void write(WriteBenchmark benchmark) throws Exception {
      logged = benchmark.directory.resolve("logged");
      StorageEngine engine =
          StorageEngine.open(real.environment(), logged, BenchmarkRows.PARTITIONER, roomy());
      await(done ->
          engine.createTable(BenchmarkRows.TABLE, TableSettings.DEFAULT, failure -> done.run()));
      SplittableRandom random = new SplittableRandom(5);
      Semaphore inFlight = new Semaphore(1_000);
      for (int i = 0; i < LOGGED_ROWS; i++) {
        Mutation mutation = BenchmarkRows.mutation(i, i + 1, BenchmarkRows.value(random));
        inFlight.acquire();
        Shard shard = real.environment().shards().owner(mutation.token());
        shard.execute(() -> engine.apply(mutation, shard, outcome -> inFlight.release()));
      }
      inFlight.acquire(1_000);
      await(engine::close);
      real.close();
    }

    /** Memory for all rows at once. */
    private static EngineOptions roomy() {
      EngineOptions o = EngineOptions.DEFAULT;
      return new EngineOptions(
          o.syncMode(),
          o.syncPeriodMillis(),
          o.segmentBytes(),
          o.commitLogBytes(),
          1L << 30,
          o.memtableMaxAgeMillis(),
          o.blockCacheBytes(),
          o.reservedDiskBytes(),
          o.readEffort());
    }

    @Setup(Level.Invocation)
    public void copy(WriteBenchmark benchmark) throws IOException {
      copy = Files.createTempDirectory(benchmark.directory, "crashed");
      try (Stream<Path> all = Files.walk(logged)) {
        for (Path path : all.filter(Files::isRegularFile).toList()) {
          Path to = copy.resolve(logged.relativize(path).toString());
          Path parent = to.getParent();
          if (parent != null) {
            Files.createDirectories(parent);
          }
          Files.copy(path, to);
        }
      }
      real = new RealEnvironment(SHARDS, Throwable::printStackTrace);
    }

    private StorageEngine start() throws IOException {
      StorageEngine engine =
          StorageEngine.open(
              real.environment(), copy, BenchmarkRows.PARTITIONER, EngineOptions.DEFAULT);
      started = engine;
      return engine;
    }

    private static void await(Consumer<Runnable> action) throws InterruptedException {
      CountDownLatch done = new CountDownLatch(1);
      action.accept(done::countDown);
      done.await();
    }

    @TearDown(Level.Invocation)
    public void delete() throws Exception {
      StorageEngine engine = Objects.requireNonNull(started);
      await(done -> engine.drain(failure -> done.run()));
      await(engine::close);
      real.close();
      BenchmarkTables.deleteAll(copy);
    }
  }

  /** From opening the directory until all that the log holds can be read. */
  @Benchmark
  @OperationsPerInvocation(LOGGED_ROWS * ROW_BYTES)
  public long replay(Crashed crashed) throws IOException {
    return crashed.start().replayedRecords();
  }

  /** From opening the directory until all that the log holds is in SSTables. */
  @Benchmark
  @OperationsPerInvocation(LOGGED_ROWS * ROW_BYTES)
  public long replayAndFlush(Crashed crashed) throws Exception {
    StorageEngine engine = crashed.start();
    Crashed.await(done -> engine.flushAll(failure -> done.run()));
    return engine.replayedRecords();
  }
}
