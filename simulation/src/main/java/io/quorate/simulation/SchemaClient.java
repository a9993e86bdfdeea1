package io.quorate.simulation;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.CommitLogSync;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.node.Node;
import io.quorate.protocol.types.CqlType.Scalar;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes, alters, truncates and drops keyspaces and tables, by way of any node, without waiting for
 * one change to end before the next. A few names only, so that changes meet.
 */
final class SchemaClient {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final int NAMES = 3;

  private final SimulatedCluster cluster;
  private final SimulatedWorld world;
  private final int mostReplicas;
  private boolean working;
  private long changes;

  /**
   * @param mostReplicas that a keyspace has
   */
  SchemaClient(SimulatedCluster cluster, int mostReplicas) {
    this.cluster = cluster;
    this.mostReplicas = mostReplicas;
    this.world = cluster.world();
  }

  /** How many changes took effect. */
  long changes() {
    return changes;
  }

  void begin() {
    working = true;
    pause();
  }

  void end() {
    working = false;
  }

  private void pause() {
    world.after(
        TimeUnit.MILLISECONDS.toNanos(100 + world.random().nextInt(1_200)),
        () -> {
          if (working) {
            work();
            pause();
          }
        });
  }

  private void work() {
    List<SimulatedHost> hosts = cluster.dataHosts();
    SimulatedHost host = hosts.get(world.random().nextInt(hosts.size()));
    if (!cluster.serves(host)) {
      return;
    }
    Node node = cluster.node(host);
    ClusterMetadata known = node.coordinator().metadata();
    String keyspace = "k" + world.random().nextInt(NAMES);
    String name = "t" + world.random().nextInt(NAMES);
    TableMetadata table = known.table(keyspace, name);
    switch (world.random().nextInt(8)) {
      case 0, 1 ->
          change(
              host,
              new MetadataChange.CreateKeyspace(
                  new KeyspaceMetadata(
                      keyspace,
                      new Replication.Simple(1 + world.random().nextInt(mostReplicas)),
                      true),
                  world.random().nextInt(2) == 0));
      case 2 ->
          change(
              host,
              new MetadataChange.AlterKeyspace(
                  keyspace,
                  new Replication.Simple(1 + world.random().nextInt(mostReplicas)),
                  world.random().nextInt(2) == 0,
                  CommitLogSync.DEFAULT));
      case 3, 4 -> change(host, new MetadataChange.CreateTable(table(keyspace, name), true));
      case 5 -> {
        if (table != null) {
          change(host, new MetadataChange.AlterTable(table, changed(table)));
        }
      }
      case 6 -> {
        if (table != null) {
          truncate(host, table);
        }
      }
      default ->
          change(
              host,
              world.random().nextInt(4) == 0
                  ? new MetadataChange.DropKeyspace(keyspace, true)
                  : new MetadataChange.DropTable(keyspace, name, true));
    }
  }

  private TableMetadata table(String keyspace, String name) {
    return new TableMetadata(
        world.random().nextUuid(),
        keyspace,
        name,
        List.of(
            new ColumnMetadata("k", Scalar.INT, ColumnMetadata.Kind.PARTITION_KEY, 0, false, 0)),
        List.of(),
        1,
        TableOptions.DEFAULT);
  }

  private static TableMetadata changed(TableMetadata table) {
    return table.withColumn("c" + table.nextColumnId(), Scalar.INT, ColumnMetadata.Kind.REGULAR);
  }

  private void change(SimulatedHost host, MetadataChange change) {
    Node node = cluster.node(host);
    cluster
        .shard(host, 0)
        .execute(() ->
            node.coordinator().change(change, world.nowNanos() + PATIENCE_NANOS, new Counted<>()));
  }

  private void truncate(SimulatedHost host, TableMetadata table) {
    Node node = cluster.node(host);
    cluster
        .shard(host, 0)
        .execute(() ->
            node.coordinator().truncate(table, world.nowNanos() + PATIENCE_NANOS, new Counted<>()));
  }

  private final class Counted<T extends @Nullable Object> implements Answer<T> {
    @Override
    public void succeeded(T outcome) {
      changes++;
    }

    @Override
    public void failed(RequestFailure failure) {
      // What became of it, the metadata say, and they are compared.
    }
  }
}
