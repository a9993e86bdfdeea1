package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.sstable.CompactionSettings;
import io.quorate.sstable.CompressionSettings;
import io.quorate.sstable.Durability;
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

  private static Durability durability(KeyspaceMetadata keyspace) {
    if (!keyspace.durableWrites()) {
      return Durability.NONE;
    }
    return switch (keyspace.commitLogSync()) {
      case DEFAULT -> Durability.OF_THE_NODE;
      case GROUP -> Durability.GROUP;
      case BATCH -> Durability.BATCH;
      case PERIODIC -> Durability.PERIODIC;
    };
  }

  private static TableSettings settings(KeyspaceMetadata keyspace, TableMetadata table) {
    CompressionSettings compression = CompressionSettings.of(table.options().compression());
    return new TableSettings(
        table.options().bloomFilterFpChance(),
        compression.compression(),
        compression.blockBytes(),
        table.options().gcGraceSeconds(),
        durability(keyspace),
        new CompactionSettings(table.options().compaction()));
  }
}
