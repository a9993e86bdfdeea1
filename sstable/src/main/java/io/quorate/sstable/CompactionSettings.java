package io.quorate.sstable;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a table is compacted: what the CQL option {@code compaction} says, in the names of Cassandra.
 *
 * @param options {@code class} and the options of that strategy
 */
public record CompactionSettings(Map<String, String> options) {
  public static final CompactionSettings DEFAULT =
      new CompactionSettings(Map.of("class", "UnifiedCompactionStrategy"));

  /**
   * @throws IllegalArgumentException with a message for the user when the class or an option is not
   *     known, or a value is out of range
   */
  public CompactionSettings {
    options = Collections.unmodifiableMap(new TreeMap<>(options));
    CompactionStrategy.of(options);
  }

  /** Whether tables are compacted without being asked for it. */
  boolean enabled() {
    return !"false".equalsIgnoreCase(options.get("enabled"));
  }

  CompactionStrategy strategy() {
    return CompactionStrategy.of(options);
  }

  TombstoneRule tombstones() {
    OptionReader in = new OptionReader("", options);
    return TombstoneRule.read(CompactionStrategy.nameOf(options), in);
  }

  /** Whether each compaction leaves a line in the log. */
  boolean logsAll() {
    return Boolean.parseBoolean(options.get("log_all"));
  }

  /** How often SSTables are looked for in which everything has expired. */
  long expiredCheckSeconds() {
    return readExpiredCheckSeconds(new OptionReader("", options));
  }

  static long readExpiredCheckSeconds(OptionReader in) {
    return in.wholeLong("expired_sstable_check_frequency_seconds", 600, 1, 1_000_000_000);
  }
}
