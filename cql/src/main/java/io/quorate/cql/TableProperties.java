package io.quorate.cql;

import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ErrorDetails;
import io.quorate.sstable.CompactionSettings;
import io.quorate.sstable.CompressionSettings;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** The properties of {@code CREATE} and {@code ALTER TABLE ... WITH}. Stateless. */
final class TableProperties {
  private TableProperties() {}

  static TableOptions apply(Map<String, Object> properties, TableOptions base) {
    TableOptions options = base;
    for (Map.Entry<String, Object> property : properties.entrySet()) {
      options = apply(property.getKey(), property.getValue(), options);
    }
    return options;
  }

  private static TableOptions apply(String name, Object value, TableOptions o) {
    String comment = o.comment();
    double bloomFilterFpChance = o.bloomFilterFpChance();
    Map<String, String> caching = o.caching();
    boolean cdc = o.cdc();
    Map<String, String> compaction = o.compaction();
    Map<String, String> compression = o.compression();
    double crcCheckChance = o.crcCheckChance();
    int timeToLive = o.defaultTimeToLiveSeconds();
    int gcGrace = o.gcGraceSeconds();
    int flushPeriod = o.memtableFlushPeriodMillis();
    int minIndexInterval = o.minIndexInterval();
    int maxIndexInterval = o.maxIndexInterval();
    String memtable = o.memtable();
    String readRepair = o.readRepair();
    String speculativeRetry = o.speculativeRetry();
    String additionalWritePolicy = o.additionalWritePolicy();
    switch (name) {
      case "comment" -> comment = text(name, value);
      case "bloom_filter_fp_chance" -> {
        bloomFilterFpChance = number(name, value);
        if (bloomFilterFpChance <= 0 || bloomFilterFpChance > 1) {
          throw RequestException.config(
              name + " must be larger than 0.0 and less than or equal to 1.0 (got " + value + ")");
        }
      }
      case "caching" -> caching = map(name, value);
      case "cdc" -> cdc = bool(name, value);
      case "compaction" -> compaction = checked(map(name, value), CompactionSettings::new);
      case "compression" -> compression = checked(map(name, value), CompressionSettings::of);
      case "crc_check_chance" -> {
        crcCheckChance = number(name, value);
        if (crcCheckChance < 0 || crcCheckChance > 1) {
          throw RequestException.config(
              name
                  + " must be larger than or equal to 0 and smaller than or equal to 1.0 (got "
                  + value
                  + ")");
        }
      }
      case "default_time_to_live" -> timeToLive = whole(name, value, 0, 630_720_000);
      case "gc_grace_seconds" -> gcGrace = whole(name, value, 0, Integer.MAX_VALUE);
      case "memtable_flush_period_in_ms" -> flushPeriod = whole(name, value, 0, Integer.MAX_VALUE);
      case "min_index_interval" -> minIndexInterval = whole(name, value, 1, Integer.MAX_VALUE);
      case "max_index_interval" -> maxIndexInterval = whole(name, value, 1, Integer.MAX_VALUE);
      case "memtable" -> memtable = text(name, value);
      case "read_repair" -> readRepair = text(name, value).toUpperCase(java.util.Locale.ROOT);
      case "speculative_retry" -> speculativeRetry = text(name, value);
      case "additional_write_policy" -> additionalWritePolicy = text(name, value);
      case "extensions", "allow_auto_snapshot", "incremental_backups", "id" -> {
        // Cassandra takes them, and its tools write them into scripts; nothing here depends on
        // them.
      }
      default ->
          throw new RequestException(
              ErrorCode.SYNTAX_ERROR, "Unknown property '" + name + "'", new ErrorDetails.None());
    }
    return new TableOptions(
        comment,
        bloomFilterFpChance,
        caching,
        cdc,
        compaction,
        compression,
        crcCheckChance,
        timeToLive,
        gcGrace,
        flushPeriod,
        minIndexInterval,
        maxIndexInterval,
        memtable,
        readRepair,
        speculativeRetry,
        additionalWritePolicy);
  }

  /** The storage engine reads these options, so it says what is wrong with them. */
  private static Map<String, String> checked(
      Map<String, String> options, Consumer<Map<String, String>> read) {
    try {
      read.accept(options);
      return options;
    } catch (IllegalArgumentException e) {
      throw RequestException.config(String.valueOf(e.getMessage()));
    }
  }

  private static String text(String name, Object value) {
    if (value instanceof String text) {
      return text;
    }
    throw wrongKind(name, "string");
  }

  private static RequestException wrongKind(String name, String expected) {
    return new RequestException(
        ErrorCode.SYNTAX_ERROR,
        "Invalid value for property '" + name + "'. It should be a " + expected,
        new ErrorDetails.None());
  }

  private static Map<String, String> map(String name, Object value) {
    if (!(value instanceof Map<?, ?> given)) {
      throw wrongKind(name, "map");
    }
    Map<String, String> map = new LinkedHashMap<>();
    given.forEach((key, text) -> map.put(String.valueOf(key), String.valueOf(text)));
    return map;
  }

  static boolean bool(String name, Object value) {
    return switch (text(name, value).toLowerCase(Locale.ROOT)) {
      case "true", "1", "yes" -> true;
      case "false", "0", "no" -> false;
      default ->
          throw new RequestException(
              ErrorCode.SYNTAX_ERROR,
              "Invalid boolean value " + value + " for '" + name + "'",
              new ErrorDetails.None());
    };
  }

  private static double number(String name, Object value) {
    try {
      return Double.parseDouble(text(name, value));
    } catch (NumberFormatException e) {
      throw new RequestException(
          ErrorCode.SYNTAX_ERROR,
          "Invalid double value " + value + " for '" + name + "'",
          new ErrorDetails.None());
    }
  }

  private static int whole(String name, Object value, int least, int most) {
    int number;
    try {
      number = Integer.parseInt(text(name, value));
    } catch (NumberFormatException e) {
      throw new RequestException(
          ErrorCode.SYNTAX_ERROR,
          "Invalid integer value " + value + " for '" + name + "'",
          new ErrorDetails.None());
    }
    if (number < least || number > most) {
      throw RequestException.config(
          name + " must be between " + least + " and " + most + " (got " + number + ")");
    }
    return number;
  }
}
