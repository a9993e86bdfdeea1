package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TokenRing;
import io.quorate.cql.SchemaScript;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.node.AdminServer.Reply;
import io.quorate.node.AdminServer.Request;
import io.quorate.sstable.SnapshotExport;
import io.quorate.sstable.SnapshotImport;
import io.quorate.sstable.SnapshotManifest;
import io.quorate.sstable.SnapshotManifest.Origin;
import io.quorate.sstable.SnapshotManifest.TableFiles;
import io.quorate.sstable.Snapshots;
import io.quorate.sstable.Snapshots.Named;
import io.quorate.sstable.StorageTask;
import io.quorate.sstable.TokenRange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Snapshots of this node, as administrators make and move them. Each request is answered when it is
 * done; export, import and verify with {@code wait=false} at once, with the id of the task.
 *
 * <pre>
 *   POST /v1/snapshot?name=&amp;keyspace=&amp;table=&amp;series=&amp;keep=&amp;ttl_seconds=
 *   GET  /v1/snapshots
 *   POST /v1/snapshots/clear?name=  /v1/snapshots/verify?name=
 *   POST /v1/snapshots/export?name=&amp;directory=&amp;since=
 *   POST /v1/snapshots/import?name=&amp;directory=&amp;keyspace=&amp;table=
 * </pre>
 */
final class SnapshotApi {
  private final Environment environment;
  private final Node node;

  SnapshotApi(Environment environment, Node node) {
    this.environment = environment;
    this.node = node;
  }

  void addTo(AdminServer server) {
    server.post("/v1/snapshot", this::create);
    server.get("/v1/snapshots", this::list);
    server.post(
        "/v1/snapshots/clear",
        (request, reply) ->
            snapshots()
                .clear(name(request), answering(reply, cleared -> Map.of("snapshot", cleared))));
    server.post("/v1/snapshots/verify", this::verify);
    server.post("/v1/snapshots/export", this::export);
    server.post("/v1/snapshots/import", this::importFrom);
  }

  private Snapshots snapshots() {
    return node.assembled().engine().snapshots();
  }

  private ClusterMetadata metadata() {
    return node.assembled().ring().metadata();
  }

  /** Replies from the calling shard. */
  private <T> Snapshots.Answer<T> answering(Consumer<Reply> reply, Function<T, Object> body) {
    Shard shard = environment.shards().currentOrFirst();
    return new Snapshots.Answer<>() {
      @Override
      public void succeeded(T value) {
        Object answer = body.apply(value);
        shard.execute(() -> reply.accept(AdminApi.json(answer)));
      }

      @Override
      public void failed(IOException why) {
        shard.execute(() -> reply.accept(Reply.error(500, FileFailure.describe(why))));
      }
    };
  }

  private static String required(Request request, String parameter) {
    String value = request.parameter(parameter);
    if (value == null || value.isEmpty()) {
      throw new IllegalArgumentException("parameter '" + parameter + "' is missing");
    }
    return value;
  }

  /** Names are names of directories. */
  private static String name(Request request) {
    return checkedName(required(request, "name"));
  }

  private static String checkedName(String name) {
    if (!name.matches("[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")) {
      throw new IllegalArgumentException("a name has 1 to 100 letters, digits, '_', '-' and '.'");
    }
    return name;
  }

  private static Path directory(Request request) {
    Path directory = Path.of(required(request, "directory"));
    if (!directory.isAbsolute()) {
      throw new IllegalArgumentException("'directory' must be an absolute path on the node");
    }
    return directory;
  }

