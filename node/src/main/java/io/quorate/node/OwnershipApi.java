package io.quorate.node;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Environment;
import io.quorate.node.AdminServer.Reply;
import io.quorate.node.AdminServer.Request;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Nodes that come and go, for administrators.
 *
 * <pre>
 *   GET  /v1/transition                 what is under way, and what this node fetches for it
 *   GET  /v1/transition/plan?kind=join|decommission|removenode|replace&amp;node=&amp;force=
 *        &amp;accept_data_loss=; also kind=move&amp;rack=&amp;weight=     of this node
 *   POST /v1/decommission?force=        this node leaves
 *   POST /v1/move?rack=&amp;weight=         this node goes to another rack, or owns more or less
 *   POST /v1/rebuild?source=&amp;keyspace=    this node fetches what it owns from a data centre
 *   POST /v1/removenode?node=&amp;force=&amp;accept_data_loss=
 *        dead ones are taken out; by host id or address, with commas between them
 *   POST /v1/transition/cancel?change=  by its number, or its node; needs none when there is one
 *   POST /v1/transition/skip?node=&amp;change=    a dead node is not waited for
 * </pre>
 *
 * <p>What was begun goes on by itself; {@code /v1/transition} says how far it is.
 */
final class OwnershipApi {
  private final Environment environment;
  private final Node node;

  OwnershipApi(Environment environment, Node node) {
    this.environment = environment;
    this.node = node;
  }

  void addTo(AdminServer server) {
    server.get("/v1/transition", AdminApi.json(request -> transition()));
    server.get("/v1/transition/plan", this::plan);
    server.post("/v1/decommission", this::decommission);
    server.post("/v1/move", this::move);
    server.post("/v1/rebuild", this::rebuild);
    server.post("/v1/removenode", this::remove);
    server.post("/v1/transition/cancel", this::cancel);
    server.post("/v1/transition/skip", this::skip);
  }

  private ClusterMetadata metadata() {
    return node.assembled().ring().metadata();
  }

  private Map<String, @Nullable Object> transition() {
    Map<String, @Nullable Object> answer = new LinkedHashMap<>();
    ClusterMetadata metadata = metadata();
    Map<Long, Streaming.Progress> fetching = node.assembled().transitions().progress();
    answer.put("epoch", metadata.epoch());
    answer.put("state", node.state().name());
    answer.put(
        "transitions",
        metadata.transitions().stream()
            .map(each -> describe(metadata, each, fetching.get(each.number())))
            .toList());
    Streaming.Progress all =
        fetching.values().stream().reduce(Streaming.Progress::and).orElse(null);
    Streaming.Progress progress = all != null ? all : node.assembled().rebuild().progress();
    answer.put("fetching", progress == null ? null : describe(progress));
    return answer;
  }

  private static Object describe(Streaming.Progress progress) {
    Map<String, @Nullable Object> entry = new LinkedHashMap<>();
    entry.put("done_pieces", progress.donePieces());
    entry.put("pieces", progress.pieces());
    entry.put("bytes", progress.bytes());
    entry.put("trouble", progress.trouble());
    return entry;
  }

  private Object describe(
      ClusterMetadata metadata, Transition transition, Streaming.@Nullable Progress fetching) {
    Map<String, @Nullable Object> entry = new LinkedHashMap<>();
    entry.put("number", transition.number());
    entry.put("kind", transition.kind().name());
    entry.put("step", transition.step().name());
    entry.put("node", describe(transition.node()));
    NodeInfo replaced = transition.replaced() == null ? null : metadata.node(transition.replaced());
    entry.put("replaced", replaced == null ? null : describe(replaced));
    entry.put("others", describe(metadata, transition.others()));
    entry.put("awaited", describe(metadata, transition.awaited()));
    entry.put("receivers", describe(metadata, transition.receivers()));
    entry.put("fetching", fetching == null ? null : describe(fetching));
    return entry;
  }

