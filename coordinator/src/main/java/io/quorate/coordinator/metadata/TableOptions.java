package io.quorate.coordinator.metadata;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What {@code WITH} sets on a table. Names and defaults are Cassandra's, so that tools which
 * compare schemas find what they know.
 */
public record TableOptions(
    String comment,
    double bloomFilterFpChance,
    Map<String, String> caching,
    boolean cdc,
    Map<String, String> compaction,
    Map<String, String> compression,
    double crcCheckChance,
    int defaultTimeToLiveSeconds,
    int gcGraceSeconds,
    int memtableFlushPeriodMillis,
    int minIndexInterval,
    int maxIndexInterval,
    String memtable,
    String readRepair,
    String speculativeRetry,
    String additionalWritePolicy) {

  public static final TableOptions DEFAULT =
      new TableOptions(
          "",
          0.01,
          Map.of("keys", "ALL", "rows_per_partition", "NONE"),
          false,
          Map.of("class", "org.apache.cassandra.db.compaction.UnifiedCompactionStrategy"),
          Map.of(
              "chunk_length_in_kb", "4", "class", "org.apache.cassandra.io.compress.LZ4Compressor"),
          1.0,
          0,
          864_000,
          0,
          128,
          2048,
          "",
          "BLOCKING",
          "99p",
          "99p");

  public TableOptions {
    caching = sorted(caching);
    compaction = sorted(compaction);
    compression = sorted(compression);
  }

  private static Map<String, String> sorted(Map<String, String> map) {
    return Collections.unmodifiableSortedMap(new TreeMap<>(map));
  }
}