  private static long number(Request request, String parameter) {
    String value = request.parameter(parameter);
    try {
      long number = value == null ? 0 : Long.parseLong(value);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + parameter + "' must be a number", e);
    }
    throw new IllegalArgumentException("'" + parameter + "' must not be negative");
  }

  private void create(Request request, Consumer<Reply> reply) {
    ClusterMetadata metadata = metadata();
    Map<UUID, Named> tables = new LinkedHashMap<>();
    for (TableMetadata table : AdminApi.wantedTables(metadata, request)) {
      tables.put(table.id(), new Named(qualified(table), layout(table)));
    }
    String series = Objects.requireNonNullElse(request.parameter("series"), "");
    long keep = number(request, "keep");
    if (keep > 0 && series.isEmpty()) {
      throw new IllegalArgumentException("'keep' counts the snapshots of a 'series': name one");
    }
    snapshots()
        .create(
            new Snapshots.Request(
                name(request),
                series,
                (int) Math.min(keep, Integer.MAX_VALUE),
                TimeUnit.SECONDS.toMillis(number(request, "ttl_seconds")),
                origin(metadata),
                tables),
            answering(reply, SnapshotApi::describe));
  }

  private Origin origin(ClusterMetadata metadata) {
    UUID hostId = node.assembled().identity().hostId();
    NodeInfo own = metadata.node(hostId);
    return new Origin(
        hostId,
        node.config().clusterName(),
        metadata.epoch(),
        own == null ? List.of() : own.tokens(),
        metadata.nodes().stream().map(NodeInfo::hostId).toList(),
        SchemaScript.of(metadata.keyspaces()));
  }

  private static String qualified(TableMetadata table) {
    return table.keyspace() + "." + table.name();
  }

  /** What the bytes of a table's rows mean: which column an id stands for, and how keys compare. */
  private static String layout(TableMetadata table) {
    return table.columns().stream().map(SnapshotApi::layout).collect(Collectors.joining(", "));
  }

  private static String layout(ColumnMetadata column) {
    String place =
        column.isPrimaryKey()
            ? " " + column.position() + (column.descending() ? " desc" : "")
            : " #" + column.id();
    return column.name() + " " + column.type() + " " + column.kind().text() + place;
  }

  private static Map<String, Object> describe(SnapshotManifest manifest) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("snapshot", manifest.name());
    described.put("series", manifest.series());
    described.put("created_millis", manifest.createdMillis());
    described.put("expires_millis", manifest.expiresMillis());
    described.put("epoch", manifest.origin().epoch());
    described.put("tables", manifest.tables().stream().map(TableFiles::name).toList());
    described.put("files", manifest.fileCount());
    described.put("bytes", manifest.bytes());
    return described;
  }

  private void list(Request request, Consumer<Reply> reply) {
    snapshots()
        .list(
            answering(
                reply,
                listed -> {
                  List<Object> all = new ArrayList<>();
                  for (Snapshots.Listed one : listed) {
                    Map<String, Object> entry = new LinkedHashMap<>();
                    SnapshotManifest manifest = one.manifest();
                    entry.put("snapshot", one.name());
                    entry.put("state", manifest == null ? "DAMAGED" : "COMPLETE");
                    if (manifest != null) {
                      entry.putAll(describe(manifest));
                      entry.put("own_bytes", one.ownBytes());
                      entry.put("new_bytes", one.newBytes());
                    }
                    all.add(entry);
                  }
                  return all;
                }));
  }

  private interface LongWork<T> {
    StorageTask begin(Snapshots.Answer<T> answer);
  }

  /** Begins long work; answers when it is over, or at once with the task's id. */
  private <T> void begin(Request request, Consumer<Reply> reply, LongWork<T> work) {
    if (!"false".equals(request.parameter("wait"))) {
      work.begin(answering(reply, SnapshotApi::describeResult));
      return;
    }
    Tasks.Task task = node.tasks().of(work.begin(new Unheard<>()));
    reply.accept(AdminApi.json(Map.of("tasks", task == null ? List.of() : List.of(task.id()))));
  }

  /** What the task itself says in the end, too. */
  private record Unheard<T>() implements Snapshots.Answer<T> {
    @Override
    public void succeeded(T value) {}

    @Override
    public void failed(IOException why) {}
  }

  private void verify(Request request, Consumer<Reply> reply) {
    String name = name(request);
    this.<Snapshots.Verified>begin(request, reply, answer -> snapshots().verify(name, answer));
  }

  private void export(Request request, Consumer<Reply> reply) {
    String name = name(request);
    Path directory = directory(request);
    String given = request.parameter("since");
    String since = given == null ? null : checkedName(given);
    this.<SnapshotExport.Exported>begin(
        request, reply, answer -> snapshots().export(name, directory, since, answer));
  }

  private void importFrom(Request request, Consumer<Reply> reply) {
    ClusterMetadata metadata = metadata();
    SnapshotImport.Request wanted =
        new SnapshotImport.Request(
            directory(request), name(request), wanted(request), name -> target(metadata, name));
    this.<SnapshotImport.Imported>begin(
        request, reply, answer -> snapshots().importFrom(wanted, answer));
  }

  /** What long work on snapshots ended in. */
  static Map<String, Object> describeResult(Object result) {
    Map<String, Object> described = new LinkedHashMap<>();
    switch (result) {
      case Snapshots.Verified verified -> {
        described.put("snapshot", verified.name());
        described.put("problems", verified.problems());
      }
      case SnapshotExport.Exported exported -> {
        described.put("snapshot", exported.name());
        described.put("files", exported.files());
        described.put("bytes", exported.bytes());
        described.put("copied_files", exported.copiedFiles());
        described.put("copied_bytes", exported.copiedBytes());
      }
      case SnapshotImport.Imported imported -> {
        described.put("tables", imported.tables());
        described.put("hosts", imported.hosts().stream().map(UUID::toString).toList());
        described.put("absent_hosts", imported.absentHosts().stream().map(UUID::toString).toList());
        described.put("copied_files", imported.copiedFiles());
        described.put("rewritten_files", imported.rewrittenFiles());
        described.put("missing_files", imported.missingFiles());
        described.put("bytes", imported.bytes());
      }
      default -> throw new IllegalArgumentException("not a result of work on snapshots: " + result);
    }
    return described;
  }

  private static Predicate<String> wanted(Request request) {
    String keyspace = request.parameter("keyspace");
    String table = request.parameter("table");
    if (keyspace == null) {
      return name -> true;
    }
    return table == null
        ? name -> name.startsWith(keyspace + ".")
        : name -> name.equals(keyspace + "." + table);
  }

  private SnapshotImport.@Nullable Target target(ClusterMetadata metadata, String name) {
    for (KeyspaceMetadata keyspace : metadata.keyspaces()) {
      for (TableMetadata table : keyspace.tables().values()) {
        if (qualified(table).equals(name)) {
          return new SnapshotImport.Target(
              table.id(), layout(table), owned(metadata, keyspace.name()));
        }
      }
    }
    return null;
  }

  /** The tokens that this node is a replica of. */
  private List<TokenRange> owned(ClusterMetadata metadata, String keyspace) {
    UUID self = node.assembled().identity().hostId();
    TokenRing ring = metadata.ring();
    List<TokenRange> owned = new ArrayList<>();
    long first = Long.MIN_VALUE;
    while (!ring.isEmpty()) {
      long last = ring.lastTokenOfRange(first);
      if (metadata.ownsAll(self, keyspace, first, last)) {
        owned.add(new TokenRange(first, last));
      }
      if (last == Long.MAX_VALUE) {
        break;
      }
      first = last + 1;
    }
    return owned;
  }
}
