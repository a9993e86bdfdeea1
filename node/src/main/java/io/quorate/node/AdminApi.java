package io.quorate.node;

import com.fasterxml.jackson.jr.ob.JSON;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TokenRing;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Environment;
import io.quorate.gossip.Member;
import io.quorate.gossip.Membership;
import io.quorate.hintedhandoff.HintStats;
import io.quorate.node.AdminServer.Reply;
import io.quorate.node.AdminServer.Request;
import io.quorate.protocol.Murmur3;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.InvalidValueException;
import io.quorate.protocol.types.Literals;
import io.quorate.raft.RaftStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What administrators can ask and do, as JSON over HTTP. {@code nodetool} is a client of it. What
 * is done to SSTables stands in {@link MaintenanceApi}.
 *
 * <pre>
 *   GET  /health/live  /health/ready  /metrics
 *   GET  /v1/status  /v1/info  /v1/ring?keyspace=  /v1/describecluster  /v1/gossip
 *   GET  /v1/tables?keyspace=&amp;table=   /v1/endpoints?keyspace=&amp;table=&amp;key=
 *   POST /v1/flush?keyspace=&amp;table=
 *   POST /v1/drain
 * </pre>
 *
 * <p>Snapshots stand at {@link SnapshotApi}, nodes that come and go at {@link OwnershipApi}, the
 * metadata ring at {@link MetadataRingApi}.
 */
final class AdminApi {
  private final Environment environment;
  private final Node node;
  private final long startedNanos;
  private volatile @Nullable Metrics metrics;

  AdminApi(Environment environment, Node node) {
    this.environment = environment;
    this.node = node;
    this.startedNanos = environment.clock().nanos();
  }

  void addTo(AdminServer server) {
    server.get("/health/live", (request, reply) -> reply.accept(live()));
    server.get("/health/ready", (request, reply) -> reply.accept(ready()));
    server.get("/metrics", (request, reply) -> reply.accept(metrics()));
    server.get("/v1/status", json(request -> status()));
    server.get("/v1/info", json(request -> info()));
    server.get("/v1/ring", json(this::ring));
    server.get("/v1/describecluster", json(request -> describeCluster()));
    server.get("/v1/gossip", json(request -> gossip()));
    server.get("/v1/tables", this::tables);
    server.get("/v1/endpoints", json(this::endpoints));
    server.post(
        "/v1/flush", onTables((table, done) -> node.assembled().engine().flush(table.id(), done)));
    new SnapshotApi(environment, node).addTo(server);
    server.post(
        "/v1/drain",
        (request, reply) ->
            node.drain(node.assembled(), onShard(() -> reply.accept(Reply.json("{}")))));
    new MaintenanceApi(environment, node).addTo(server);
    new OwnershipApi(environment, node).addTo(server);
    new MetadataRingApi(node).addTo(server);
  }

  private static Reply live() {
    return Reply.text(200, "live\n");
  }

  /**
   * Ready is joined, serving, and taking writes: an update of the cluster that goes from node to
   * node should not go on past one whose disk is full.
   */
  private Reply ready() {
    NodeState state = node.state();
    if (state != NodeState.NORMAL) {
      return Reply.text(503, "not ready: " + state + "\n");
    }
    String refusal = node.assembled().engine().writeRefusal();
    return refusal == null
        ? Reply.text(200, "ready\n")
        : Reply.text(503, "not ready: writes are refused: " + refusal + "\n");
  }

  private Reply metrics() {
    Metrics known = metrics;
    if (known == null) {
      // Made when somebody asks: not every node is scraped, and starting should be quick.
      known = new Metrics(node, environment);
      metrics = known;
    }
    return new Reply(200, "text/plain; version=0.0.4; charset=utf-8", known.scrape());
  }

  interface Answer {
    Object answer(Request request);
  }

  static AdminServer.Route json(Answer answer) {
    return (request, reply) -> reply.accept(json(answer.answer(request)));
  }

  static Reply json(Object value) {
    try {
      return Reply.json(JSON.std.asString(value) + "\n");
    } catch (IOException e) {
      return Reply.error(500, "the answer cannot be written: " + e.getMessage());
    }
  }

  private Runnable onShard(Runnable task) {
    var shard = environment.shards().currentOrFirst();
    return () -> shard.execute(task);
  }

  private ClusterMetadata metadata() {
    return node.assembled().ring().metadata();
  }

