package io.quorate.node;

import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Receivers.Fetch;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TokenAllocation;
import io.quorate.coordinator.metadata.TokenRing;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Endpoint;
import io.quorate.sstable.StorageEngine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What a change of ownership would do, worked out by the very step that begins one, applied to the
 * metadata and thrown away. How many bytes would move is estimated from the tables of the node that
 * is asked: its bytes of a table for its share of the ring.
 */
final class OwnershipPlan {
  private static final UUID NEW_NODE = new UUID(-1, -1);
  private static final String NEW_NODE_NAME = "new node";

  private final ClusterMetadata now;
  private final ClusterMetadata begun;
  private final @Nullable String waitsFor;

  private OwnershipPlan(ClusterMetadata now, ClusterMetadata begun, @Nullable String waitsFor) {
    this.now = now;
    this.begun = begun;
    this.waitsFor = waitsFor;
  }

  /**
   * One that has to wait for another is planned as it will be when those under way have ended.
   *
   * @throws IllegalArgumentException when it would be refused, with the reason
   */
  static OwnershipPlan of(ClusterMetadata metadata, MetadataChange.BeginTransition change) {
    String waitsFor = metadata.waitsFor(change);
    ClusterMetadata now = waitsFor == null ? metadata : metadata.settled();
    return switch (now.apply(change)) {
      case ChangeOutcome.Applied applied -> new OwnershipPlan(now, applied.metadata(), waitsFor);
      case ChangeOutcome.Invalid invalid -> throw new IllegalArgumentException(invalid.message());
      case ChangeOutcome other -> throw new IllegalArgumentException("it cannot be done: " + other);
    };
  }

  /** A node like the one that is asked, in its data centre and rack, with as many tokens. */
  static OwnershipPlan join(ClusterMetadata now, NodeConfig like) {
    List<Long> tokens =
        TokenAllocation.choose(
            now.nodesAfter(),
            like.datacenter(),
            like.rack(),
            like.numTokens(),
            0,
            now.allocationGoal(like.datacenter()));
    NodeInfo added = newNode(now, like.datacenter(), like.rack(), tokens);
    return of(now, new MetadataChange.BeginTransition(Transition.Kind.JOIN, added, null, false));
  }

  /**
   * A node as it would be in another rack, or with another weight.
   *
   * @param rack null: as it is
   * @param weight how much it owns, where an ordinary node owns 1; null: as it is
   * @param ordinaryTokens how many tokens an ordinary node has
   */
  static NodeInfo moved(
      ClusterMetadata now,
      NodeInfo node,
      @Nullable String rack,
      @Nullable Double weight,
      int ordinaryTokens) {
    List<Long> tokens = node.tokens();
    if (weight != null) {
      if (!(weight > 0 && weight <= 64)) {
        throw new IllegalArgumentException("a weight is above 0 and up to 64, not " + weight);
      }
      int count = (int) Math.max(1, Math.round(weight * ordinaryTokens));
      tokens =
          TokenAllocation.weigh(now.nodes(), node, count, now.allocationGoal(node.datacenter()));
    }
    return node.movedTo(rack == null ? node.rack() : rack, tokens);
  }

  static OwnershipPlan replace(ClusterMetadata now, NodeInfo dead) {
    NodeInfo added = newNode(now, dead.datacenter(), dead.rack(), dead.tokens());
    return of(
        now,
        new MetadataChange.BeginTransition(Transition.Kind.REPLACE, added, dead.hostId(), false));
  }

  /** The nodes that it takes for dead. */
  List<NodeInfo> dead() {
    return begun.transitions().stream()
        .filter(transition -> now.transition(transition.number()) == null)
        .flatMap(transition -> transition.dead().stream())
        .map(now::member)
        .filter(Objects::nonNull)
        .toList();
  }

  private static NodeInfo newNode(
      ClusterMetadata now, String datacenter, String rack, List<Long> tokens) {
    Endpoint nowhere = new Endpoint("new", 1);
    return new NodeInfo(
        NEW_NODE,
        nowhere,
        nowhere,
        datacenter,
        rack,
        ReleaseVersion.COMPATIBLE,
        tokens,
        now.features());
  }

  /** Rows of one keyspace that go from one node to another. */
  private static final class Move {
    private final String keyspace;
    private final String from;
    private final String to;
    private final List<List<String>> ranges = new ArrayList<>();
    private double share;
    private double bytes;

