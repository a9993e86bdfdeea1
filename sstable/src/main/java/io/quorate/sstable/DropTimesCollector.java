package io.quorate.sstable;

import java.util.Map;
import java.util.TreeMap;

/** Gathers the {@link DropTimes} of an SSTable while it is written. Not thread-safe. */
final class DropTimesCollector {
  private final TreeMap<Long, Long> counts = new TreeMap<>();
  private int lengthBits;

  /** The stretch of the last time, not yet in the map: times mostly come in runs. */
  private long lastStretch;

  private long lastCount;

  void add(long seconds) {
    long stretch = seconds >> lengthBits;
    if (stretch != lastStretch) {
      keepLast();
      stretch = seconds >> lengthBits;
      lastStretch = stretch;
    }
    lastCount++;
  }

  private void keepLast() {
    if (lastCount > 0) {
      counts.merge(lastStretch, lastCount, Long::sum);
      lastCount = 0;
    }
    while (counts.size() > DropTimes.MOST_STRETCHES) {
      lengthBits++;
      TreeMap<Long, Long> twiceAsLong = new TreeMap<>();
      counts.forEach((stretch, count) -> twiceAsLong.merge(stretch >> 1, count, Long::sum));
      counts.clear();
      counts.putAll(twiceAsLong);
    }
  }

  DropTimes dropTimes(long writtenSeconds, long itemCount) {
    keepLast();
    long[] stretches = new long[counts.size()];
    long[] amounts = new long[counts.size()];
    int i = 0;
    for (Map.Entry<Long, Long> entry : counts.entrySet()) {
      stretches[i] = entry.getKey();
      amounts[i++] = entry.getValue();
    }
    return new DropTimes(writtenSeconds, itemCount, lengthBits, stretches, amounts);
  }
}