  private Object status() {
    NodeParts parts = node.assembled();
    ClusterMetadata metadata = metadata();
    Map<UUID, Member> members = new TreeMap<>();
    parts.membership().members().forEach(member -> members.put(member.hostId(), member));
    Map<UUID, Double> owned = metadata.ring().shares();
    List<Object> nodes = new ArrayList<>();
    for (NodeInfo info : metadata.members()) {
      Member member = members.get(info.hostId());
      boolean alive = parts.coordinator().isAlive(info.hostId());
      Map<String, @Nullable Object> entry = new LinkedHashMap<>();
      entry.put("host_id", info.hostId().toString());
      entry.put("address", info.internode().toString());
      entry.put("native_address", info.nativeTransport().toString());
      entry.put("datacenter", info.datacenter());
      entry.put("rack", info.rack());
      entry.put("status", alive ? "UP" : "DOWN");
      entry.put("state", state(metadata, info.hostId(), member));
      entry.put("role", info.isWitness() ? "witness" : "data");
      entry.put("load_bytes", member == null ? 0 : member.loadBytes());
      entry.put("metadata_epoch", member == null ? 0 : member.metadataEpoch());
      entry.put("tokens", info.tokens().size());
      entry.put("owns", owned.getOrDefault(info.hostId(), 0.0));
      entry.put("release_version", info.releaseVersion());
      nodes.add(entry);
    }
    RaftStatus raft = parts.raft().status();
    Map<String, @Nullable Object> status = new LinkedHashMap<>();
    status.put("cluster", node.config().clusterName());
    status.put("host_id", parts.identity().hostId().toString());
    status.put("node_state", node.state().name());
    status.put("epoch", metadata.epoch());
    status.put("metadata_leader", raft.leader() == null ? null : raft.leader().toString());
    status.put("nodes", nodes);
    status.put("problems", node.problems());
    return status;
  }

  /** What a node does, as far as it is known: the metadata know who comes and who goes. */
  private static String state(ClusterMetadata metadata, UUID hostId, @Nullable Member member) {
    Transition transition = metadata.transitionOf(hostId);
    if (transition != null) {
      return switch (transition.kind()) {
        case JOIN, REPLACE -> "JOINING";
        case LEAVE, REMOVE -> "LEAVING";
        case MOVE -> "MOVING";
      };
    }
    return member == null ? "UNKNOWN" : member.status().name();
  }

  private Object info() {
    NodeParts parts = node.assembled();
    Runtime runtime = Runtime.getRuntime();
    HintStats hints = parts.hints().stats();
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("host_id", parts.identity().hostId().toString());
    info.put("state", node.state().name());
    info.put("version", ReleaseVersion.OWN);
    info.put("release_version", ReleaseVersion.COMPATIBLE);
    info.put("datacenter", node.config().datacenter());
    info.put("rack", node.config().rack());
    info.put("generation", parts.identity().generation());
    info.put("uptime_seconds", (environment.clock().nanos() - startedNanos) / 1_000_000_000);
    info.put("heap_used_bytes", runtime.totalMemory() - runtime.freeMemory());
    info.put("heap_max_bytes", runtime.maxMemory());
    info.put("shards", environment.shards().count());
    info.put("connections", parts.clients().connectionCount());
    info.put("epoch", metadata().epoch());
    info.put("block_cache_bytes", parts.engine().cachedBytes());
    info.put("replayed_mutations", parts.engine().replayedRecords());
    info.put("digest_mismatches", parts.coordinator().digestMismatches());
    info.put("read_repairs", parts.coordinator().readRepairs());
    Map<String, Object> hinted = new LinkedHashMap<>();
    hinted.put("stored", hints.stored());
    hinted.put("delivered", hints.delivered());
    hinted.put("refused", hints.refused());
    hinted.put("expired", hints.expired());
    hinted.put("pending", hints.targets().stream().mapToLong(HintStats.Target::hints).sum());
    info.put("hints", hinted);
    StorageWatch.Space space = node.watch().space();
    info.put("disk_usable_bytes", space.usableBytes());
    info.put("disk_total_bytes", space.totalBytes());
    info.put("problems", node.problems());
    return info;
  }

