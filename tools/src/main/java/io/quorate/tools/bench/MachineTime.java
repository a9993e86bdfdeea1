package io.quorate.tools.bench;

import io.quorate.tools.CommandFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * How this machine's processors spent their time since it started, as Linux tells it.
 *
 * @param all ticks of all processors; 0 where there is no {@code /proc}
 * @param stolen ticks in which there was work, but the host of this virtual machine did something
 *     else, be it for others or for this machine's disk and network
 */
record MachineTime(long all, long stolen) {
  /** The columns of {@code /proc/stat} up to {@code steal} (proc(5)). */
  private static final int COLUMNS = 8;

  static MachineTime now() {
    Path stat = Path.of("/proc/stat");
    if (!Files.exists(stat)) {
      return new MachineTime(0, 0);
    }
    try {
      return of(Files.readString(stat));
    } catch (IOException e) {
      throw new CommandFailed("cannot read " + stat, e);
    }
  }

  static MachineTime of(String stat) {
    long[] ticks =
        Arrays.stream(stat.substring(0, stat.indexOf('\n')).trim().split(" +"))
            .skip(1)
            .limit(COLUMNS)
            .mapToLong(Long::parseLong)
            .toArray();
    return new MachineTime(Arrays.stream(ticks).sum(), ticks[COLUMNS - 1]);
  }

  /** From 0 to 1; empty when it is not known. */
  OptionalDouble stolenShareSince(MachineTime before) {
    return all <= before.all
        ? OptionalDouble.empty()
        : OptionalDouble.of((double) (stolen - before.stolen) / (all - before.all));
  }
}
