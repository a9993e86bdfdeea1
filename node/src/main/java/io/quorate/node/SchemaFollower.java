package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.sstable.StorageEngine;
import io.quorate.sstable.TableSettings;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the storage engine have the tables that the metadata says there are. Called with each new
 * metadata before any request can see it. Owned by the metadata ring's shard.
 */
final class SchemaFollower {
  private static final Logger log = LoggerFactory.getLogger(SchemaFollower.class);

  private final StorageEngine engine;
  private Map<UUID, TableSettings> known = new LinkedHashMap<>();

  SchemaFollower(StorageEngine engine) {
    this.engine = engine;
  }

  /**
   * Begins to make the engine's tables those of {@code next}.
   *
   * @param ready called on any thread when tables that are new can be used; what is dropped goes
   *     later
   */
  void prepare(ClusterMetadata next, Runnable ready) {
    Map<UUID, TableSettings> wanted = new LinkedHashMap<>();
    for (KeyspaceMetadata keyspace : next.keyspaces()) {
      for (TableMetadata table : keyspace.tables().values()) {
        wanted.put(table.id(), settings(keyspace, table));
      }
    }
    AtomicInteger open = new AtomicInteger(1);
    Runnable oneReady =
        () -> {
          if (open.decrementAndGet() == 0) {
            ready.run();
          }
        };
    wanted.forEach((id, settings) -> {
      TableSettings old = known.get(id);
      if (old == null) {
        open.incrementAndGet();
        engine.createTable(id, settings, failure -> ended("creating", id, failure, oneReady));
      } else if (!old.equals(settings)) {
        engine.alterTable(id, settings, failure -> ended("altering", id, failure, () -> {}));
      }
    });
    for (UUID id : known.keySet()) {
      if (!wanted.containsKey(id)) {
        engine.dropTable(id, failure -> ended("dropping", id, failure, () -> {}));
      }
    }
    known = wanted;
    oneReady.run();
  }

  /** A table that could not be made refuses its requests, which name it; the others go on. */
  private static void ended(String what, UUID table, @Nullable IOException failure, Runnable then) {
    if (failure != null) {
      log.error("{} table {} in the storage engine failed: {}", what, table, failure.getMessage());
    }
    then.run();
  }

  private static TableSettings settings(KeyspaceMetadata keyspace, TableMetadata table) {
    Map<String, String> compaction = table.options().compaction();
    Map<String, String> compression = table.options().compression();
    boolean compressed =
        !compression.isEmpty() && !"false".equals(compression.getOrDefault("enabled", "true"));
    int least = number(compaction, "min_threshold", TableSettings.DEFAULT.minCompactionTables());
    int most = number(compaction, "max_threshold", TableSettings.DEFAULT.maxCompactionTables());
    return new TableSettings(
        table.options().bloomFilterFpChance(),
        compressed,
        TableSettings.DEFAULT.blockBytes(),
        table.options().gcGraceSeconds(),
        keyspace.durableWrites(),
        Math.max(2, least),
        Math.max(Math.max(2, least), most));
  }

  private static int number(Map<String, String> options, String name, int otherwise) {
    try {
      return Integer.parseInt(options.getOrDefault(name, Integer.toString(otherwise)));
    } catch (NumberFormatException e) {
      return otherwise; // the language checks options when they are set
    }
  }
}
