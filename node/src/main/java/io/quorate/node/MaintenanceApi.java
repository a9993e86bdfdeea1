package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TokenRing;
import io.quorate.environment.Environment;
import io.quorate.node.AdminServer.Reply;
import io.quorate.node.AdminServer.Request;
import io.quorate.sstable.CompactionOptions;
import io.quorate.sstable.CompactionStats;
import io.quorate.sstable.Maintenance;
import io.quorate.sstable.StorageTask;
import io.quorate.sstable.TokenRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Compaction and other work on SSTables, for administrators.
 *
 * <pre>
 *   GET  /v1/tasks  /v1/tasks/&lt;id&gt;  /v1/compactionstats
 *   POST /v1/tasks/cancel?id=  /v1/compactionthroughput?mib=
 *   POST /v1/compact  /v1/cleanup  /v1/scrub  /v1/verify  /v1/upgradesstables
 *        ?keyspace=&amp;table=&amp;wait=   with wait=false answered at once, with the tasks' ids
 * </pre>
 */
final class MaintenanceApi {
  private final Environment environment;
  private final Node node;

  MaintenanceApi(Environment environment, Node node) {
    this.environment = environment;
    this.node = node;
  }

  void addTo(AdminServer server) {
    server.get("/v1/tasks", AdminApi.json(request -> tasks()));
    server.get("/v1/tasks/*", AdminApi.json(request -> describe(task(request))));
    server.post("/v1/tasks/cancel", AdminApi.json(this::cancel));
    server.get("/v1/compactionstats", AdminApi.json(request -> stats()));
    server.post("/v1/compactionthroughput", AdminApi.json(this::setThroughput));
    server.post("/v1/compact", each((table, done) -> maintenance().compact(table.id(), done)));
    server.post("/v1/scrub", each((table, done) -> maintenance().scrub(table.id(), done)));
    server.post("/v1/verify", each((table, done) -> maintenance().verify(table.id(), done)));
    server.post(
        "/v1/upgradesstables", each((table, done) -> maintenance().upgrade(table.id(), done)));
    server.post(
        "/v1/cleanup",
        each((table, done) -> maintenance().cleanup(table.id(), owned(table.keyspace()), done)));
  }

  private Maintenance maintenance() {
    return node.assembled().engine().maintenance();
  }

  private ClusterMetadata metadata() {
    return node.assembled().ring().metadata();
  }

  private Object tasks() {
    return node.tasks().all().stream().map(this::describe).toList();
  }

  private Map<String, @Nullable Object> describe(Tasks.Task task) {
    StorageTask work = task.work();
    long nowMicros = environment.clock().wallMicros();
    Map<String, @Nullable Object> entry = new LinkedHashMap<>();
    entry.put("id", task.id());
    entry.put("kind", work.kind().name().toLowerCase(Locale.ROOT));
    String snapshot = work.snapshot();
    entry.put("what", snapshot == null ? tableName(work.tableId()) : snapshot);
    entry.put("state", work.state().name());
    entry.put("done_bytes", work.doneBytes());
    entry.put("total_bytes", work.totalBytes());
    entry.put("started_seconds_ago", (nowMicros - task.startedMicros()) / 1_000_000);
    IOException failure = work.failure();
    entry.put("outcome", failure == null ? work.outcome() : FileFailure.describe(failure));
    Object result = work.result();
    if (result != null) {
      entry.put("result", SnapshotApi.describeResult(result));
    }
    return entry;
  }

  private String tableName(@Nullable UUID id) {
    TableMetadata table = id == null ? null : metadata().table(id);
    return table == null ? String.valueOf(id) : table.keyspace() + "." + table.name();
  }

  private Tasks.Task task(Request request) {
    String text = request.parameter("id");
    if (text == null || !text.matches("[0-9]{1,18}")) {
      throw new IllegalArgumentException("'id' must be the number of a task");
    }
    Tasks.Task task = node.tasks().find(Long.parseLong(text));
    if (task == null) {
      throw new IllegalArgumentException("there is no task " + text);
    }
    return task;
  }

  private Object cancel(Request request) {
    Tasks.Task task = task(request);
    boolean isStream = task.work().kind() == StorageTask.Kind.STREAM;
    if (isStream && !task.isOver() && !node.assembled().rebuild().cancel(task.work())) {
      throw new IllegalArgumentException("that is cancelled by 'nodetool cluster cancel'");
    }
    task.work().cancel();
    return describe(task);
  }

