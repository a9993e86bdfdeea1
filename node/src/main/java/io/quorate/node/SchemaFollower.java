package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.environment.Shard;
import io.quorate.sstable.CompactionSettings;
import io.quorate.sstable.CompressionSettings;
import io.quorate.sstable.Durability;
import io.quorate.sstable.StorageEngine;
import io.quorate.sstable.TableSettings;
import java.io.IOException;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
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

  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final StorageEngine engine;
  private final Shard shard;

  /** What the engine was told of. */
  private ClusterMetadata known = ClusterMetadata.EMPTY;

  SchemaFollower(StorageEngine engine, Shard shard) {
    this.engine = engine;
    this.shard = shard;
  }

  /**
   * Begins to make the engine's tables those of {@code next}.
   *
   * @param ready called on any thread when tables that are new can be used, and those that were
   *     truncated are empty; what is dropped goes later
   */
  void prepare(ClusterMetadata next, Runnable ready) {
    AtomicInteger open = new AtomicInteger(1);
    Runnable oneReady =
        () -> {
          if (open.decrementAndGet() == 0) {
            ready.run();
          }
        };
    for (KeyspaceMetadata keyspace : next.keyspaces()) {
      if (!isKnown(keyspace)) {
        for (TableMetadata table : keyspace.tables().values()) {
          follow(keyspace, table, next.truncatedAt(table), open, oneReady);
        }
      }
    }
    for (KeyspaceMetadata keyspace : known.keyspaces()) {
      for (TableMetadata table : keyspace.tables().values()) {
        if (next.table(table.id()) == null) {
          UUID id = table.id();
          engine.dropTable(id, failure -> ended("dropping", id, failure, () -> {}));
        }
      }
    }
    known = next;
    oneReady.run();
  }

  /**
   * Whether nothing in the keyspace has changed. A change leaves the values that it does not touch
   * as they are, so that one of thousands of tables is found without a look at the others' options.
   */
  @SuppressWarnings("ReferenceEquality")
  private boolean isKnown(KeyspaceMetadata keyspace) {
    return known.keyspace(keyspace.name()) == keyspace;
  }

  private void follow(
      KeyspaceMetadata keyspace,
      TableMetadata table,
      long truncatedAt,
      AtomicInteger open,
      Runnable oneReady) {
    UUID id = table.id();
    TableMetadata before = known.table(id);
    if (before == null) {
      open.incrementAndGet();
      // It may be here from an earlier life, that did not hear of the truncation.
      engine.createTable(
          id,
          settings(keyspace, table),
          failure -> ended("creating", id, failure, () -> truncate(id, truncatedAt, oneReady)));
      return;
    }
    if (truncatedAt > known.truncatedAt(before)) {
      open.incrementAndGet();
      truncate(id, truncatedAt, oneReady);
    }
    KeyspaceMetadata keyspaceBefore =
        Objects.requireNonNull(known.keyspace(before.keyspace()), "a table has a keyspace");
    if (table.equals(before) && durability(keyspace) == durability(keyspaceBefore)) {
      return;
    }
    TableSettings settings = settings(keyspace, table);
    if (!settings.equals(settings(keyspaceBefore, before))) {
      engine.alterTable(id, settings, failure -> ended("altering", id, failure, () -> {}));
    }
  }

  /**
   * Under the new metadata nothing of before may be read: so this node does not adopt them as long
   * as its disk refuses.
   */
  private void truncate(UUID id, long epoch, Runnable done) {
    if (epoch == 0 || !engine.tableIds().contains(id)) {
      done.run();
      return;
    }
    engine.truncate(
        id,
        epoch,
        failure -> {
          if (failure == null) {
            done.run();
          } else {
            log.error("truncating table {} failed: {}", id, failure.getMessage());
            shard.schedule(RETRY_NANOS, () -> truncate(id, epoch, done));
          }
        });
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