  private Object ring(Request request) {
    ClusterMetadata metadata = metadata();
    TokenRing now = metadata.ring();
    TokenRing after = metadata.settled().ring();
    SortedMap<Long, NodeInfo> owners = new TreeMap<>();
    for (int range = 0; range < after.rangeCount(); range++) {
      owners.put(after.token(range), after.owner(range));
    }
    for (int range = 0; range < now.rangeCount(); range++) {
      owners.put(now.token(range), now.owner(range));
    }
    List<Object> tokens = new ArrayList<>();
    owners.forEach((token, owner) -> {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("token", Long.toString(token));
      entry.put("host_id", owner.hostId().toString());
      entry.put("address", owner.internode().toString());
      entry.put("datacenter", owner.datacenter());
      entry.put("rack", owner.rack());
      entry.put("status", node.coordinator().isAlive(owner.hostId()) ? "UP" : "DOWN");
      entry.put("state", state(metadata, owner.hostId(), null));
      String keyspace = request.parameter("keyspace");
      if (keyspace != null) {
        keyspace(metadata, keyspace);
        entry.put(
            "replicas",
            metadata.replicas(keyspace, token).stream()
                .map(replica -> replica.internode().toString())
                .toList());
      }
      tokens.add(entry);
    });
    return tokens;
  }

  private static KeyspaceMetadata keyspace(ClusterMetadata metadata, @Nullable String name) {
    KeyspaceMetadata keyspace = name == null ? null : metadata.keyspace(name);
    if (keyspace == null) {
      throw new IllegalArgumentException("keyspace '" + name + "' does not exist");
    }
    return keyspace;
  }

  private static TableMetadata table(ClusterMetadata metadata, Request request) {
    KeyspaceMetadata keyspace = keyspace(metadata, request.parameter("keyspace"));
    String name = request.parameter("table");
    TableMetadata table = name == null ? null : keyspace.table(name);
    if (table == null) {
      throw new IllegalArgumentException(
          "table '" + keyspace.name() + "." + name + "' does not exist");
    }
    return table;
  }

  private Object describeCluster() {
    ClusterMetadata metadata = metadata();
    Map<String, List<String>> versions = new TreeMap<>();
    Map<UUID, Long> epochs = new TreeMap<>();
    node.assembled()
        .membership()
        .members()
        .forEach(member -> epochs.put(member.hostId(), member.metadataEpoch()));
    for (NodeInfo info : metadata.members()) {
      boolean alive = node.coordinator().isAlive(info.hostId());
      String version = alive ? metadata.schemaVersion().toString() : "UNREACHABLE";
      versions.computeIfAbsent(version, v -> new ArrayList<>()).add(info.internode().toString());
    }
    Map<String, @Nullable Object> cluster = new LinkedHashMap<>();
    cluster.put("name", node.config().clusterName());
    cluster.put("partitioner", "org.apache.cassandra.dht.Murmur3Partitioner");
    cluster.put("epoch", metadata.epoch());
    cluster.put(
        "transitions",
        metadata.transitions().stream()
            .map(each -> each.kind() + " of " + each.node().internode() + ", " + each.step())
            .toList());
    cluster.put("schema_versions", versions);
    cluster.put("features", List.copyOf(metadata.features()));
    cluster.put("features_to_come", featuresToCome(metadata));
    Map<String, Object> keyspaces = new TreeMap<>();
    metadata.keyspaces().forEach(k -> keyspaces.put(k.name(), k.replication().asMap()));
    cluster.put("keyspaces", keyspaces);
    return cluster;
  }

  /** What some nodes know and others do not, by name: those that do not. */
  private static Map<String, List<String>> featuresToCome(ClusterMetadata metadata) {
    Map<String, List<String>> lacking = new TreeMap<>();
    for (NodeInfo knowing : metadata.members()) {
      for (String feature : knowing.features()) {
        if (!metadata.features().contains(feature)) {
          lacking.putIfAbsent(
              feature,
              metadata.members().stream()
                  .filter(node -> !node.features().contains(feature))
                  .map(node -> node.internode().toString())
                  .sorted()
                  .toList());
        }
      }
    }
    return lacking;
  }

  private Object gossip() {
    List<Object> members = new ArrayList<>();
    for (Membership.Report report : node.assembled().membership().reports()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("host_id", report.hostId().toString());
      entry.put("address", report.member() == null ? "" : report.member().endpoint().toString());
      entry.put("alive", report.isAlive());
      entry.put("suspect", report.isSuspect());
      entry.put("phi", report.phi());
      entry.put("generation", report.generation());
      entry.put("heartbeat", report.heartbeat());
      entry.put("attributes", report.lines());
      members.add(entry);
    }
    return members;
  }