  private Object stats() {
    CompactionStats stats = maintenance().stats();
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("pending", stats.pending());
    answer.put("running", stats.running());
    answer.put("completed", stats.completed());
    answer.put("failed", stats.failed());
    answer.put("read_bytes", stats.readBytes());
    answer.put("written_bytes", stats.writtenBytes());
    answer.put("throughput_bytes_per_second", maintenance().options().bytesPerSecond());
    answer.put(
        "tasks",
        node.tasks().all().stream().filter(task -> !task.isOver()).map(this::describe).toList());
    return answer;
  }

  private Object setThroughput(Request request) {
    String text = request.parameter("mib");
    if (text == null || !text.matches("[0-9]{1,9}")) {
      throw new IllegalArgumentException("'mib' must be a number of MiB a second; 0 is no limit");
    }
    CompactionOptions options = maintenance().options();
    maintenance().configure(options.withBytesPerSecond(Long.parseLong(text) << 20));
    return Map.of("throughput_bytes_per_second", maintenance().options().bytesPerSecond());
  }

  /** The tokens of which this node is a replica. */
  private List<TokenRange> owned(String keyspace) {
    ClusterMetadata metadata = metadata();
    UUID self = node.assembled().identity().hostId();
    if (metadata.node(self) == null || node.state() != NodeState.NORMAL) {
      throw new IllegalArgumentException("this node has not joined the ring");
    }
    if (metadata.isChanging()) {
      // What this node is about to own would be taken for what it does not own.
      throw new IllegalArgumentException(
          "ownership is changing ('nodetool cluster status'): clean up when it has changed");
    }
    TokenRing ring = metadata.ring();
    List<TokenRange> owned = new ArrayList<>();
    for (int range = 0; range < ring.rangeCount(); range++) {
      long last = ring.token(range);
      boolean mine =
          metadata.replicas(keyspace, last).stream().map(NodeInfo::hostId).anyMatch(self::equals);
      if (!mine) {
        continue;
      }
      if (range > 0) {
        owned.add(new TokenRange(ring.token(range - 1) + 1, last));
        continue;
      }
      // The first range begins behind the last token and goes round the end.
      owned.add(new TokenRange(Long.MIN_VALUE, last));
      long highest = ring.token(ring.rangeCount() - 1);
      if (highest != Long.MAX_VALUE) {
        owned.add(new TokenRange(highest + 1, Long.MAX_VALUE));
      }
    }
    return owned;
  }

  private interface Action {
    StorageTask begin(TableMetadata table, Consumer<@Nullable IOException> done);
  }

  private AdminServer.Route each(Action action) {
    return (request, reply) -> {
      List<TableMetadata> tables = AdminApi.wantedTables(metadata(), request);
      boolean waits = !"false".equals(request.parameter("wait"));
      AtomicInteger open = new AtomicInteger(tables.size() + 1);
      List<Long> ids = new ArrayList<>();
      List<StorageTask> begun = new ArrayList<>();
      var shard = environment.shards().currentOrFirst();
      Runnable oneEnded =
          () -> {
            if (open.decrementAndGet() == 0 && waits) {
              shard.execute(() -> reply.accept(outcome(begun, ids)));
            }
          };
      for (TableMetadata table : tables) {
        StorageTask work = action.begin(table, failure -> oneEnded.run());
        begun.add(work);
        Tasks.Task task = node.tasks().of(work);
        if (task != null) {
          ids.add(task.id());
        }
      }
      if (!waits) {
        reply.accept(AdminApi.json(Map.of("tables", tables.size(), "tasks", ids)));
      }
      oneEnded.run();
    };
  }

  private Reply outcome(List<StorageTask> ended, List<Long> ids) {
    List<String> failures = new ArrayList<>();
    for (StorageTask task : ended) {
      if (task.state() != StorageTask.State.DONE) {
        failures.add(tableName(task.tableId()) + ": " + task.state() + ", " + task.outcome());
      }
    }
    return failures.isEmpty()
        ? AdminApi.json(Map.of("tables", ended.size(), "tasks", ids))
        : Reply.error(500, String.join("; ", failures));
  }
}
