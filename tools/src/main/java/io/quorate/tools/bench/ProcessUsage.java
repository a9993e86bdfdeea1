package io.quorate.tools.bench;

import io.quorate.tools.CommandFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What processes have used, as Linux tells it.
 *
 * @param cpuMicros time on processors since they started; counted in steps of 10 ms
 * @param residentBytes memory that they hold now
 */
record ProcessUsage(long cpuMicros, long residentBytes) {
  /** {@code USER_HZ}, which is 100 on every Linux that has a JVM. */
  private static final long MICROS_PER_TICK = 10_000;

  static ProcessUsage of(List<Long> pids) {
    long cpuMicros = 0;
    long residentBytes = 0;
    for (long pid : pids) {
      try {
        Path proc = Path.of("/proc", Long.toString(pid));
        cpuMicros += cpuMicros(Files.readString(proc.resolve("stat")));
        residentBytes += residentBytes(Files.readString(proc.resolve("status")));
      } catch (IOException e) {
        throw new CommandFailed("cannot read what process " + pid + " uses: is it running?", e);
      }
    }
    return new ProcessUsage(cpuMicros, residentBytes);
  }

  /** Fields 14 and 15 of {@code stat}; the second may hold blanks and brackets (proc(5)). */
  static long cpuMicros(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * MICROS_PER_TICK;
  }

  static long residentBytes(String status) {
    return status
        .lines()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1_024)
        .findFirst()
        .orElse(0);
  }
}
