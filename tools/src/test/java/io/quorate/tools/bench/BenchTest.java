package io.quorate.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** If this breaks, the bench loads keys that it never reads, or tells wrong figures. */
class BenchTest {
  @Test
  void uniformKeysCoverTheRange() {
    KeyChooser keys = new KeyChooser.Uniform(10);
    SplittableRandom random = new SplittableRandom(1);
    Set<Long> seen = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      seen.add(keys.next(random));
    }
    assertThat(seen).hasSize(10).allMatch(key -> key >= 0 && key < 10);
  }

  @Test
  void zipfianRanksHaveTheirWeights() {
    KeyChooser.Zipfian keys = KeyChooser.Zipfian.of(1_000);
    SplittableRandom random = new SplittableRandom(2);
    int[] counts = new int[1_000];
    int draws = 200_000;
    for (int i = 0; i < draws; i++) {
      counts[(int) keys.rank(random.nextDouble())]++;
    }
    double first = 1 / keys.zeta();
    assertThat(counts[0] / (double) draws).isBetween(first * 0.95, first * 1.05);
    assertThat(counts[1] / (double) draws).isBetween(first * 0.45, first * 0.56);
    assertThat(Arrays.stream(counts, 0, 100).sum()).isGreaterThan(draws / 2);
  }

  @Test
  void smallZipfianRangesWork() {
    SplittableRandom random = new SplittableRandom(3);
    for (long count = 1; count <= 3; count++) {
      KeyChooser keys = KeyChooser.Zipfian.of(count);
      for (int i = 0; i < 1_000; i++) {
        assertThat(keys.next(random)).isBetween(0L, count - 1);
      }
    }
  }

  @Test
  void keysAreSixteenBytesAndDifferent() {
    Set<String> keys = new HashSet<>();
    for (long key = 0; key < 10_000; key++) {
      byte[] bytes = Workload.keyBytes(key);
      assertThat(bytes).hasSize(16);
      keys.add(Arrays.toString(bytes));
    }
    assertThat(keys).hasSize(10_000);
  }

  /** Values that repeat would make a store look smaller than it is with a user's data. */
  @Test
  void valuesRepeatOnlyAsMuchAsIsAskedFor() {
    SplittableRandom random = new SplittableRandom(4);
    Set<String> seen = new HashSet<>();
    Set<Byte> bytes = new HashSet<>();
    for (int i = 0; i < 10_000; i++) {
      byte[] value = Workload.value(random, 100, 40);
      assertThat(value).hasSize(100);
      seen.add(Arrays.toString(Arrays.copyOf(value, 40)));
      bytes.add(value[0]);
      for (int at = 40; at < 100; at++) {
        assertThat(value[at]).isEqualTo((byte) 'x');
      }
    }
    assertThat(seen).hasSize(10_000);
    assertThat(bytes).hasSize(256);
    assertThat(Workload.value(random, 100, 100)).doesNotContain(new byte[8]);
  }

  @Test
  void procFilesAreRead() {
    String stat = "7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 100";
    assertThat(ProcessUsage.cpuMicros(stat)).isEqualTo(3_000_000);
    assertThat(ProcessUsage.residentBytes("Name:\tx\nVmRSS:\t  2048 kB\n")).isEqualTo(2 << 20);
  }

  @Test
  void whatTheHostWithheldIsAShareOfThisMachinesTime() {
    MachineTime before =
        MachineTime.of("cpu  100 0 50 850 0 0 0 7 3 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
    MachineTime after =
        MachineTime.of("cpu  150 0 60 874 0 0 0 23 3 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
    assertThat(after.stolenShareSince(before)).hasValue(0.16);
    assertThat(after.stolenShareSince(after)).isEmpty();
    assertThat(MachineTime.now().all() > 0).isEqualTo(Files.exists(Path.of("/proc/stat")));
  }

  @Test
  void figuresAreRatesAndCostsPerOperation() {
    Histogram latency = new Histogram(1, 1_000_000, 3);
    for (int i = 1; i <= 1_000; i++) {
      latency.recordValue(i);
    }
    Measurements measured =
        new Measurements(
            "write",
            2,
            latency,
            Map.of("UNAVAILABLE", 3L),
            5_000,
            OptionalDouble.of(0.034),
            new ProcessUsage(9_000, 1 << 20));
    assertThat(measured.operationsPerSecond()).isEqualTo(500);
    assertThat(measured.text().lines().toList())
        .isEqualTo(
            List.of(
                "write",
                "  throughput     500 ops/s (1,000 in 2.0 s)",
                "  latency, us    p50 500 · p90 900 · p99 990 · p99.9 999 · max 1,000",
                "  errors         UNAVAILABLE 3",
                "  client CPU     5.0 us an operation",
                "  server CPU     9.0 us an operation",
                "  server memory  1.00 MiB",
                "  disturbed      the host withheld 3 % of this machine's CPU time"));
    assertThat(measured.json())
        .containsEntry("operations", 1_000L)
        .containsEntry("stolen_cpu_share", 0.034)
        .containsEntry("server_cpu_us_per_operation", 9.0);
  }
}