  private List<Object> describe(ClusterMetadata metadata, Collection<UUID> hostIds) {
    return metadata.members().stream()
        .filter(member -> hostIds.contains(member.hostId()))
        .map(this::describe)
        .toList();
  }

  private Object describe(NodeInfo info) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("host_id", info.hostId().toString());
    entry.put("address", info.internode().toString());
    entry.put("status", node.coordinator().isAlive(info.hostId()) ? "UP" : "DOWN");
    entry.put("rack", info.rack());
    entry.put("tokens", info.tokens().size());
    return entry;
  }

  private void plan(Request request, Consumer<Reply> reply) {
    ClusterMetadata now = metadata();
    String kind = String.valueOf(request.parameter("kind"));
    OwnershipPlan plan =
        switch (kind) {
          case "join" -> OwnershipPlan.join(now, node.config());
          case "decommission" ->
              OwnershipPlan.of(
                  now,
                  new MetadataChange.BeginTransition(
                      Transition.Kind.LEAVE, leaving(now, request), null, isForced(request)));
          case "removenode" -> OwnershipPlan.of(now, removal(now, request));
          case "replace" -> OwnershipPlan.replace(now, named(now, request));
          case "move" ->
              OwnershipPlan.of(
                  now,
                  new MetadataChange.BeginTransition(
                      Transition.Kind.MOVE, moved(now, request), null, false));
          default ->
              throw new IllegalArgumentException(
                  "'kind' must be join, decommission, removenode, replace or move");
        };
    Map<String, @Nullable Object> answer = new LinkedHashMap<>();
    answer.put("kind", kind);
    // What it is about must be dead by then: nobody would tell it.
    answer.put(
        "alive",
        plan.dead().stream()
            .filter(dead -> node.coordinator().isAlive(dead.hostId()))
            .map(dead -> dead.internode().toString())
            .toList());
    plan.describe(
        node.assembled().engine(),
        node.assembled().identity().hostId(),
        node.config().streamBytesPerSecond(),
        answer,
        onShard(() -> reply.accept(AdminApi.json(answer))));
  }

  private NodeInfo self(ClusterMetadata now) {
    NodeInfo self = now.node(node.assembled().identity().hostId());
    if (self == null) {
      throw new IllegalArgumentException("this node is not of the cluster");
    }
    return self;
  }

  /** The node that a request names; this one when it names none. */
  private NodeInfo leaving(ClusterMetadata now, Request request) {
    return request.parameter("node") == null ? self(now) : named(now, request);
  }

  /** This node as a request wants it. */
  private NodeInfo moved(ClusterMetadata now, Request request) {
    NodeInfo self = self(now);
    String rack = request.parameter("rack");
    String weight = request.parameter("weight");
    if (rack == null && weight == null) {
      throw new IllegalArgumentException("where to? 'rack', 'weight' or both");
    }
    if (rack != null && (rack.isBlank() || rack.chars().anyMatch(Character::isISOControl))) {
      throw new IllegalArgumentException("'rack' must be printable text");
    }
    Double wanted = null;
    try {
      wanted = weight == null ? null : Double.valueOf(weight);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'weight' is '" + weight + "'; a number is expected", e);
    }
    return OwnershipPlan.moved(now, self, rack, wanted, node.config().numTokens());
  }

  private void move(Request request, Consumer<Reply> reply) {
    NodeInfo moved = moved(metadata(), request);
    begin(new MetadataChange.BeginTransition(Transition.Kind.MOVE, moved, null, false), reply);
  }

  private Runnable onShard(Runnable task) {
    var shard = environment.shards().currentOrFirst();
    return () -> shard.execute(task);
  }

  private static boolean isForced(Request request) {
    return "true".equals(request.parameter("force"));
  }

  /** The node that a request names, by host id, address or endpoint. */
  private static NodeInfo named(ClusterMetadata metadata, Request request) {
    return find(metadata, parameter(request, "node"));
  }

  private static String parameter(Request request, String name) {
    String given = request.parameter(name);
    if (given == null) {
      throw new IllegalArgumentException("parameter '" + name + "' is missing");
    }
    return given;
  }

  /**
   * A node by its host id, address, or address and port.
   *
   * @throws IllegalArgumentException when there is none, or more than one
   */
  static NodeInfo find(ClusterMetadata metadata, String name) {
    List<NodeInfo> found =
        metadata.members().stream()
            .filter(info ->
                info.hostId().toString().equals(name)
                    || info.internode().toString().equals(name)
                    || info.internode().host().equals(name))
            .toList();
    if (found.isEmpty()) {
      throw new IllegalArgumentException("there is no node '" + name + "' in the cluster");
    }
    if (found.size() > 1) {
      throw new IllegalArgumentException(
          "'" + name + "' may be more than one node: give the host id");
    }
    return found.getFirst();
  }

  private void decommission(Request request, Consumer<Reply> reply) {
    ClusterMetadata metadata = metadata();
    NodeInfo self = metadata.node(node.assembled().identity().hostId());
    if (self == null || node.state() != NodeState.NORMAL) {
      reply.accept(Reply.error(409, "this node is " + node.state() + ": only one that serves can"));
      return;
    }
    begin(
        new MetadataChange.BeginTransition(Transition.Kind.LEAVE, self, null, isForced(request)),
        reply);
  }

  private void rebuild(Request request, Consumer<Reply> reply) {
    String source = request.parameter("source");
    if (source == null) {
      throw new IllegalArgumentException("parameter 'source' is missing: a data centre");
    }
    var caller = environment.shards().currentOrFirst();
    node.assembled()
        .rebuild()
        .start(
            source,
            request.parameter("keyspace"),
            task -> {
              Tasks.Task known = Objects.requireNonNull(node.tasks().of(task));
              Reply begun = AdminApi.json(Map.of("tasks", List.of(known.id())));
              caller.execute(() -> reply.accept(begun));
            },
            why -> caller.execute(() -> reply.accept(Reply.error(409, why))),
            () -> {});
  }

  /** Takes the nodes out that a request names. */
  private static MetadataChange.BeginTransition removal(ClusterMetadata now, Request request) {
    List<NodeInfo> gone = new ArrayList<>();
    for (String name : parameter(request, "node").split(",", -1)) {
      NodeInfo found = find(now, name);
      if (!gone.contains(found)) {
        gone.add(found);
      }
    }
    SortedSet<UUID> others = new TreeSet<>();
    gone.subList(1, gone.size()).forEach(other -> others.add(other.hostId()));
    return new MetadataChange.BeginTransition(
        Transition.Kind.REMOVE,
        gone.getFirst(),
        null,
        others,
        isForced(request),
        now.features().contains(Feature.REMOVALS_TOGETHER)
            && "true".equals(request.parameter("accept_data_loss")));
  }

  private void remove(Request request, Consumer<Reply> reply) {
    ClusterMetadata now = metadata();
    MetadataChange.BeginTransition removal = removal(now, request);
    SortedSet<UUID> gone = new TreeSet<>(removal.others());
    gone.add(removal.node().hostId());
    for (UUID hostId : gone) {
      NodeInfo info = now.member(hostId);
      if (info != null && node.coordinator().isAlive(hostId)) {
        reply.accept(
            Reply.error(
                409, info.internode() + " is alive: run 'nodetool decommission' at it instead"));
        return;
      }
    }
    // What an earlier build could not read must not get into the log.
    if (now.apply(removal) instanceof ChangeOutcome.Invalid invalid) {
      reply.accept(Reply.error(409, invalid.message()));
      return;
    }
    begin(removal, reply);
  }

  private void cancel(Request request, Consumer<Reply> reply) {
    Transition now = named(metadata(), metadata().transitions(), request.parameter("change"));
    change(new MetadataChange.CancelTransition(now.number()), this::transition, reply);
  }

  /**
   * The change that a request means.
   *
   * @param name its number, or its node by host id, address or endpoint; null when there is but one
   * @throws IllegalArgumentException when there is none, or it may be more than one
   */
  private static Transition named(
      ClusterMetadata metadata, List<Transition> candidates, @Nullable String name) {
    if (candidates.isEmpty()) {
      throw new IllegalArgumentException("no change of ownership is under way");
    }
    if (name == null) {
      if (candidates.size() > 1) {
        throw new IllegalArgumentException(
            "which one? "
                + candidates.stream().map(OwnershipApi::name).collect(Collectors.joining(", ")));
      }
      return candidates.getFirst();
    }
    for (Transition transition : candidates) {
      if (Long.toString(transition.number()).equals(name)) {
        return transition;
      }
    }
    NodeInfo subject = find(metadata, name);
    return candidates.stream()
        .filter(transition -> transition.node().hostId().equals(subject.hostId()))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "no change of ownership of " + subject.internode() + " is under way"));
  }

  private static String name(Transition transition) {
    return transition.number()
        + " ("
        + transition.kind()
        + " of "
        + transition.node().internode()
        + ")";
  }

  /**
   * Says for a node that is dead that it knows the step, so that the others can go on. When it
   * comes back it finds itself behind, and is refused until it has caught up.
   */
  private void skip(Request request, Consumer<Reply> reply) {
    ClusterMetadata metadata = metadata();
    NodeInfo dead = named(metadata, request);
    List<Transition> waiting =
        metadata.transitions().stream()
            .filter(transition -> transition.awaited().contains(dead.hostId()))
            .toList();
    if (waiting.isEmpty()) {
      throw new IllegalArgumentException(dead.internode() + " is not waited for");
    }
    Transition now = named(metadata, waiting, request.parameter("change"));
    if (now.step() == Transition.Step.WRITE_BOTH) {
      throw new IllegalArgumentException(
          "rows may have to come from it: cancel it, remove all that are dead together, and begin"
              + " again");
    }
    if (node.coordinator().isAlive(dead.hostId())) {
      reply.accept(Reply.error(409, dead.internode() + " is alive and will answer"));
      return;
    }
    change(
        new MetadataChange.AcknowledgeStep(now.number(), now.step(), dead.hostId()),
        this::transition,
        reply);
  }

  /** Begins a change, and says which one it is. */
  private void begin(MetadataChange.BeginTransition begin, Consumer<Reply> reply) {
    change(
        begin,
        () -> {
          Map<String, @Nullable Object> answer = transition();
          ClusterMetadata metadata = metadata();
          Transition begun = metadata.transitionOf(begin.node().hostId());
          answer.put("begun", begun == null ? null : describe(metadata, begun, null));
          return answer;
        },
        reply);
  }

  private void change(
      MetadataChange change, Supplier<Map<String, @Nullable Object>> done, Consumer<Reply> reply) {
    long patienceNanos = TimeUnit.MILLISECONDS.toNanos(node.config().metadataTimeoutMillis());
    node.assembled()
        .ring()
        .change(
            change,
            environment.clock().nanos() + patienceNanos,
            new Answer<>() {
              @Override
              public void succeeded(ChangeOutcome outcome) {
                reply.accept(
                    switch (outcome) {
                      case ChangeOutcome.Applied applied -> AdminApi.json(done.get());
                      case ChangeOutcome.Unchanged unchanged -> AdminApi.json(done.get());
                      case ChangeOutcome.Invalid invalid -> Reply.error(409, invalid.message());
                      case ChangeOutcome.Conflict conflict ->
                          Reply.error(409, "the cluster has changed meanwhile: try again");
                      case ChangeOutcome.AlreadyExists exists -> Reply.error(409, exists.message());
                    });
              }

              @Override
              public void failed(RequestFailure failure) {
                reply.accept(
                    Reply.error(
                        503,
                        switch (failure) {
                          case RequestFailure.MetadataUnavailable refused -> refused.message();
                          case RequestFailure.MetadataUnknown unknown -> unknown.message();
                          case RequestFailure other -> other.toString();
                        }));
              }
            });
  }
}
