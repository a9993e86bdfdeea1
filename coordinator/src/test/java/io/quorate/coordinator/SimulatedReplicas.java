package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.coordinator.Coordinator.TableMutation;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Messaging;
import io.quorate.environment.Shard;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.Murmur3;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.sstable.EngineOptions;
import io.quorate.sstable.FragmentReader;
import io.quorate.sstable.FragmentWriter;
import io.quorate.sstable.Mutation;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadLimits;
import io.quorate.sstable.ReadResult;
import io.quorate.sstable.StorageEngine;
import io.quorate.sstable.TableSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The request path of some nodes on simulated hosts, from the coordinator down to the storage
 * engine, without gossip and Raft: who is alive and who knows which metadata is what a test says.
 * Node {@code i} stands in data centre {@code dci}, counted from 1.
 */
final class SimulatedReplicas {
  static final UUID TABLE_ID = new UUID(1, 2);
  private static final TableMetadata TABLE =
      new TableMetadata(
          TABLE_ID,
          "ks",
          "t",
          List.of(
              new ColumnMetadata("k", Scalar.INT, ColumnMetadata.Kind.PARTITION_KEY, 0, false, 0),
              new ColumnMetadata("v", Scalar.BIGINT, ColumnMetadata.Kind.REGULAR, -1, false, 1)),
          List.of(),
          2,
          TableOptions.DEFAULT);
  private static final byte[] ROW_KEY = {0x40};
  static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How old a batch must be to be taken for left behind. */
  static final long BATCH_AGE_NANOS = TimeUnit.SECONDS.toNanos(9);

  final SimulatedWorld world = new SimulatedWorld(1);
  final List<Peer> peers = new ArrayList<>();
  final Set<UUID> dead = new TreeSet<>();
  private ClusterMetadata metadata = ClusterMetadata.EMPTY;
  private long micros = 1_000;

  /** One life of one node. */
  final class Peer {
    final SimulatedHost host;
    final NodeInfo info;
    final SettableRing ring;
    final RingCoordinator coordinator;
    final LocalReplica local;
    final HintDelivery hintDelivery;
    final BatchLog batchLog;
    final List<UUID> hinted = new ArrayList<>();
    private final Environment environment;
    private final StorageEngine engine;

    Peer(SimulatedHost host, NodeInfo info) throws IOException {
      this.host = host;
      this.info = info;
      environment = host.boot();
      ring = new SettableRing(environment, metadata);
      Internode internode = new Internode(environment, () -> ring.metadata().epoch());
      engine =
          StorageEngine.open(environment, Path.of("/data"), Murmur3::token, EngineOptions.DEFAULT);
      TableSettings settings = TableSettings.DEFAULT.withGcGraceSeconds(0);
      for (UUID table : List.of(TABLE_ID, BatchLog.TABLE)) {
        EngineWork work = new EngineWork();
        engine.createTable(table, settings, work);
        work.await();
      }
      local = new LocalReplica(environment.shards(), engine);
      batchLog = new BatchLog(environment, local, BATCH_AGE_NANOS);
      hintDelivery =
          new HintDelivery(
              info.hostId(), environment.clock(), ring, internode, local, node -> true);
      new ReplicaService(info.hostId(), ring, local).handleRequests(internode);
      coordinator =
          new RingCoordinator(
              info.hostId(),
              info.datacenter(),
              environment.clock(),
              ring,
              internode,
              local,
              batchLog,
              (target, mutation, stored) -> hinted.add(target),
              node -> !dead.contains(node));
      environment
          .messaging()
          .start(
              new Messaging.Identity("test", info.internode(), info.internode()),
              internode.receiver());
    }

    long deadline() {
      return world.nowNanos() + TIMEOUT_NANOS;
    }

    Outcome<@Nullable Void> write(int key, ConsistencyLevel level) {
      Outcome<@Nullable Void> outcome = new Outcome<>();
      byte[] mutation = mutation(key);
      onShard(() -> coordinator.write(TABLE, mutation, level, deadline(), outcome));
      return outcome;
    }

    Outcome<@Nullable Void> writeBatch(ConsistencyLevel level, int... keys) {
      Outcome<@Nullable Void> outcome = new Outcome<>();
      List<TableMutation> mutations = new ArrayList<>();
      for (int key : keys) {
        mutations.add(new TableMutation(TABLE, mutation(key)));
      }
      onShard(() -> coordinator.writeBatch(mutations, true, level, deadline(), outcome));
      return outcome;
    }

