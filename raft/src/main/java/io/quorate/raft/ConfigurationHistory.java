package io.quorate.raft;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The configurations of a log by the index from which each holds. The last one is in force as soon
 * as it is in the log, committed or not; when its entry is cut off again, so is it (section 4.1).
 * Owned by its log.
 */
final class ConfigurationHistory {
  private final TreeMap<Long, Configuration> from = new TreeMap<>();

  ConfigurationHistory(long index, Configuration first) {
    from.put(index, first);
  }

  Configuration latest() {
    return from.lastEntry().getValue();
  }

  /** The entry that brought {@link #latest}, or the snapshot's last; 0: the initial one. */
  long latestIndex() {
    return from.lastKey();
  }

  Configuration at(long index) {
    Map.Entry<Long, Configuration> entry = from.floorEntry(index);
    return Objects.requireNonNull(entry, "the log begins behind a configuration").getValue();
  }

  void add(Entry entry) {
    if (entry.kind() == Entry.Kind.CONFIGURATION) {
      from.put(entry.index(), entry.configuration());
    }
  }

  void cutFrom(long index) {
    from.tailMap(index, true).clear();
  }

  /** Forgets what holds no longer at {@code base}. */
  void compact(long base) {
    from.headMap(from.floorKey(base), false).clear();
  }

  void restart(long index, Configuration configuration) {
    from.clear();
    from.put(index, configuration);
  }
}
