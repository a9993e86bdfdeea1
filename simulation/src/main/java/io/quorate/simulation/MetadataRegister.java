package io.quorate.simulation;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.node.Node;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.simulation.Linearizability.Action;
import io.quorate.simulation.Linearizability.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A register in the metadata ring, and clients that read and swap it at any node: {@code
 * gc_grace_seconds} of a table that nothing else changes. A swap is an {@code ALTER TABLE}, which
 * takes effect only when the table is still as the client saw it; a read asks the ring first from
 * where on it may answer (read-index). Each value is put there once, so the history says which
 * change a read saw.
 */
final class MetadataRegister {
  static final long INITIAL = TableOptions.DEFAULT.gcGraceSeconds();
  private static final UUID TABLE_ID = new UUID(0x7265676973746572L, 2);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(4);

  private final SimulatedCluster cluster;
  private final SimulatedWorld world;
  private final boolean asksFirst;
  private final List<Operation> history = new ArrayList<>();
  private int nextValue = 1;
  private boolean working;

  /**
   * @param asksFirst a negative control when not: reads are of what the node happens to know
   */
  MetadataRegister(SimulatedCluster cluster, boolean asksFirst) {
    this.cluster = cluster;
    this.world = cluster.world();
    this.asksFirst = asksFirst;
  }

  /** The change that makes the register, in a keyspace that is there. */
  static MetadataChange creation() {
    return new MetadataChange.CreateTable(
        new TableMetadata(
            TABLE_ID,
            Registers.KEYSPACE,
            "metadata_register",
            List.of(
                new ColumnMetadata(
                    "k", Scalar.INT, ColumnMetadata.Kind.PARTITION_KEY, 0, false, 0)),
            List.of(),
            1,
            TableOptions.DEFAULT),
        false);
  }

  List<Operation> history() {
    return history;
  }

  boolean isLinearizable() {
    return Linearizability.holds(history, INITIAL);
  }

  void begin(int clients) {
    working = true;
    for (int i = 0; i < clients; i++) {
      String client = "m" + i;
      pause(client);
    }
  }

  void end() {
    working = false;
  }

  private void pause(String client) {
    world.after(
        TimeUnit.MILLISECONDS.toNanos(50 + world.random().nextInt(700)),
        () -> {
          if (working) {
            work(client);
          }
        });
  }

  private void work(String client) {
    List<SimulatedHost> hosts = cluster.hosts();
    SimulatedHost host = hosts.get(world.random().nextInt(hosts.size()));
    TableMetadata table =
        cluster.serves(host) ? cluster.node(host).coordinator().metadata().table(TABLE_ID) : null;
    if (table == null) {
      pause(client);
    } else if (world.random().nextInt(2) == 0) {
      read(client, host);
    } else {
      swap(client, host, table);
    }
  }

  private void read(String client, SimulatedHost host) {
    Node node = cluster.node(host);
    Attempt attempt = new Attempt(client);
    cluster
        .shard(host, 0)
        .execute(() -> {
          if (!asksFirst) {
            attempt.end(new Action.Read(value(node)));
            return;
          }
          node.catchUp(
              world.nowNanos() + PATIENCE_NANOS,
              failure -> attempt.end(failure == null ? new Action.Read(value(node)) : null));
        });
    world.after(PATIENCE_NANOS, () -> attempt.end(null));
  }

  private static long value(Node node) {
    TableMetadata table = node.coordinator().metadata().table(TABLE_ID);
    return table == null ? -1 : table.options().gcGraceSeconds();
  }

  private void swap(String client, SimulatedHost host, TableMetadata before) {
    int next = nextValue++;
    long expected = before.options().gcGraceSeconds();
    TableMetadata after = before.withOptions(withGcGrace(before.options(), next));
    Node node = cluster.node(host);
    Attempt attempt = new Attempt(client);
    Action.Swap swap = new Action.Swap(expected, next);
    cluster
        .shard(host, 0)
        .execute(() ->
            node.coordinator()
                .change(
                    new MetadataChange.AlterTable(before, after),
                    world.nowNanos() + PATIENCE_NANOS,
                    new Answer<ChangeOutcome>() {
                      @Override
                      public void succeeded(ChangeOutcome outcome) {
                        attempt.end(
                            outcome instanceof ChangeOutcome.Applied
                                ? swap
                                : new Action.Miss(expected));
                      }

                      @Override
                      public void failed(RequestFailure failure) {
                        if (failure instanceof RequestFailure.MetadataUnavailable) {
                          attempt.end(null); // nothing was changed
                        } else {
                          attempt.endUnknown(swap);
                        }
                      }
                    }));
    world.after(PATIENCE_NANOS, () -> attempt.endUnknown(swap));
  }

  private static TableOptions withGcGrace(TableOptions options, int seconds) {
    return new TableOptions(
        options.comment(),
        options.bloomFilterFpChance(),
        options.caching(),
        options.cdc(),
        options.compaction(),
        options.compression(),
        options.crcCheckChance(),
        options.defaultTimeToLiveSeconds(),
        seconds,
        options.memtableFlushPeriodMillis(),
        options.minIndexInterval(),
        options.maxIndexInterval(),
        options.memtable(),
        options.readRepair(),
        options.speculativeRetry(),
        options.additionalWritePolicy());
  }

  /** One operation of a client, which ends once: by its answer or by the client's patience. */
  private final class Attempt {
    private final String client;
    private final long beginNanos = world.nowNanos();
    private boolean ended;

    Attempt(String client) {
      this.client = client;
    }

    /**
     * @param action null when it had no effect and saw nothing
     */
    void end(@Nullable Action action) {
      end(action, world.nowNanos());
    }

    void endUnknown(Action action) {
      end(action, Linearizability.NEVER);
    }

    private void end(@Nullable Action action, long endNanos) {
      if (ended) {
        return;
      }
      ended = true;
      if (action != null) {
        history.add(new Operation(client, action, beginNanos, endNanos));
        world.mix(action.hashCode());
      }
      pause(client);
    }
  }
}
