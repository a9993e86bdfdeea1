package io.quorate.simulation;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.PartitionRead;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.RingCoordinator;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.Murmur3;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.simulation.History.Kind;
import io.quorate.simulation.History.Operation;
import io.quorate.simulation.History.Outcome;
import io.quorate.sstable.FragmentReader;
import io.quorate.sstable.FragmentWriter;
import io.quorate.sstable.ReadLimits;
import io.quorate.sstable.ReadResult;
import io.quorate.sstable.RowReader;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A table of registers {@code (k int PRIMARY KEY, v bigint)}, and clients' operations on it: each
 * is handed to the coordinator of one node, and ends, for the client, by the answer or by the
 * client's own timeout.
 *
 * <p>Writes carry the client's timestamps, as drivers send them: the value itself, so that a later
 * write of the one writer never loses against an earlier one over the skew of coordinators' clocks.
 */
final class Registers {
  static final UUID TABLE_ID = new UUID(0x7265676973746572L, 1);
  private static final long CLIENT_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final byte[] ROW_KEY = {0x40};
  static final String KEYSPACE = "registers";

  private final SimulatedCluster cluster;
  private final SimulatedWorld world;
  private final History history;
  private final TableMetadata table;

  Registers(SimulatedCluster cluster, History history) {
    this.cluster = cluster;
    this.world = cluster.world();
    this.history = history;
    this.table =
        new TableMetadata(
            TABLE_ID,
            KEYSPACE,
            "r",
            List.of(
                new ColumnMetadata("k", Scalar.INT, ColumnMetadata.Kind.PARTITION_KEY, 0, false, 0),
                new ColumnMetadata("v", Scalar.BIGINT, ColumnMetadata.Kind.REGULAR, -1, false, 1)),
            List.of(),
            2,
            TableOptions.DEFAULT);
  }

  void create(int replicationFactor) {
    create(new Replication.Simple(replicationFactor));
  }

  /** Makes keyspace and table; fails when that cannot be done. */
  void create(Replication replication) {
    change(
        new MetadataChange.CreateKeyspace(
            new KeyspaceMetadata(KEYSPACE, replication, true), false));
    change(new MetadataChange.CreateTable(table, false));
    boolean everywhere =
        world.runUntil(
            () ->
                cluster.hosts().stream()
                    .allMatch(host ->
                        cluster.node(host).coordinator().metadata().table(TABLE_ID) != null),
            TimeUnit.SECONDS.toNanos(10));
    if (!everywhere) {
      throw new IllegalStateException("seed " + world.seed() + ": the table is not everywhere");
    }
  }

  /** Has a change made by way of the first node; fails when that cannot be done. */
  void change(MetadataChange change) {
    boolean[] done = new boolean[1];
    SimulatedHost host = cluster.hosts().getFirst();
    attempt(host, change, outcome -> done[0] = outcome == Outcome.OK);
    if (!world.runUntil(() -> done[0], TimeUnit.SECONDS.toNanos(30))) {
      throw new IllegalStateException("seed " + world.seed() + ": " + change + " failed");
    }
  }

  /** Tries a metadata change by way of one node. */
  void attempt(SimulatedHost host, MetadataChange change, Consumer<Outcome> done) {
    RingCoordinator coordinator = cluster.node(host).coordinator();
    Once once = new Once(done);
    cluster
        .shard(host, 0)
        .execute(() ->
            coordinator.change(
                change,
                world.nowNanos() + CLIENT_TIMEOUT_NANOS,
                new Answer<ChangeOutcome>() {
                  @Override
                  public void succeeded(ChangeOutcome outcome) {
                    once.end(
                        outcome instanceof ChangeOutcome.Applied
                                || outcome instanceof ChangeOutcome.Unchanged
                            ? Outcome.OK
                            : Outcome.REFUSED);
                  }

                  @Override
                  public void failed(RequestFailure failure) {
                    once.end(outcome(failure));
                  }
                }));
    world.after(CLIENT_TIMEOUT_NANOS, () -> once.end(Outcome.UNKNOWN));
  }

  /** Truncates the table by way of one node. */
  void truncate(SimulatedHost host, Consumer<Outcome> done) {
    RingCoordinator coordinator = cluster.node(host).coordinator();
    Once once = new Once(done);
    cluster
        .shard(host, 0)
        .execute(() ->
            coordinator.truncate(
                table,
                world.nowNanos() + CLIENT_TIMEOUT_NANOS,
                new Answer<@Nullable Void>() {
                  @Override
                  public void succeeded(@Nullable Void nothing) {
                    once.end(Outcome.OK);
                  }

                  @Override
                  public void failed(RequestFailure failure) {
                    once.end(outcome(failure));
                  }
                }));
    world.after(CLIENT_TIMEOUT_NANOS, () -> once.end(Outcome.UNKNOWN));
  }

  private static byte[] key(int register) {
    return ByteBuffer.allocate(4).putInt(register).array();
  }

