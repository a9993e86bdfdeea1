package io.quorate.tools.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * How this machine's processors spent their time since it started, as Linux tells it.
 *
 * @param all ticks of all processors
 * @param stolen ticks in which there was work, but the host of this virtual machine ran others
 */
record MachineTime(long all, long stolen) {
  /** The columns of {@code /proc/stat} up to {@code steal}, the eighth (proc(5)). */
  private static final int COLUMNS = 8;

  /** Nothing where there is no {@code /proc}: then nothing is known of a host either. */
  static MachineTime now() {
    Path stat = Path.of("/proc/stat");
    try {
      return Files.exists(stat) ? of(Files.readString(stat)) : new MachineTime(0, 0);
    } catch (IOException e) {
      return new MachineTime(0, 0);
    }
  }

  static MachineTime of(String stat) {
    long[] ticks =
        Arrays.stream(stat.substring(0, stat.indexOf('\n')).trim().split(" +"))
            .skip(1)
            .limit(COLUMNS)
            .mapToLong(Long::parseLong)
            .toArray();
    return new MachineTime(
        Arrays.stream(ticks).sum(), ticks.length == COLUMNS ? ticks[COLUMNS - 1] : 0);
  }

  double stolenShareSince(MachineTime before) {
    return all <= before.all ? 0 : (double) (stolen - before.stolen) / (all - before.all);
  }
}