    /** Delivers a hint; the list says in the end whether it need not be kept. */
    List<Boolean> deliver(int key, Peer target) {
      return deliver(hint(key), target);
    }

    List<Boolean> deliver(byte[] hint, Peer target) {
      List<Boolean> acknowledged = new ArrayList<>();
      onShard(() -> hintDelivery.send(target.info.hostId(), hint, acknowledged::add));
      return acknowledged;
    }

    /** Of a write that is planned now. */
    byte[] hint(int key) {
      ClusterMetadata now = ring.metadata();
      return new HintedMutation(now.epoch(), Mutation.of(mutation(key))).encode(now);
    }

    /** Adopts metadata under which the table was truncated, as a node does: it is done first. */
    void adoptTruncation() {
      truncateOnly();
      ring.adopt(metadata);
    }

    void truncateOnly() {
      long epoch = metadata.truncatedAt(TABLE);
      EngineWork work = new EngineWork();
      engine.truncate(TABLE_ID, epoch, work);
      work.await();
    }

    boolean answersAlone(int key, ConsistencyLevel level) {
      return coordinator.answersAlone(TABLE, token(key), level);
    }

    Outcome<ReadResult> read(int key, ConsistencyLevel level) {
      Outcome<ReadResult> outcome = new Outcome<>();
      onShard(() -> read(key, level, outcome));
      return outcome;
    }

    /** On the calling shard. */
    void read(int key, ConsistencyLevel level, Outcome<ReadResult> outcome) {
      PartitionRead read = new PartitionRead(TABLE, token(key), key(key), limits());
      coordinator.read(read, level, deadline(), outcome);
    }

    Outcome<RangeRows> readAll(ConsistencyLevel level) {
      Outcome<RangeRows> outcome = new Outcome<>();
      RangeRead read =
          new RangeRead(
              TABLE, RangePosition.startOf(Long.MIN_VALUE), Long.MAX_VALUE, limits(), 1_000);
      onShard(() -> coordinator.readRange(read, level, deadline(), outcome));
      return outcome;
    }

    Shard firstShard() {
      return environment.shards().get(0);
    }

    Shard secondShard() {
      return environment.shards().get(1);
    }

    void onShard(Runnable task) {
      firstShard().execute(task);
    }

    /** Whether this node's own disk or memory has the row. */
    boolean has(int key) {
      List<Boolean> found = new ArrayList<>();
      onShard(() ->
          local.read(
              TABLE_ID,
              token(key),
              key(key),
              limits(),
              new Local<>(result -> found.add(hasRows(result.fragment())))));
      world.runUntil(() -> !found.isEmpty(), TIMEOUT_NANOS);
      return found.getFirst();
    }

    int loggedBatches() {
      List<Integer> found = new ArrayList<>();
      onShard(() ->
          local.readRange(
              BatchLog.TABLE,
              RangePosition.startOf(Long.MIN_VALUE),
              Long.MAX_VALUE,
              limits(),
              1_000,
              new Local<>(rows ->
                  found.add(
                      (int)
                          rows.partitions().stream()
                              .filter(partition -> hasRows(partition.fragment()))
                              .count()))));
      world.runUntil(() -> !found.isEmpty(), TIMEOUT_NANOS);
      return found.getFirst();
    }

    /** The disk has all rows, and memory none. */
    Peer flushAndStart() throws IOException {
      EngineWork work = new EngineWork();
      engine.flush(TABLE_ID, work);
      work.await();
      return crashAndStart();
    }

    /** As if the table had been dropped here, and this node did not know. */
    void loseTable() {
      EngineWork work = new EngineWork();
      engine.dropTable(TABLE_ID, work);
      work.await();
    }

    /** The power goes, and comes again. */
    Peer crashAndStart() throws IOException {
      host.crash();
      Peer next = new Peer(host, info);
      peers.set(peers.indexOf(this), next);
      return next;
    }
  }

  /** The end of something that a storage engine does in a while. */
  private final class EngineWork implements Consumer<@Nullable IOException> {
    private final List<String> ended = new ArrayList<>();

    @Override
    public void accept(@Nullable IOException failure) {
      ended.add(String.valueOf(failure));
    }

    void await() {
      world.runUntil(() -> !ended.isEmpty(), TIMEOUT_NANOS);
      assertThat(ended).containsExactly("null");
    }
  }