  /** Writes a value; {@code done} gets the operation as it went into the history. */
  void write(
      int client,
      SimulatedHost host,
      int register,
      long value,
      ConsistencyLevel level,
      Consumer<Operation> done) {
    byte[] key = key(register);
    byte[] mutation =
        new FragmentWriter()
            .begin(TABLE_ID, Murmur3.token(key), key)
            .beginRow(ROW_KEY)
            .rowLiveness(value)
            .cell(1, null, value, ByteBuffer.allocate(8).putLong(value).array())
            .endRow()
            .finish();
    long begin = world.nowNanos();
    Once once =
        new Once(outcome ->
            record(
                new Operation(
                    client,
                    Kind.WRITE,
                    register,
                    value,
                    level,
                    host.name(),
                    begin,
                    world.nowNanos(),
                    outcome),
                done));
    if (!cluster.serves(host)) {
      once.end(Outcome.REFUSED);
      return;
    }
    RingCoordinator coordinator = cluster.node(host).coordinator();
    int shard = world.random().nextInt(2);
    cluster
        .shard(host, shard)
        .execute(() ->
            coordinator.write(
                table,
                mutation,
                level,
                world.nowNanos() + TimeUnit.SECONDS.toNanos(1),
                new Answer<@Nullable Void>() {
                  @Override
                  public void succeeded(@Nullable Void nothing) {
                    once.end(Outcome.OK);
                  }

                  @Override
                  public void failed(RequestFailure failure) {
                    once.end(outcome(failure));
                  }
                }));
    world.after(CLIENT_TIMEOUT_NANOS, () -> once.end(Outcome.UNKNOWN));
  }

  /** Reads a register. */
  void read(
      int client,
      SimulatedHost host,
      int register,
      ConsistencyLevel level,
      Consumer<Operation> done) {
    byte[] key = key(register);
    long begin = world.nowNanos();
    long[] value = new long[1];
    Once once =
        new Once(outcome ->
            record(
                new Operation(
                    client,
                    Kind.READ,
                    register,
                    value[0],
                    level,
                    host.name(),
                    begin,
                    world.nowNanos(),
                    outcome),
                done));
    if (!cluster.serves(host)) {
      once.end(Outcome.REFUSED);
      return;
    }
    RingCoordinator coordinator = cluster.node(host).coordinator();
    PartitionRead read =
        new PartitionRead(table, Murmur3.token(key), key, ReadLimits.all(1_800_000_000L));
    cluster
        .shard(host, world.random().nextInt(2))
        .execute(() ->
            coordinator.read(
                read,
                level,
                world.nowNanos() + TimeUnit.SECONDS.toNanos(2),
                new Answer<ReadResult>() {
                  @Override
                  public void succeeded(ReadResult result) {
                    value[0] = value(result.fragment());
                    once.end(Outcome.OK);
                  }

                  @Override
                  public void failed(RequestFailure failure) {
                    once.end(outcome(failure));
                  }
                }));
    world.after(CLIENT_TIMEOUT_NANOS, () -> once.end(Outcome.UNKNOWN));
  }

  static long value(byte[] fragment) {
    FragmentReader entries = new FragmentReader().reset(fragment);
    RowReader row = new RowReader();
    while (true) {
      switch (entries.next()) {
        case END -> {
          return 0;
        }
        case ROW -> {
          if (entries.row(row).nextCell()) {
            return ByteBuffer.wrap(row.bytes()).getLong(row.valueOffset());
          }
        }
        case RANGE_TOMBSTONE -> {
          // Nothing here deletes.
        }
      }
    }
  }

  private static Outcome outcome(RequestFailure failure) {
    return switch (failure) {
      case RequestFailure.Unavailable f -> Outcome.REFUSED;
      case RequestFailure.Overloaded f -> Outcome.REFUSED;
      case RequestFailure.Invalid f -> Outcome.REFUSED;
      case RequestFailure.MetadataUnavailable f -> Outcome.REFUSED;
      case RequestFailure.WriteTimeout f -> Outcome.UNKNOWN;
      case RequestFailure.ReadTimeout f -> Outcome.UNKNOWN;
      case RequestFailure.WriteFailure f -> Outcome.UNKNOWN;
      case RequestFailure.ReadFailure f -> Outcome.UNKNOWN;
      case RequestFailure.TruncateFailed f -> Outcome.UNKNOWN;
      case RequestFailure.MetadataUnknown f -> Outcome.UNKNOWN;
    };
  }

  private void record(Operation operation, Consumer<Operation> done) {
    history.add(operation);
    world.mix(operation.value() * 31 + operation.outcome().name().hashCode());
    done.accept(operation);
  }

  /** Passes on the first end of an operation: the answer or the client's timeout. */
  private static final class Once {
    private @Nullable Consumer<Outcome> done;

    Once(Consumer<Outcome> done) {
      this.done = done;
    }

    void end(Outcome outcome) {
      Consumer<Outcome> waiting = done;
      done = null;
      if (waiting != null) {
        waiting.accept(outcome);
      }
    }
  }
}