    Move(String keyspace, String from, String to) {
      this.keyspace = keyspace;
      this.from = from;
      this.to = to;
    }

    Object describe() {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("keyspace", keyspace);
      entry.put("from", from);
      entry.put("to", to);
      entry.put("share", share);
      entry.put("bytes", Math.round(bytes));
      entry.put("ranges", ranges);
      return entry;
    }
  }

  /**
   * Adds what moves, and who owns how much before and after, to an answer.
   *
   * @param asked the node whose engine it is
   * @param bytesPerSecond how much a node may fetch; 0 is without limit
   * @param done called when it is complete, on any thread
   */
  void describe(
      StorageEngine engine,
      UUID asked,
      long bytesPerSecond,
      Map<String, @Nullable Object> answer,
      Runnable done) {
    Map<String, Double> bytesOfRing = new TreeMap<>();
    AtomicInteger open = new AtomicInteger(1);
    Runnable one =
        () -> {
          if (open.decrementAndGet() == 0) {
            List<Move> moves = moves(bytesOfRing);
            answer.put("waits_for", waitsFor);
            answer.put("moves", moves.stream().map(Move::describe).toList());
            answer.put("seconds", seconds(moves, bytesPerSecond));
            answer.put("nodes", shares());
            done.run();
          }
        };
    for (KeyspaceMetadata keyspace : now.keyspaces()) {
      double held = heldBy(asked, keyspace.name());
      for (TableMetadata table : held > 0 ? keyspace.tables().values() : List.<TableMetadata>of()) {
        open.incrementAndGet();
        engine.tableStats(
            table.id(),
            stats -> {
              if (stats != null) {
                double whole = (stats.memtableBytes() + stats.diskBytes()) / held;
                synchronized (bytesOfRing) {
                  bytesOfRing.merge(keyspace.name(), whole, Double::sum);
                }
              }
              one.run();
            });
      }
    }
    one.run();
  }

  /** The share of the ring's tokens of which a node is a replica. */
  private double heldBy(UUID hostId, String keyspace) {
    TokenRing ring = now.ring();
    double held = 0;
    for (int range = 0; range < ring.rangeCount(); range++) {
      if (now.replicas(keyspace, ring.token(range)).stream()
          .anyMatch(replica -> replica.hostId().equals(hostId))) {
        held += ring.share(range);
      }
    }
    return held;
  }

  /** How long it takes at most as fast as is allowed: as long as who gets most. */
  private static @Nullable Long seconds(List<Move> moves, long bytesPerSecond) {
    if (bytesPerSecond == 0) {
      return null;
    }
    Map<String, Double> bytes = new TreeMap<>();
    moves.forEach(move -> bytes.merge(move.to, move.bytes, Double::sum));
    double most = bytes.values().stream().mapToDouble(each -> each).max().orElse(0);
    return (long) Math.ceil(most / bytesPerSecond);
  }

  private List<Move> moves(Map<String, Double> bytesOfRing) {
    Map<String, Move> moves = new LinkedHashMap<>();
    for (Fetch fetch : begun.fetches(begun.transitions().getLast())) {
      double share = ((fetch.lastToken() - fetch.firstToken()) >>> 1) / 0x1.0p63;
      for (NodeInfo source : fetch.sources()) {
        String from = name(source.hostId());
        String to = name(fetch.receiver());
        Move move =
            moves.computeIfAbsent(
                fetch.keyspace() + " " + from + " " + to,
                key -> new Move(fetch.keyspace(), from, to));
        move.share += share;
        move.bytes += share * bytesOfRing.getOrDefault(fetch.keyspace(), 0.0);
        move.ranges.add(
            List.of(Long.toString(fetch.firstToken()), Long.toString(fetch.lastToken())));
      }
    }
    return List.copyOf(moves.values());
  }

  private String name(UUID hostId) {
    NodeInfo info = now.node(hostId);
    return info == null ? NEW_NODE_NAME : info.internode().toString();
  }

  private List<Object> shares() {
    Map<UUID, Double> before = now.ring().shares();
    Map<UUID, Double> after = begun.settled().ring().shares();
    List<Object> nodes = new ArrayList<>();
    for (NodeInfo info : begun.members()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("address", name(info.hostId()));
      entry.put("owns", before.getOrDefault(info.hostId(), 0.0));
      entry.put("owns_after", after.getOrDefault(info.hostId(), 0.0));
      nodes.add(entry);
    }
    return nodes;
  }
}