  /** What a request ended in, if it has. */
  static final class Outcome<T extends @Nullable Object> implements Answer<T> {
    private final List<T> values = new ArrayList<>();
    private final List<RequestFailure> failures = new ArrayList<>();

    @Override
    public void succeeded(T value) {
      values.add(value);
    }

    @Override
    public void failed(RequestFailure failure) {
      failures.add(failure);
    }

    boolean isOpen() {
      return values.isEmpty() && failures.isEmpty();
    }

    T value() {
      assertThat(failures).isEmpty();
      assertThat(values).hasSize(1);
      return values.getFirst();
    }

    RequestFailure failure() {
      assertThat(values).isEmpty();
      assertThat(failures).hasSize(1);
      return failures.getFirst();
    }
  }

  private record Local<T extends @Nullable Object>(Consumer<T> taker) implements LocalAnswer<T> {
    @Override
    public void done(T value) {
      taker.accept(value);
    }

    @Override
    public void refused(String why) {
      throw new AssertionError(why);
    }
  }

  /** Nodes that know each other, and a table whose rows are where {@code replication} says. */
  SimulatedReplicas(int nodes, Replication replication) throws IOException {
    Map<SimulatedHost, NodeInfo> hosts = new LinkedHashMap<>();
    for (int i = 1; i <= nodes; i++) {
      Endpoint endpoint = new Endpoint("n" + i, 7000);
      long token = Long.MIN_VALUE / 2 + (Long.MAX_VALUE / nodes * (i - 1)) * 2;
      NodeInfo info =
          new NodeInfo(
              new UUID(0, i),
              endpoint,
              endpoint,
              "dc" + i,
              "r",
              "v",
              List.of(token),
              Feature.KNOWN);
      hosts.put(world.addHost(endpoint.host(), 2), info);
      change(new MetadataChange.RegisterNode(info));
    }
    change(new MetadataChange.CreateKeyspace(new KeyspaceMetadata("ks", replication, true), false));
    change(new MetadataChange.CreateTable(TABLE, false));
    for (var host : hosts.entrySet()) {
      peers.add(new Peer(host.getKey(), host.getValue()));
    }
  }

  /** The metadata after a change, which no node has heard of yet. */
  ClusterMetadata change(MetadataChange change) {
    ChangeOutcome outcome = metadata.apply(change);
    assertThat(outcome).isInstanceOf(ChangeOutcome.Applied.class);
    metadata = ((ChangeOutcome.Applied) outcome).metadata();
    return metadata;
  }

  /** What a write leaves behind that reached some nodes only, and whose coordinator is gone. */
  void put(int key, Peer... some) {
    byte[] mutation = mutation(key);
    List<String> applied = new ArrayList<>();
    for (Peer one : some) {
      one.onShard(() ->
          one.local.apply(
              Mutation.of(mutation), new Local<>(nothing -> applied.add(one.host.name()))));
    }
    assertThat(world.runUntil(() -> applied.size() == some.length, TIMEOUT_NANOS)).isTrue();
  }

  ClusterMetadata metadata() {
    return metadata;
  }

  Peer peer(int number) {
    return peers.get(number - 1);
  }

  void run(long nanos) {
    world.runFor(nanos);
  }

  /** A key whose first replica is a node. */
  int keyOf(Peer owner, int after) {
    int key = after + 1;
    while (!owner.info.equals(metadata.replicas("ks", token(key)).getFirst())) {
      key++;
    }
    return key;
  }

  /** A key whose first replica is a node, and there a shard. */
  int keyOf(Peer owner, Shard shard) {
    int key = keyOf(owner, 0);
    while (!owner.environment.shards().owner(token(key)).equals(shard)) {
      key = keyOf(owner, key);
    }
    return key;
  }

  private byte[] mutation(int key) {
    micros++;
    return new FragmentWriter()
        .begin(TABLE_ID, token(key), key(key))
        .beginRow(ROW_KEY)
        .rowLiveness(micros)
        .cell(1, null, micros, new byte[8])
        .endRow()
        .finish();
  }

  private ReadLimits limits() {
    return ReadLimits.all(1_800_000_000L);
  }

  static byte[] key(int key) {
    return ByteBuffer.allocate(4).putInt(key).array();
  }

  static long token(int key) {
    return Murmur3.token(key(key));
  }

  static boolean hasRows(byte[] fragment) {
    return new FragmentReader().reset(fragment).next() == FragmentReader.Entry.ROW;
  }
}