  private void tables(Request request, Consumer<Reply> reply) {
    ClusterMetadata metadata = metadata();
    List<TableMetadata> wanted = wantedTables(metadata, request);
    List<Map<String, Object>> stats = new ArrayList<>();
    AtomicInteger open = new AtomicInteger(wanted.size());
    if (wanted.isEmpty()) {
      reply.accept(json(stats));
    }
    Runnable all = onShard(() -> reply.accept(json(stats)));
    for (TableMetadata table : wanted) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("keyspace", table.keyspace());
      entry.put("table", table.name());
      entry.put("id", table.id().toString());
      stats.add(entry);
      node.assembled()
          .engine()
          .tableStats(
              table.id(),
              found -> {
                if (found != null) {
                  entry.put("memtable_bytes", found.memtableBytes());
                  entry.put("sstables", found.tableCount());
                  entry.put("quarantined", found.quarantinedCount());
                  entry.put("disk_bytes", found.diskBytes());
                  entry.put("filter_false_positives", found.filterFalsePositives());
                  entry.put("pending_compactions", found.pendingCompactions());
                  entry.put("estimated_partitions", found.estimatedPartitions());
                  entry.put("tombstones", found.tombstones());
                }
                if (open.decrementAndGet() == 0) {
                  all.run();
                }
              });
    }
  }

  /** The tables that a request names: all, a keyspace's or one. */
  static List<TableMetadata> wantedTables(ClusterMetadata metadata, Request request) {
    if (request.parameter("table") != null) {
      return List.of(table(metadata, request));
    }
    List<TableMetadata> tables = new ArrayList<>();
    String only = request.parameter("keyspace");
    if (only != null) {
      tables.addAll(keyspace(metadata, only).tables().values());
    } else {
      metadata.keyspaces().forEach(keyspace -> tables.addAll(keyspace.tables().values()));
    }
    return tables;
  }

  private Object endpoints(Request request) {
    ClusterMetadata metadata = metadata();
    TableMetadata table = table(metadata, request);
    String key = request.parameter("key");
    if (key == null) {
      throw new IllegalArgumentException("parameter 'key' is missing");
    }
    byte[] bytes = partitionKey(table, key);
    long token = Murmur3.token(bytes);
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("token", Long.toString(token));
    answer.put("key", HexFormat.of().formatHex(bytes));
    answer.put(
        "replicas",
        metadata.replicas(table.keyspace(), token).stream()
            .map(replica -> replica.nativeTransport().toString())
            .toList());
    return answer;
  }

  /** Parses a key as {@code nodetool getendpoints} takes it: components with a colon between. */
  private static byte[] partitionKey(TableMetadata table, String text) {
    List<byte[]> components = new ArrayList<>();
    int count = table.partitionKey().size();
    String[] texts = count == 1 ? new String[] {text} : text.split(":", count);
    if (texts.length != count) {
      throw new IllegalArgumentException(
          "the partition key has " + count + " components, with ':' between them");
    }
    for (int i = 0; i < count; i++) {
      if (!(table.partitionKey().get(i).type() instanceof Scalar scalar)) {
        throw new IllegalArgumentException(
            "keys of type " + table.partitionKey().get(i).type() + " cannot be given as text");
      }
      try {
        components.add(Literals.parse(scalar, texts[i]));
      } catch (InvalidValueException e) {
        throw new IllegalArgumentException(e.getMessage(), e);
      }
    }
    return CompositeKey.encode(components);
  }

  private AdminServer.Route onTables(
      BiConsumer<TableMetadata, Consumer<@Nullable IOException>> action) {
    return (request, reply) -> {
      List<TableMetadata> tables = wantedTables(metadata(), request);
      AtomicInteger open = new AtomicInteger(tables.size() + 1);
      List<String> failures = new ArrayList<>();
      Runnable ended =
          onShard(() ->
              reply.accept(
                  failures.isEmpty()
                      ? json(Map.of("tables", tables.size()))
                      : Reply.error(500, String.join("; ", failures))));
      Consumer<@Nullable IOException> one =
          failure -> {
            if (failure != null) {
              synchronized (failures) {
                failures.add(String.valueOf(failure.getMessage()));
              }
            }
            if (open.decrementAndGet() == 0) {
              ended.run();
            }
          };
      tables.forEach(table -> action.accept(table, one));
      one.accept(null);
    };
  }
}
