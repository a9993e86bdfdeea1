package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.environment.real.RealEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Reads of SSTables whose files are in the page cache: with and without the block cache. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgs = {"-Xmx3g", "--enable-native-access=ALL-UNNAMED", "-XX:+UseCompactObjectHeaders"})
@State(Scope.Thread)
public class SSTableBenchmark {
  private static final int ROWS = 1_000_000;
  private static final int SLICE_ROWS = 100;

  private final RealEnvironment real = new RealEnvironment(1, Throwable::printStackTrace);
  private final FileSystem files = real.environment().files();
  private final BlockCache roomy = new BlockCache(1L << 30);
  private final BlockCache none = new BlockCache(0);
  private final SplittableRandom random = new SplittableRandom(3);
  private final PartitionMerger merger = new PartitionMerger();
  private final FragmentAssembler assembler = new FragmentAssembler();
  private final ReadLimits one = BenchmarkRows.onePartition();
  private final List<SSTable> open = new ArrayList<>();
  private Path directory = Path.of("");
  private List<SSTable> cached = List.of();
  private List<SSTable> uncached = List.of();
  private List<SSTable> wide = List.of();

  @Setup
  public void write() throws IOException {
    directory = Files.createTempDirectory("quorate-benchmark");
    Memtable points = BenchmarkRows.memtable(0, 1, ROWS);
    Memtable rows = new Memtable();
    for (int row = 0; row < ROWS / 10; row++) {
      rows.put(BenchmarkRows.wideRow(7, row, row + 1, BenchmarkRows.value(random)));
    }
    cached = List.of(write(points, 1, roomy));
    uncached = List.of(open(1, none));
    wide = List.of(write(rows, 2, roomy));
    System.out.printf(
        "%n# on disk: %.1f MB for a million rows%n", cached.getFirst().fileBytes() / 1e6);
  }

  private SSTable write(Memtable memtable, long number, BlockCache cache) throws IOException {
    BenchmarkTables.write(files, path(number), List.of(memtable.cursor()));
    return open(number, cache);
  }

  private SSTable open(long number, BlockCache cache) throws IOException {
    SSTable table = SSTable.open(files, path(number), number, 0, cache, BenchmarkRows.PARTITIONER);
    open.add(table);
    return table;
  }

  private Path path(long number) {
    return directory.resolve(number + ".sst");
  }

  @TearDown
  public void delete() throws IOException {
    for (SSTable table : open) {
      table.release();
    }
    BenchmarkTables.deleteAll(directory);
    real.close();
  }

  private ReadResult read(List<SSTable> tables, int partition, ReadLimits limits)
      throws IOException {
    long token = BenchmarkRows.token(partition);
    byte[] key = StoreKey.partition(token, BenchmarkRows.key(partition));
    merger.begin(1, Purge.NONE);
    PartitionSources sources = new PartitionSources(merger, key, limits);
    for (SSTable table : PartitionSources.candidates(tables, token, limits)) {
      sources.add(table, table.cursor());
    }
    merger.mergeDeletions();
    return assembler.assemble(merger, limits);
  }

  @Benchmark
  public ReadResult pointFromTheCache() throws IOException {
    return read(cached, random.nextInt(ROWS), one);
  }

  /** Reads one block of the file, checks and decompresses it. */
  @Benchmark
  public ReadResult pointFromTheFile() throws IOException {
    return read(uncached, random.nextInt(ROWS), one);
  }

  /** A partition that the SSTable does not have, of tokens that it covers. */
  @Benchmark
  public List<SSTable> miss() {
    return PartitionSources.candidates(
        cached, BenchmarkRows.token(ROWS + random.nextInt(ROWS)), one);
  }

  @Benchmark
  public ReadResult slice() throws IOException {
    int first = random.nextInt(ROWS / 10 - SLICE_ROWS);
    return read(wide, 7, BenchmarkRows.slice(first, SLICE_ROWS));
  }
}
